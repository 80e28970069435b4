"""A stored job as a test looks at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from attrs import field, frozen

from corelib.domain.job import Job, JobState

_SHOWN = 10


@frozen
class StoredJob:
    """A job of the store, with its payload as the handler gets it."""

    job: Job
    _decode: Callable[[Job], object] = field(repr=False, eq=False)

    @property
    def id(self) -> UUID:
        """Return the identifier, which is also the idempotency key of all its runs."""
        return self.job.id

    @property
    def name(self) -> str:
        """Return the name of the handler."""
        return self.job.name

    @property
    def queue(self) -> str:
        """Return which workers take it."""
        return self.job.queue

    @property
    def state(self) -> JobState:
        """Return its stage."""
        return self.job.state

    @property
    def attempts(self) -> int:
        """Return how many runs were begun."""
        return self.job.attempts

    @property
    def due_at(self) -> datetime:
        """Return before when it is not to be run."""
        return self.job.due_at

    @property
    def error(self) -> str | None:
        """Return how the last failed run ended."""
        return self.job.error

    @property
    def payload(self) -> object:
        """Return the payload; raises UnknownJob or ValidationFailed if the host cannot read it."""
        return self._decode(self.job)


def listed(jobs: Sequence[Job]) -> str:
    """Return a sentence about jobs that were to have come to an end."""
    lines = [
        f"{job.name} {job.id} in {job.queue} is {job.state.value} after {job.attempts} of {job.max_attempts} attempts"
        + (f" ({job.error})" if job.error else "")
        for job in jobs[:_SHOWN]
    ]
    more = f"; and {len(jobs) - _SHOWN} more" if len(jobs) > _SHOWN else ""
    return f"{len(jobs)} did not: {'; '.join(lines)}{more}."
