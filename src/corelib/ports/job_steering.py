"""Steering stored jobs by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from attrs import frozen

from corelib.domain.job import JobState
from corelib.domain.job_queues import QueueDepth
from corelib.errors import MisuseError


@frozen
class JobFilter:
    """Which jobs are meant: those that agree with everything that is not None.

    Args:
        queue: that they wait in.
        name: of their handler.
        since: enqueued at this instant or later.
        until: enqueued before this instant.
        flow: that they are part of.

    Raises:
        MisuseError: for an instant without an offset.
    """

    queue: str | None = None
    name: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    flow: UUID | None = None

    def __attrs_post_init__(self) -> None:
        for instant in (self.since, self.until):
            if instant is not None and instant.utcoffset() is None:
                raise MisuseError(
                    f"Jobs cannot be found by {instant}, which has no offset.", hint="Take datetime(..., tzinfo=UTC)."
                )


ALL_JOBS: JobFilter = JobFilter()


class JobSteering(Protocol):
    """What a person or a program decides about jobs. Every call is one short transaction of its own.

    What concerns many is done in portions of at most `limit` jobs, and passes over those that somebody is changing at
    this moment: call again until the answer is 0.
    """

    def cancel(self, job_id: UUID) -> JobState | None:
        """Cancel a job that waits or is parked; ask the run of one that is running to stop.

        A running job may still succeed, if its handler does not look or is done by then. If it fails, or its worker
        dies, it is cancelled instead of retried.

        With a step of a flow that waits, the jobs are cancelled that only it waits for, directly or through others; in
        transactions of their own, after the first.

        Returns:
            CANCELLED if it is cancelled now, RUNNING if its run was asked to stop, None if the job has ended before or
            does not exist.
        """
        ...

    def retry_dead(self, job_id: UUID, *, attempts: int = 1, payload: str | None = None) -> bool:
        """Let a dead or cancelled job be pending and due now.

        Its attempts count on, so that their history stays whole. A step of a flow that has not begun waits again, if
        jobs before it have not ended.

        Args:
            job_id: which one.
            attempts: how many runs it gets beyond those that it has had, at least 1.
            payload: JSON text instead of what it had; nobody looks at it here.

        Returns:
            False if the job is neither dead nor cancelled, or does not exist; then nothing has changed.
        """
        ...

    def retry_many_dead(self, which: JobFilter = ALL_JOBS, *, attempts: int = 1, limit: int = 500) -> int:
        """Let dead jobs be pending and due now, oldest first; return how many."""
        ...

    def discard(self, job_id: UUID) -> bool:
        """Delete a job that waits, is parked, dead or cancelled, and the history of its attempts.

        In a flow it counts as cancelled.

        Returns:
            False if it runs, has succeeded or does not exist; then nothing has changed.
        """
        ...

    def drain(self, queue: str, *, limit: int = 500) -> int:
        """Cancel jobs of a queue that are pending, those with a later due time included; return how many."""
        ...

    def purge(
        self,
        state: JobState,
        *,
        older_than: timedelta,
        beyond: int = 0,
        which: JobFilter = ALL_JOBS,
        limit: int = 500,
    ) -> int:
        """Delete jobs that came to a final state so long ago, with the history of their attempts; return how many.

        Jobs of a flow stay until the whole flow has ended, since those that come later may ask for their results.

        Args:
            state: a final one.
            older_than: since they came to it.
            beyond: leave the newest so many of them alone, by the order in which they were enqueued.
            which: only these jobs.
            limit: at most so many; call again until the answer is smaller.

        Raises:
            MisuseError: if the state is not final, or a number is negative.
        """
        ...

    def depths(self, *, time_limit: timedelta | None = None) -> Sequence[QueueDepth]:
        """Return how many jobs are still to be done, by queue; a queue without such jobs is not there.

        Jobs that have succeeded or were cancelled are not looked at, however many there are.

        Args:
            time_limit: how long that may take; None means no limit.

        Raises:
            PersistenceError: if it took longer.
        """
        ...

    def count_by_queue(self) -> Mapping[str, Mapping[JobState, int]]:
        """Return how many jobs are in each state, by queue; a queue without jobs is not there, nor a state."""
        ...
