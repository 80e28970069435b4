"""What a job handler may know about its own run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from attrs import define, field, frozen

from corelib.application.jobs.waiting import EndedJob
from corelib.domain.flow_steps import Flow
from corelib.domain.job import Progress
from corelib.domain.job_progress import progress_of
from corelib.errors import JobCancelled, MisuseError


@define
class StopSignal:
    """Tells a run that it is to stop, and why; set by another thread, the first reason stands."""

    reason: str = ""
    _given: threading.Event = field(factory=threading.Event, repr=False)

    @property
    def given(self) -> bool:
        """Return whether the run is to stop."""
        return self._given.is_set()

    def give(self, reason: str) -> None:
        """Ask the run to stop."""
        if not self.given:
            self.reason = reason
            self._given.set()

    def wait(self, seconds: float) -> bool:
        """Wait so long at most, and return whether the run is to stop."""
        return self._given.wait(seconds)


Tell = Callable[[Progress | str], object]


def _nobody(_: Progress | str) -> None:
    """Nobody listens to what the run tells."""


@define
class Pause:
    """What a run waits for before its job is run again; nothing as long as there is no flow."""

    flow: Flow | None = None
    always: bool = False


@frozen
class JobRun:
    """One run of a job.

    Args:
        job_id: the same in every attempt.
        attempt: 1 in the first run.
        max_attempts: how many runs there are at most.
        deadline: when its time is up, by the clock of the store; None if nobody limits it.
        tell: gets each progress and each line of the log; a test may pass `told.append`.
        stage: how often it has waited for jobs that it added itself: 0 before it did.
    """

    job_id: UUID
    attempt: int
    max_attempts: int
    deadline: datetime | None = field(default=None, eq=False)
    _stop: StopSignal = field(factory=StopSignal, eq=False, repr=False)
    _timeout: timedelta | None = field(default=None, eq=False, repr=False)
    _now: Callable[[], float] = field(default=time.monotonic, eq=False, repr=False)
    _tell: Tell = field(default=_nobody, eq=False, repr=False)
    stage: int = field(default=0, eq=False, kw_only=True)
    _children: Callable[[], Sequence[EndedJob]] = field(default=tuple, eq=False, repr=False, kw_only=True)
    _pause: Pause = field(factory=Pause, eq=False, repr=False, init=False)
    _began: float = field(eq=False, repr=False, init=False)

    @_began.default
    def _default_began(self) -> float:
        return self._now()

    @property
    def idempotency_key(self) -> str:
        """Return the key to send along to outside services, so that a repeated call has no second effect."""
        return str(self.job_id)

    def progress(self, done: float, total: float | None = None, text: str | None = None) -> None:
        """Tell how far the run is: a fraction, or so much of a total.

        Others see it within about a second, as `Job.progress`; of many calls in that time the last one counts. It is
        no part of the unit of work, so that it is seen before the commit and stays after a rollback. It costs no
        statement in this thread, and never fails because of the store.

        Args:
            done: from 0 to 1, or of the total.
            total: as far as it is known; it may grow.
            text: what the run does at the moment, 200 characters.

        Raises:
            MisuseError: if a number is negative or no number, or a fraction is more than 1.

        Example: `run.progress(3, 10, "page 3")`
        """
        self._tell(progress_of(done, total, text))

    def log(self, text: str) -> None:
        """Write a line into the log of the job, as `progress` does; `host.jobs.log` and `corelib jobs show` read it.

        The line goes to the host's logger as well. Of a run that writes more than 1,000 lines, the first 900 and the
        last 100 are kept. A line has 1,000 characters at most. Passwords in URLs are replaced.
        """
        self._tell(text)

    def children(self) -> Sequence[EndedJob]:
        """Return the jobs that this one has waited for in its flow, in the order in which they were written.

        Each tells how it ended, and `result(kind)` what its handler returned. In a chain that is the step before, after
        a group all of its members; of a chain within the group, the last step. Where nothing comes before, none.

        They are read from the store anew with each call.

        Example: `sizes = [child.result(Size) for child in run.children() if child.succeeded]`
        """
        return self._children()

    def wait_for(self, flow: Flow, *, always: bool = False) -> None:
        """Add jobs, and run this one again when they have ended, if the handler returns without an error.

        What the handler has written is committed together with the jobs. Until they have ended, the job waits and
        holds no thread and no lease; then its handler is called again with the same payload: `stage` is one more, and
        `children` are these jobs. That is no further attempt, but each stage has the whole time-out. What the handler
        returns before it waits is not kept.

        If one of the jobs fails, this one is cancelled, and waits again when that is retried.

        Args:
            flow: what `chain`, `group` or `step` returned.
            always: run again also if jobs have failed.

        Raises:
            MisuseError: if it waits for a flow already; take `group` for several.
        """
        if self._pause.flow is not None:
            raise MisuseError("A run waits for one flow only.", hint="Put them into one: group(first, second).")
        self._pause.flow, self._pause.always = flow, always

    @property
    def pause(self) -> Pause:
        """Return what it waits for when its handler has returned."""
        return self._pause

    def time_left(self) -> timedelta | None:
        """Return how long the run may still take, never less than nothing; None if nobody limits it.

        By the clock of this machine, so that a call outside can be given a time-out that fits.
        """
        if self._timeout is None:
            return None
        return max(timedelta(0), self._timeout - timedelta(seconds=self._now() - self._began))

    def cancelled(self) -> bool:
        """Return whether the run is to stop: the job was cancelled, its time is up, or the run has lost the job.

        The heartbeat of the worker asks for that; so it is known some seconds later.
        """
        return self._stop.given

    def check_cancelled(self) -> None:
        """Do nothing, unless the run is to stop.

        Raises:
            JobCancelled: if it is; let it pass, so that everything is rolled back.
        """
        if self._stop.given:
            raise JobCancelled(f"The run of the job {self.job_id} is to stop: {self._stop.reason}.")

    def wait(self, duration: timedelta) -> bool:
        """Wait so long, but no longer than until the run is to stop; return whether it is.

        For handlers that poll something outside, in the place of `time.sleep`.
        """
        return self._stop.wait(duration.total_seconds())
