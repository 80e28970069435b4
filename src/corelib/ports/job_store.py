"""The workers' side of stored jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from corelib.domain.job import Claim, Job, JobRef, JobState

ANNOUNCED_FOR = timedelta(seconds=30)
"""How long a job that was enqueued without a delay counts as announced: whoever commits it sends a message at once."""


class JobStore(Protocol):
    """Claims stored jobs and settles their runs. Every call is one transaction of its own.

    Due times and leases are judged by the clock of the store, so that workers whose clocks differ agree.
    """

    def claim(self, job_id: UUID) -> Claim | None:
        """Take a job for one run, which counts as an attempt; the lease is as long as the job says.

        A job can be claimed while it is pending and due, or running with a lease that has ended. Of many who try at
        the same moment, one gets it; nobody waits.

        A job whose lease ended in its last attempt is marked dead instead: its worker died, and no attempt is left.

        Returns:
            The claim, or None if the job cannot be claimed now or does not exist.
        """
        ...

    def retry(self, claim: Claim, *, error: str, wait: timedelta) -> bool:
        """Put a claimed job back to pending, due after `wait`; one that has no attempt left is marked dead instead.

        Returns:
            False if the claim did not hold the job any more; then nothing has changed.
        """
        ...

    def bury(self, claim: Claim, *, error: str) -> bool:
        """Mark a claimed job as dead; returns as `retry` does."""
        ...

    def release(self, claim: Claim) -> bool:
        """Hand a claimed job back at once, as if this attempt had not begun; returns as `retry` does."""
        ...

    def wake(self, *, limit: int, again_after: timedelta) -> list[JobRef]:
        """Return jobs that wait for a worker and that no broker message may be under way for.

        These are pending jobs that are due and running jobs whose lease has ended. A job that was handed out stays away
        until `again_after` is over, a job that was enqueued without a delay for `ANNOUNCED_FOR`. Each is handed to one
        caller, oldest first.

        Args:
            limit: at most so many, 1 or more.
            again_after: how long the others keep away from what is handed out now.
        """
        ...

    def forget_announcements(self) -> int:
        """Let `wake` hand out every pending job that is due, also if it was enqueued or handed out only just now.

        For a broker that has lost its messages or starts empty.

        Returns:
            How many jobs that concerns.
        """
        ...

    def find(self, job_id: UUID) -> Job | None:
        """Return a job in any state, or None."""
        ...

    def list(self, *, state: JobState | None = None, limit: int = 100) -> Sequence[Job]:
        """Return jobs, oldest first; `JobState.DEAD` is the dead-letter list."""
        ...

    def stream(self, *, state: JobState | None = None, batch: int = 500) -> Iterator[Job]:
        """Go through the jobs, oldest first, in bounded memory."""
        ...

    def count(self) -> Mapping[JobState, int]:
        """Return how many jobs are in each state; every state is there, with 0 if it has none."""
        ...
