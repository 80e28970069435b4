"""Jobs in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from attrs import define, evolve

from corelib.domain.job import Claim, Job, JobRef, JobState, NewJob
from corelib.errors import AlreadyExists, LeaseLost
from corelib.ports.clock import Clock
from corelib.ports.job_store import ANNOUNCED_FOR


@define
class _Row:
    job: Job
    token: UUID | None
    wake_at: datetime | None


class MemoryJobStore:
    """Keeps the contract of `corelib.ports.job_store.JobStore` by the clock it is given."""

    def __init__(self, clock: Clock, lock: threading.RLock) -> None:
        self._clock = clock
        self._lock = lock
        self._rows: dict[UUID, _Row] = {}

    def add(self, jobs: Sequence[NewJob]) -> None:
        """Store committed jobs as pending."""
        now = self._clock.now()
        with self._lock:
            self.check_new(jobs)
            for new in jobs:
                self._rows[new.id] = _Row(_pending(new, now), None, now + (new.delay or ANNOUNCED_FOR))

    def check_new(self, jobs: Sequence[NewJob]) -> None:
        """Raise AlreadyExists if one of the identifiers is taken."""
        seen: set[UUID] = set()
        for new in jobs:
            if new.id in self._rows or new.id in seen:
                raise AlreadyExists(f"There is a job with the identifier {new.id} already.")
            seen.add(new.id)

    def check_lease(self, job_id: UUID, token: UUID) -> None:
        """Raise LeaseLost unless the claim with this token holds the job."""
        row = self._rows.get(job_id)
        if row is None or row.token != token:
            raise LeaseLost(f"The job {job_id} is not held by this run any more.")

    def complete(self, job_id: UUID, token: UUID) -> None:
        """Mark a running job as succeeded."""
        with self._lock:
            self.check_lease(job_id, token)
            self._finish(self._rows[job_id], JobState.SUCCEEDED, error=None)

    def claim(self, job_id: UUID) -> Claim | None:
        """Take a job for one run."""
        with self._lock:
            row = self._rows.get(job_id)
            now = self._clock.now()
            if row is None or not _claimable(row.job, now):
                return None
            job = row.job
            if job.attempts >= job.max_attempts:
                self._finish(row, JobState.DEAD, error="the worker was lost in the last attempt")
                return None
            until = now + job.lease
            row.job = evolve(job, state=JobState.RUNNING, attempts=job.attempts + 1, lease_until=until)
            row.token = uuid4()
            row.wake_at = until
            return Claim(row.job, row.token)

    def retry(self, claim: Claim, *, error: str, wait: timedelta) -> bool:
        """Put a claimed job back to pending, or mark it dead if it has no attempt left."""
        if claim.job.attempts >= claim.job.max_attempts:
            return self.bury(claim, error=error)
        with self._lock:
            row = self._held(claim)
            if row is None:
                return False
            due = self._clock.now() + wait
            row.job = evolve(row.job, state=JobState.PENDING, due_at=due, lease_until=None, error=error)
            row.token, row.wake_at = None, due
            return True

    def bury(self, claim: Claim, *, error: str) -> bool:
        """Mark a claimed job as dead."""
        with self._lock:
            row = self._held(claim)
            if row is not None:
                self._finish(row, JobState.DEAD, error=error)
            return row is not None

    def release(self, claim: Claim) -> bool:
        """Hand a claimed job back as if this attempt had not begun."""
        with self._lock:
            row = self._held(claim)
            if row is None:
                return False
            row.job = evolve(row.job, state=JobState.PENDING, attempts=row.job.attempts - 1, lease_until=None)
            row.token, row.wake_at = None, self._clock.now()
            return True

    def wake(self, *, limit: int, again_after: timedelta) -> list[JobRef]:
        """Hand out waiting jobs."""
        with self._lock:
            now = self._clock.now()
            rows = [row for row in self._rows.values() if row.wake_at is not None and row.wake_at <= now]
            rows = sorted(rows, key=lambda row: (row.wake_at, row.job.id))[:limit]
            for row in rows:
                row.wake_at = now + again_after
            return [row.job.ref for row in rows]

    def forget_announcements(self) -> int:
        """Let `wake` hand out every pending job that is due."""
        with self._lock:
            now = self._clock.now()
            rows = [r for r in self._rows.values() if r.job.state is JobState.PENDING and r.job.due_at <= now]
            for row in rows:
                row.wake_at = now
            return len(rows)

    def find(self, job_id: UUID) -> Job | None:
        """Return a job, or None."""
        with self._lock:
            row = self._rows.get(job_id)
            return row.job if row else None

    def list(self, *, state: JobState | None = None, limit: int = 100) -> Sequence[Job]:
        """Return jobs, oldest first."""
        with self._lock:
            jobs = sorted((row.job for row in self._rows.values()), key=lambda job: job.id)
        return [job for job in jobs if state is None or job.state is state][:limit]

    def stream(self, *, state: JobState | None = None, batch: int = 500) -> Iterator[Job]:  # noqa: ARG002 - all is in memory
        """Go through the jobs, oldest first."""
        yield from self.list(state=state, limit=len(self._rows))

    def count(self) -> Mapping[JobState, int]:
        """Count the jobs by state."""
        counts = dict.fromkeys(JobState, 0)
        with self._lock:
            for row in self._rows.values():
                counts[row.job.state] += 1
        return counts

    def _held(self, claim: Claim) -> _Row | None:
        row = self._rows.get(claim.job.id)
        return row if row is not None and row.token == claim.token else None

    def _finish(self, row: _Row, state: JobState, *, error: str | None) -> None:
        row.job = evolve(
            row.job, state=state, finished_at=self._clock.now(), lease_until=None, error=error or row.job.error
        )
        row.token, row.wake_at = None, None


def _pending(new: NewJob, now: datetime) -> Job:
    return Job(
        id=new.id,
        name=new.name,
        queue=new.queue,
        payload=new.payload,
        context=new.context,
        state=JobState.PENDING,
        attempts=0,
        max_attempts=new.max_attempts,
        lease=new.lease,
        enqueued_at=now,
        due_at=now + new.delay,
    )


def _claimable(job: Job, now: datetime) -> bool:
    if job.state is JobState.PENDING:
        return job.due_at <= now
    return job.state is JobState.RUNNING and job.lease_until is not None and job.lease_until <= now
