"""The durable job as a value: one row of the store, whatever stage it is in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from attrs import field, frozen

from corelib.domain.context import Context
from corelib.domain.flow_place import FlowPlace
from corelib.domain.unique_job import Outcome, UniqueKey

LOWEST_PRIORITY, HIGHEST_PRIORITY = -100, 100


class JobState(Enum):
    """Stage of a job. Succeeded, dead and cancelled are final; a dead job stays readable as the dead letter.

    A parked job is one that no worker could read so far: its name is unknown, or its payload does not fit. A waiting
    one is a step of a flow whose turn has not come: others have to end before.
    """

    WAITING = "waiting"
    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    DEAD = "dead"
    CANCELLED = "cancelled"
    PARKED = "parked"


FINAL_STATES: frozenset[JobState] = frozenset({JobState.SUCCEEDED, JobState.DEAD, JobState.CANCELLED})
"""States in which a job stays unless somebody changes that by hand."""


class AttemptOutcome(Enum):
    """How an attempt ended, or that it has not."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The handler raised an error."""

    TIMED_OUT = "timed_out"
    """It took longer than the time-out of the job."""

    STALLED = "stalled"
    """Its lease ended without a word: the worker died, or was cut off from the store."""

    CANCELLED = "cancelled"


@frozen
class JobRef:
    """What a broker carries: which job, and the queue it waits in. Never the record itself.

    Args:
        id: which job.
        queue: where it waits.
        stalled: it is running, and its lease has ended; the broker does not carry that.
    """

    id: UUID
    queue: str
    stalled: bool = field(default=False, eq=False)


@frozen
class NewJob:
    """A job as it is enqueued.

    Args:
        id: sorts by time; also the idempotency key towards outside services, since it stays the same in every attempt.
        name: the registered name of the handler.
        queue: which workers take it.
        payload: JSON text that the handler's payload class can be read from.
        context: of the caller; the job runs within a context that follows from it.
        max_attempts: how many runs it gets in all, at least 1.
        timeout: how long one run may take; after that its effects cannot be kept any more.
        delay: how long to wait before the first run.
        priority: of the due jobs of a queue, those with a higher one are run first; from -100 to 100.
        due_at: not to be run before this instant, instead of a delay.
        payload_version: of the payload's class, from 1.
        payload_key: of the object that holds the payload, if it is too large for the row; then the text is empty.
        limit_key: whose jobs the limits of its queue count together with it; None if they count it alone.
        trace: names the span that enqueued it, for whoever traces its runs (see `corelib.ports.tracer`).
        unique: lets others with the same key not be enqueued, by `Transaction.add_unique_job`.
        place: in a flow, by `Transaction.add_flow`; None if it is in none.
    """

    id: UUID
    name: str
    queue: str
    payload: str
    context: Context
    max_attempts: int = 1
    timeout: timedelta = timedelta(minutes=1)
    delay: timedelta = timedelta(0)
    priority: int = 0
    due_at: datetime | None = None
    payload_version: int = 1
    payload_key: str | None = None
    trace: str | None = None
    unique: UniqueKey | None = None
    place: FlowPlace | None = None
    limit_key: str | None = None

    @property
    def ref(self) -> JobRef:
        """Return what the broker carries for this job."""
        return JobRef(self.id, self.queue)

    @property
    def waits(self) -> bool:
        """Return whether it is a step of a flow whose turn has not come; its delay counts from then on."""
        return self.place is not None and self.place.waits_at is not None


@frozen
class Progress:
    """How far a run is.

    Args:
        done: of the total; without a total, a fraction from 0 to 1.
        total: as far as the run knows it.
        text: what it does at the moment.
        at: when that was stored.
    """

    done: float
    total: float | None = None
    text: str | None = None
    at: datetime | None = field(default=None, eq=False)

    @property
    def fraction(self) -> float:
        """Return a number from 0 to 1; of nothing to be done, 1."""
        if self.total is None:
            return min(self.done, 1.0)
        return min(self.done / self.total, 1.0) if self.total else 1.0

    def __str__(self) -> str:
        of_total = "" if self.total is None else f" ({self.done:g} of {self.total:g})"
        return f"{self.fraction:.0%}{of_total}{f': {self.text}' if self.text else ''}"


