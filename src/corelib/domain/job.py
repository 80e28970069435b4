"""The durable job as a value: one row of the store, whatever stage it is in."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from attrs import frozen

from corelib.domain.context import Context


class JobState(Enum):
    """Stage of a job. Succeeded and dead are final; a dead job stays readable as the dead letter."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    DEAD = "dead"


@frozen
class JobRef:
    """What a broker carries: which job, and the queue it waits in. Never the record itself."""

    id: UUID
    queue: str


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
        lease: how long one run may hold the job before another worker may take it over.
        delay: how long to wait before the first run.
    """

    id: UUID
    name: str
    queue: str
    payload: str
    context: Context
    max_attempts: int = 1
    lease: timedelta = timedelta(minutes=1)
    delay: timedelta = timedelta(0)

    @property
    def ref(self) -> JobRef:
        """Return what the broker carries for this job."""
        return JobRef(self.id, self.queue)


@frozen
class Job:
    """A job as the store holds it.

    Args:
        attempts: runs begun so far.
        due_at: not to be run before this instant.
        lease_until: while running, the instant after which another worker may take it.
        finished_at: when it succeeded or died; None before.
        error: how the last failed attempt ended, one line; None if none failed.
    """

    id: UUID
    name: str
    queue: str
    payload: str
    context: Context
    state: JobState
    attempts: int
    max_attempts: int
    lease: timedelta
    enqueued_at: datetime
    due_at: datetime
    lease_until: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None

    @property
    def ref(self) -> JobRef:
        """Return what the broker carries for this job."""
        return JobRef(self.id, self.queue)


@frozen
class Claim:
    """The right to run a job until its lease ends; `token` is what every later word about the run must show."""

    job: Job
    token: UUID
