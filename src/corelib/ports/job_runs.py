"""The lives of claimed jobs: kept by heartbeats, ended otherwise than by success or a retry."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from corelib.domain.job import Claim, Job, JobAttempt
from corelib.domain.job_progress import JobLogLine, RunReport


class JobRuns(Protocol):
    """What a worker says about the jobs that it holds. Every call is one transaction of its own."""

    def heartbeat(self, claims: Collection[Claim], *, lease: timedelta) -> Mapping[UUID, bool]:
        """Let the leases of running jobs end `lease` from now, but not of those whose time is up.

        It waits for nobody: a job that somebody is changing at this moment, as its own completion does, is left out.

        Args:
            claims: of this worker.
            lease: from now on, by the clock of the store.

        Returns:
            The tokens of the claims that still hold their jobs, each with whether somebody asked to cancel the job.
        """
        ...

    def report(self, reports: Sequence[RunReport], *, patient: bool = False) -> set[UUID]:
        """Write what runs tell about themselves, for others to see while they go on.

        The progress of a run takes the place of that of the run before; its lines come after those.

        Args:
            reports: at most one for each claim.
            patient: wait for whoever is changing these jobs, as a settlement does; otherwise no longer than a second.

        Returns:
            The tokens of the claims that hold their jobs. Of the others nothing was written.

        Raises:
            TransientFailure: if others keep a job, or on some engines the whole store, for too long; then nothing was
                written.
        """
        ...

    def log(self, job_id: UUID, *, limit: int = 1000) -> Sequence[JobLogLine]:
        """Return the last lines that the runs of a job have written, the oldest of them first."""
        ...

    def end_cancelled(self, claim: Claim, *, error: str) -> bool:
        """Mark a claimed job as cancelled, whether or not somebody asked for that.

        Returns:
            False if the claim did not hold the job any more; then nothing has changed.
        """
        ...

    def park(self, claim: Claim, *, reason: str) -> bool:
        """Put a claimed job aside, as if this attempt had not begun, since this worker cannot read it.

        A worker that can will find it by `parked`.

        Returns:
            False if the claim did not hold the job any more; then nothing has changed.
        """
        ...

    def parked(self, names: Collection[str], *, batch: int = 500) -> Iterator[Job]:
        """Go through the parked jobs of these names, oldest first, in bounded memory."""
        ...

    def unpark(self, job_ids: Sequence[UUID]) -> int:
        """Let parked jobs be pending and due now; return how many of them were parked."""
        ...

    def attempts(self, job_id: UUID) -> Sequence[JobAttempt]:
        """Return the attempts of a job, the first one first.

        An attempt that was handed back, or found that it could not read the job, is not there: it does not count.
        """
        ...
