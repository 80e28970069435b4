"""What a test sees of a host's jobs, and how it has them run: when it says so, and not before."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Concatenate, TypeVar, cast
from uuid import UUID

from attrs import frozen

from corelib.adapters.memory import ManualClock, MemoryStorage
from corelib.application.host import Host
from corelib.application.jobs.description import description_of
from corelib.application.jobs.run_outcome import RunOutcome
from corelib.domain.job import Job, JobRef, JobState
from corelib.errors import MissingExtra, MisuseError, NotFound
from corelib.testing.next_moment import next_moment
from corelib.testing.stored_job import StoredJob, listed

if TYPE_CHECKING:
    from corelib.testing.job_worker import Ran, StubWorker

P = TypeVar("P")

LIMIT = timedelta(seconds=10)
"""How long `run_all` runs jobs before it gives up."""

_PORTION = 100
_KEEP_AWAY = timedelta(minutes=10)


class JobsNotDone(AssertionError):
    """Jobs were left, or did not come to an end in time."""


@frozen
class Jobs:
    """Lists the jobs that a host has stored, and runs them when the test says so.

    Only what was committed is there. Nothing runs by itself, so that a test sees what a use case enqueued before
    anything has come of it. Works with every store that a host may have.

    `run_due` and `run_for` run jobs in the thread of the test, by the store's clock: for unit tests, where that is a
    `ManualClock`. `run_all` runs them in the threads of a Dramatiq worker and waits for nothing: for integration tests.

    It stands in for a worker: as one that starts, it tells the store the limits and the schedules of the host's code.

    Args:
        host: put together with a broker that has no workers: `memory:` or `inprocess:`.
        threads: how many jobs `run_all` runs at a time.
        limit: how long jobs are run before `run_due`, `run_for` and `run_all` give up.

    Example:
        >>> from attrs import frozen
        >>> from corelib import App, job
        >>> from corelib.adapters.memory import ManualClock, MemoryStorage
        >>> from corelib.bootstrap import bootstrap
        >>> @frozen
        ... class Greeting:
        ...     name: str
        >>> @job(queue="mail")
        ... def greet(payload: Greeting) -> None: ...
        >>> clock = ManualClock()
        >>> with bootstrap(App("greeter", jobs=[greet]), clock=clock) as host:
        ...     jobs = Jobs(host)
        ...     _ = host.enqueue(greet, Greeting("Ada"), delay=timedelta(minutes=10))
        ...     print(jobs.enqueued(greet), jobs.run_due())
        ...     clock.advance(timedelta(minutes=10))
        ...     print([outcome.value for outcome in jobs.run_due()])
        ...     jobs.assert_none_left()
        [Greeting(name='Ada')] []
        ['succeeded']
    """

    host: Host
    threads: int = 4
    limit: timedelta = LIMIT

    def __attrs_post_init__(self) -> None:
        self.host.declare()

    def enqueued(self, handler: Callable[Concatenate[P, ...], None]) -> list[P]:
        """Return the payloads of all stored jobs of a handler, oldest first, whatever has become of the jobs."""
        return cast("list[P]", [job.payload for job in self.stored(handler)])

    def stored(
        self,
        kind: Callable[..., object] | str | None = None,
        *,
        queue: str | None = None,
        state: JobState | None = None,
    ) -> list[StoredJob]:
        """Return the stored jobs in any state, oldest first.

        Args:
            kind: only those of this handler, or of this name.
            queue: only those of this queue.
            state: only those in this state; `JobState.DEAD` is the dead-letter list.
        """
        name = description_of(kind).name if callable(kind) else kind
        return [
            StoredJob(job, self.host.payload_of)
            for job in self.host.jobs.stream(state=state)
            if name in (None, job.name) and queue in (None, job.queue)
        ]

    def run_due(self) -> list[RunOutcome]:
        """Run in this thread what is due by the store's clock, until nothing is; return how each run ended.

        Schedules that are due enqueue their jobs first. What jobs enqueue runs too. What waits for a delay, a backoff
        or a limit of its queue stays until the clock has moved on.

        Raises:
            JobsNotDone: if that took longer than the limit, as with a job that enqueues itself for ever.
        """
        return self._run_due(self._patience())

    def run_for(self, duration: timedelta) -> list[RunOutcome]:
        """Let the clock go forward so far, and run on the way what becomes due, each at its moment.

        The clock goes from one moment at which something is due to the next: the due time of a job, the occurrence of a
        schedule, the end of a lease. Nobody sleeps.

        Args:
            duration: by the host's clock.

        Returns:
            How each run ended, in their order.

        Raises:
            MisuseError: unless the host is in memory with a `ManualClock`.
            JobsNotDone: if that took longer than the limit.
        """
        clock = self._clock()
        patience, end = self._patience(), clock.now() + duration
        outcomes = self._run_due(patience)
        while (moment := next_moment(self.host, clock.now())) is not None and moment <= end:
            clock.advance(moment - clock.now())
            outcomes += self._run_due(patience)
        clock.advance(max(end - clock.now(), timedelta(0)))
        return outcomes

    def run_all(self, *, limit: timedelta | None = None) -> list[Ran]:
        """Run what is due until nothing is, jobs that jobs enqueue included, and return every run in its order.

        A job that failed and has attempts left is run again without waiting for its backoff. A job that was enqueued
        with a delay stays until its time has come, or until `promote`.

        Raises:
            JobsNotDone: if that took longer than the limit; it names what was left.
            MissingExtra: if Dramatiq is not installed.
        """
        until = self._patience() if limit is None else time.monotonic() + limit.total_seconds()
        ran: list[Ran] = []
        store, worker = self.host.jobs, self._worker()
        with worker.started():
            while True:
                self._cut_backoffs_short()
                store.forget_announcements()
                refs = store.wake(limit=_PORTION, again_after=_KEEP_AWAY)
                if not refs:
                    return ran
                ran += self._delivered(worker, refs, until)

    def deliver_again(self, job: StoredJob | Job | UUID) -> RunOutcome:
        """Deliver one more message for a job, as brokers do at times, and return what became of it.

        For a job that has succeeded or is dead that has to be `RunOutcome.SKIPPED`.

        Raises:
            JobsNotDone: if it did not come to an end in time.
        """
        stored = self._stored(job)
        worker = self._worker()
        with worker.started():
            (ran,) = self._delivered(worker, [stored.ref], self._patience())
        return ran.outcome

    def promote(self, job: StoredJob | Job | UUID) -> bool:
        """Let a job that was enqueued with a delay be due now; return False if it does not wait."""
        return self.host.jobs.promote(self._stored(job).id)

    def assert_none_left(self) -> None:
        """Make sure that every stored job has succeeded.

        Raises:
            JobsNotDone: if some wait, run or are dead; it names them.
        """
        if left := [job.job for job in self.stored() if job.state is not JobState.SUCCEEDED]:
            raise JobsNotDone(f"Every job was to have succeeded, but {listed(left)}")

    def _patience(self) -> float:
        return time.monotonic() + self.limit.total_seconds()

    def _clock(self) -> ManualClock:
        clock = self.host.clock
        if not isinstance(clock, ManualClock) or not isinstance(self.host.storage, MemoryStorage):
            raise MisuseError(
                f"The time of this host cannot be moved: its clock is a {type(clock).__name__}, "
                f"its store a {type(self.host.storage).__name__}.",
                hint="Put it together in memory, with bootstrap(app, clock=ManualClock()).",
            )
        return clock

    def _run_due(self, patience: float) -> list[RunOutcome]:
        outcomes: list[RunOutcome] = []
        while self.host.fire_due_schedules() + len(ran := self.host.run_due_round()):
            outcomes += ran
            if time.monotonic() > patience:
                raise self._not_done()
        return outcomes

    def _worker(self) -> StubWorker:
        try:
            from corelib.testing.job_worker import StubWorker  # noqa: PLC0415 - an extra
        except ModuleNotFoundError:
            raise MissingExtra("dramatiq", extra="dramatiq", purpose="Running jobs in a test") from None
        return StubWorker(self.host.run_job, threads=self.threads)

    def _cut_backoffs_short(self) -> None:
        for job in self.host.jobs.stream(state=JobState.PENDING):
            if job.attempts:
                self.host.jobs.promote(job.id)

    def _delivered(self, worker: StubWorker, refs: Sequence[JobRef], until: float) -> list[Ran]:
        ran = worker.deliver(refs, until=until)
        if len(ran) < len(refs) or time.monotonic() > until:
            raise self._not_done()
        return ran

    def _not_done(self) -> JobsNotDone:
        unfinished = [job for job in self.host.jobs.stream() if job.state in (JobState.PENDING, JobState.RUNNING)]
        return JobsNotDone(
            f"The jobs were to come to an end in time, but {listed(unfinished)} "
            "Does a handler hang, wait for a lock that the test holds, or enqueue itself for ever?"
        )

    def _stored(self, job: StoredJob | Job | UUID) -> Job:
        identifier = job if isinstance(job, UUID) else job.id
        stored = self.host.jobs.find(identifier)
        if stored is None:
            raise NotFound("job", identifier)
        return stored
