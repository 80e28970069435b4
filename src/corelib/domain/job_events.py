"""What happens in the lives of jobs, as values for those who watch."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from attrs import frozen


@frozen(kw_only=True)
class JobEvent:
    """Something that has happened to a job; all others are subclasses, so that this one stands for all of them.

    Args:
        job_id: of the job.
        name: under which the job is stored.
        queue: in which it waits.
        attempt: how many runs had begun; of an attempt, which one it is, 1 for the first.
        at: when it happened, by the clock of the store.
        correlation_id: of whoever enqueued the job.
        tenant: on whose data it works; None outside of tenants.
    """

    kind: ClassVar[str] = "unknown"
    """Name of the event where there are no classes: in stored rows, in JSON, in labels."""

    job_id: UUID
    name: str
    queue: str
    attempt: int
    at: datetime
    correlation_id: str
    tenant: str | None = None


@frozen(kw_only=True)
class JobEnqueued(JobEvent):
    """The job is stored, committed, and waits; told again for a unique job that was replaced while it waited.

    Args:
        due_at: not run before this instant.
    """

    kind: ClassVar[str] = "enqueued"
    due_at: datetime


@frozen(kw_only=True)
class JobStarted(JobEvent):
    """A worker has begun to run it.

    Args:
        due_at: since when it could have been run.
        worker: who runs it.
    """

    kind: ClassVar[str] = "started"
    due_at: datetime
    worker: str | None = None

    @property
    def waited(self) -> timedelta:
        """Return how long it has waited since it was due."""
        return max(timedelta(0), self.at - self.due_at)


@frozen(kw_only=True)
class JobProgressed(JobEvent):
    """Its run has told how far it is; what it tells in quick succession is told as one.

    Args:
        done: so much of the total, or a fraction from 0 to 1 without one.
        total: how much there is.
        text: beside the numbers.
    """

    kind: ClassVar[str] = "progressed"
    done: float
    total: float | None = None
    text: str | None = None


@frozen(kw_only=True)
class JobSucceeded(JobEvent):
    """Its handler has returned, and what that wrote is committed.

    Args:
        duration: of the attempt; None if a worker of an earlier version began it.
    """

    kind: ClassVar[str] = "succeeded"
    duration: timedelta | None = None


@frozen(kw_only=True)
class AttemptFailed(JobEvent):
    """An attempt has failed; what comes of the job is told by the next event: retried, dead or cancelled.

    Its subclasses tell of attempts that did not end by themselves; who takes this class gets those as well.

    Args:
        error: one line.
        duration: of the attempt; None if a worker of an earlier version began it.
        worker: who ran it.
    """

    kind: ClassVar[str] = "failed"
    error: str
    duration: timedelta | None = None
    worker: str | None = None


@frozen(kw_only=True)
class AttemptTimedOut(AttemptFailed):
    """An attempt took longer than the time-out of the job."""

    kind: ClassVar[str] = "timed_out"


@frozen(kw_only=True)
class AttemptStalled(AttemptFailed):
    """The lease of an attempt ended without a word: its worker died, or was cut off from the store."""

    kind: ClassVar[str] = "stalled"


@frozen(kw_only=True)
class JobRetried(JobEvent):
    """The job waits again: after a failed attempt, or because somebody has retried a dead one.

    Args:
        due_at: when the next attempt may begin.
        error: how the last attempt ended.
    """

    kind: ClassVar[str] = "retried"
    due_at: datetime
    error: str | None = None


@frozen(kw_only=True)
class JobDead(JobEvent):
    """The job has failed for good, and is a dead letter.

    Args:
        error: how its last attempt ended.
    """

    kind: ClassVar[str] = "dead"
    error: str | None = None


@frozen(kw_only=True)
class JobWasCancelled(JobEvent):
    """The job will not be run any more, since somebody or its handler wanted it so.

    Not to be confused with the error `JobCancelled`, by which a handler stops.

    Args:
        error: how its last attempt ended, if one ran.
    """

    kind: ClassVar[str] = "cancelled"
    error: str | None = None


@frozen(kw_only=True)
class JobParked(JobEvent):
    """A worker could not read the job and has put it aside; the attempt does not count.

    Args:
        error: why.
    """

    kind: ClassVar[str] = "parked"
    error: str | None = None


@frozen(kw_only=True)
class JobHandedBack(JobEvent):
    """A worker that stops has given the job back before the handler ended; the attempt does not count."""

    kind: ClassVar[str] = "handed_back"


JOB_EVENTS: dict[str, type[JobEvent]] = {
    event.kind: event
    for event in (
        JobEnqueued,
        JobStarted,
        JobProgressed,
        JobSucceeded,
        AttemptFailed,
        AttemptTimedOut,
        AttemptStalled,
        JobRetried,
        JobDead,
        JobWasCancelled,
        JobParked,
        JobHandedBack,
    )
}
"""The classes by kind."""