@frozen
class JobResult:
    """What the handler of a job returned, as it is stored.

    Args:
        text: JSON text.
        key: of the object that holds it, if it is too large for the row; then the text is empty.
    """

    text: str = field(repr=False)
    key: str | None = None


@frozen
class Job:
    """A job as the store holds it.

    Args:
        attempts: runs begun so far.
        timeout: how long one run may take.
        due_at: not to be run before this instant.
        lease_until: while running, the instant after which another worker may take it; heartbeats move it on.
        finished_at: when it came to its final state; None before.
        error: how the last failed attempt ended, or why it is parked, one line; None if neither happened.
        worker: who claimed it last, as far as that worker said.
        started_at: when it was claimed last.
        run_until: when the time-out of the last run ends.
        cancel_requested_at: when somebody asked to have it cancelled.
        priority: of the due jobs of a queue, those with a higher one are run first.
        payload_version: of the payload's class when it was enqueued.
        payload_key: of the object that holds the payload; None if the row does.
        trace: names the span that enqueued it; None if nobody traced that.
        progress: what the last run has told last about how far it is; None if it has told nothing.
        limit_key: whose jobs the limits of its queue count together with it.
        result: what the handler returned in the run that succeeded; None if there was none, or it returned None.
        place: in its flow; None if it is in none.
    """

    id: UUID
    name: str
    queue: str
    payload: str
    context: Context
    state: JobState
    attempts: int
    max_attempts: int
    timeout: timedelta
    enqueued_at: datetime
    due_at: datetime
    lease_until: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None
    worker: str | None = None
    started_at: datetime | None = None
    run_until: datetime | None = None
    cancel_requested_at: datetime | None = None
    priority: int = 0
    payload_version: int = 1
    payload_key: str | None = None
    trace: str | None = None
    progress: Progress | None = None
    limit_key: str | None = None
    result: JobResult | None = None
    place: FlowPlace | None = None

    @property
    def ref(self) -> JobRef:
        """Return what the broker carries for this job."""
        return JobRef(self.id, self.queue)


@frozen
class JobAttempt:
    """One run of a job.

    Args:
        job_id: whose.
        attempt: 1 for the first run.
        outcome: how it ended.
        worker: who ran it, as far as that worker said.
        started_at: when it was claimed; None if a worker of an earlier version did that.
        ended_at: when its end was known; None while it runs.
        error: one line; None if it did not fail.
        traceback: of the error; None if there is none.
    """

    job_id: UUID
    attempt: int
    outcome: AttemptOutcome
    worker: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: str | None = None
    traceback: str | None = None


@frozen
class Claim:
    """The right to run a job until its lease ends; `token` is what every later word about the run must show."""

    job: Job
    token: UUID


def history_of(job: Job, recorded: Sequence[JobAttempt]) -> list[JobAttempt]:
    """Return all attempts of a job, of which stores record those that failed.

    What there is to know about one that runs or has succeeded stands in the job itself.
    """
    outcome = _TOLD_BY_THE_JOB.get(job.state)
    if outcome is None:
        return list(recorded)
    last = JobAttempt(job.id, job.attempts, outcome, job.worker, job.started_at, job.finished_at)
    return [*recorded, last]


_TOLD_BY_THE_JOB = {JobState.RUNNING: AttemptOutcome.RUNNING, JobState.SUCCEEDED: AttemptOutcome.SUCCEEDED}


@frozen
class Placed:
    """What stands for a unique job that was to be enqueued.

    Args:
        ref: of the new job, or of the one that was there.
        outcome: which of them it is.
        due: whether a worker may take it at once, as far as is known.
    """

    ref: JobRef
    outcome: Outcome
    due: bool
