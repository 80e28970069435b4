"""The workers' side of stored jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from corelib.domain.job import AttemptOutcome, Claim, Job, JobRef, JobState
from corelib.ports.job_claims import JobClaims
from corelib.ports.job_flows import JobFlows
from corelib.ports.job_runs import JobRuns
from corelib.ports.job_steering import ALL_JOBS, JobFilter, JobSteering

ANNOUNCED_FOR = timedelta(seconds=30)
"""How long a job that was enqueued without a delay counts as announced: whoever commits it sends a message at once."""

LOST_WORKER = "The lease ended without a word from the worker: it died, or was cut off."
TIME_IS_UP = "The run took longer than the time-out of the job, and its worker did not say so."


class JobStore(JobRuns, JobSteering, JobClaims, JobFlows, Protocol):
    """Claims stored jobs and settles their runs. Every call is one transaction of its own.

    Due times and leases are judged by the clock of the store, so that workers whose clocks differ agree.
    """

    def claim(self, job_id: UUID, *, worker: str | None = None, lease: timedelta | None = None) -> Claim | None:
        """Take a job for one run, which counts as an attempt.

        A job can be claimed while it is pending and due, or running with a lease that has ended. Of many who try at
        the same moment, one gets it; nobody waits.

        Of a job whose lease has ended, the attempt that held it is recorded: as timed out if the time of that run was
        up, else as stalled. If no attempt is left the job is marked dead instead, and if somebody asked to cancel it,
        as cancelled.

        Args:
            job_id: which one.
            worker: who claims, for the record.
            lease: how long the claim holds without a heartbeat; by default as long as the job's time-out, for whoever
                sends no heartbeats.

        Returns:
            The claim, or None if the job cannot be claimed now or does not exist.
        """
        ...

    def retry(
        self,
        claim: Claim,
        *,
        error: str,
        wait: timedelta,
        traceback: str | None = None,
        outcome: AttemptOutcome = AttemptOutcome.FAILED,
    ) -> bool:
        """Put a claimed job back to pending, due after `wait`, and record the attempt.

        One that has no attempt left is marked dead instead, and one that somebody asked to cancel, as cancelled.

        Args:
            claim: that holds the job.
            error: one line.
            wait: from now until the next attempt.
            traceback: for the record.
            outcome: how the attempt ended.

        Returns:
            False if the claim did not hold the job any more; then nothing has changed.
        """
        ...

    def bury(
        self,
        claim: Claim,
        *,
        error: str,
        traceback: str | None = None,
        outcome: AttemptOutcome = AttemptOutcome.FAILED,
    ) -> bool:
        """Mark a claimed job as dead and record the attempt; takes and returns what `retry` does."""
        ...

    def release(self, claim: Claim) -> bool:
        """Hand a claimed job back at once, as if this attempt had not begun; returns as `retry` does."""
        ...

    def put_back(self, job_id: UUID) -> bool:
        """Let a running job whose lease has ended be pending and due, or end it, as `claim` would end it.

        The attempt that held it is recorded as by `claim`. All of that is one transaction: whoever puts a job back and
        dies over it neither holds it nor costs it an attempt.

        Returns:
            Whether it waits for a worker now. False also if its lease has not ended, or others have put it back.
        """
        ...

    def promote(self, job_id: UUID) -> bool:
        """Let a pending job that waits for a later time be due now: a delay or a backoff is cut short.

        Returns:
            False if the job is not pending, is due already, or does not exist; then nothing has changed.
        """
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

    def list(self, *, state: JobState | None = None, which: JobFilter = ALL_JOBS, limit: int = 100) -> Sequence[Job]:
        """Return jobs, oldest first; `JobState.DEAD` is the dead-letter list."""
        ...

    def stream(self, *, state: JobState | None = None, batch: int = 500) -> Iterator[Job]:
        """Go through the jobs, oldest first, in bounded memory."""
        ...

    def count(self, which: JobFilter = ALL_JOBS) -> Mapping[JobState, int]:
        """Return how many jobs are in each state; every state is there, with 0 if it has none.

        Args:
            which: only those.
        """
        ...
