"""What a job handler may know about its own run."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen


@frozen
class JobRun:
    """One run of a job.

    Args:
        job_id: the same in every attempt.
        attempt: 1 in the first run.
        max_attempts: how many runs there are at most.
    """

    job_id: UUID
    attempt: int
    max_attempts: int

    @property
    def idempotency_key(self) -> str:
        """Return the key to send along to outside services, so that a repeated call has no second effect."""
        return str(self.job_id)
