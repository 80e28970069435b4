"""Waiting for the end of a job, from whatever process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from attrs import field, frozen

from corelib.application import open_units
from corelib.application.jobs.results import Results
from corelib.domain.job import FINAL_STATES, Job, JobState
from corelib.errors import JobFailed, MisuseError, NotFound, ServerUnreachable, TransientFailure, WaitTimedOut
from corelib.ports.job_store import JobStore

T = TypeVar("T")

FIRST_PAUSE = 0.02
LONGEST_PAUSE = 1.0
"""Seconds between two questions to the store; so late the end of a job is known that ran in another process."""
GROWTH = 1.5

Pause = Callable[[threading.Event, float], object]


@frozen
class EndedJob:
    """What is known of a job that has ended.

    Args:
        job: as the store has it.
    """

    job: Job
    _results: Results = field(repr=False, eq=False)

    @property
    def state(self) -> JobState:
        """Return how it ended: SUCCEEDED, DEAD or CANCELLED."""
        return self.job.state

    @property
    def succeeded(self) -> bool:
        """Return whether it succeeded."""
        return self.job.state is JobState.SUCCEEDED

    @property
    def error(self) -> str | None:
        """Return how its last failed attempt ended, one line; also of a job that succeeded after that."""
        return self.job.error

    @property
    def has_result(self) -> bool:
        """Return whether its handler returned something else than None."""
        return self.job.result is not None

    def check(self) -> None:
        """Make sure that it has succeeded.

        Raises:
            JobFailed: if it is dead or cancelled.
        """
        if not self.succeeded:
            raise JobFailed(self.job.name, self.job.id, state=self.job.state.value, error=self.job.error)

    def result(self, kind: type[T]) -> T:
        """Return what the handler returned, as a `kind`.

        Raises:
            JobFailed: if the job is dead or cancelled.
            ResultMissing: if the handler returned nothing.
            ValidationFailed: if what it returned is not a `kind`.
        """
        self.check()
        return self._results.read(self.job, kind)


class EndedHere:
    """Wakes those who wait for a job when a run of it has ended in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[UUID, list[threading.Event]] = {}

    @contextmanager
    def watched(self, job_id: UUID) -> Iterator[threading.Event]:
        """Give an event that is set whenever a run of the job ends within the block."""
        event = threading.Event()
        with self._lock:
            self._waiting.setdefault(job_id, []).append(event)
        try:
            yield event
        finally:
            with self._lock:
                self._waiting[job_id].remove(event)
                if not self._waiting[job_id]:
                    del self._waiting[job_id]

    def tell(self, job_id: UUID) -> None:
        """Say that a run has ended."""
        if self._waiting:  # nobody waits as a rule: that costs no lock
            with self._lock:
                for event in self._waiting.get(job_id, ()):
                    event.set()


@frozen
class JobWaiter:
    """Waits for jobs: asks the store again and again, with growing pauses.

    Args:
        store: where the jobs are.
        results: reads what they returned.
        here: tells when a run has ended in this process.
        now: seconds of a clock that never goes back.
        pause: waits for an event, so many seconds at most.
    """

    store: JobStore
    results: Results
    here: EndedHere
    now: Callable[[], float] = time.monotonic
    pause: Pause = threading.Event.wait

    def wait(self, job_id: UUID, timeout: timedelta) -> EndedJob:
        """Return once the job has ended; `Host.wait_for_job` has the rules."""
        if timeout < timedelta(0):
            raise MisuseError(f"A job is to be waited for {timeout}.", hint="Say 0 to look once.")
        if open_units.any_open():
            raise MisuseError(
                f"The job {job_id} was to be waited for within an open unit of work.",
                hint="What that has enqueued is not committed, and what it has locked stays so: wait after its end.",
            )
        with self.here.watched(job_id) as ended:
            return self._wait(job_id, timeout, ended)

    def _wait(self, job_id: UUID, timeout: timedelta, ended: threading.Event) -> EndedJob:
        until, pause = self.now() + timeout.total_seconds(), FIRST_PAUSE
        job = self.store.find(job_id)
        if job is None:
            raise NotFound("job", job_id)
        trouble: Exception | None = None
        while job.state not in FINAL_STATES:
            left = until - self.now()
            if left <= 0:
                raise WaitTimedOut(job.name, job_id, state=job.state.value, waited=timeout) from trouble
            self.pause(ended, min(pause, left))
            ended.clear()
            pause = min(pause * GROWTH, LONGEST_PAUSE)
            try:
                job, trouble = self._found(job_id), None
            except (TransientFailure, ServerUnreachable) as error:  # as while the server starts again
                trouble = error
        return EndedJob(job, self.results)

    def _found(self, job_id: UUID) -> Job:
        job = self.store.find(job_id)
        if job is None:
            error = NotFound("job", job_id)
            error.add_note("It was there when the wait began: somebody has discarded or purged it meanwhile.")
            raise error
        return job
