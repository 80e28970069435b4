"""Jobs in memory."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from uuid import UUID, uuid4

from attrs import evolve

from corelib.adapters.memory.job_keys import MemoryJobKeys
from corelib.adapters.memory.job_rows import is_over
from corelib.adapters.memory.job_runs import MemoryJobRuns
from corelib.adapters.memory.job_steering import MemoryJobSteering, matches
from corelib.adapters.memory.job_table import Row
from corelib.adapters.memory.queue_control import MemoryQueueControl
from corelib.domain.flow import NewFlow
from corelib.domain.job import AttemptOutcome, Claim, Job, JobRef, JobResult, JobState, NewJob
from corelib.domain.job_event_making import attempt_ended, enqueued, handed_back, started, succeeded
from corelib.domain.job_progress import RunReport
from corelib.errors import AlreadyExists, JobCancelled, LeaseLost
from corelib.ports.clock import Clock
from corelib.ports.job_claims import NO_RESULTS, Intake, Turn
from corelib.ports.job_steering import ALL_JOBS, JobFilter
from corelib.ports.job_store import LOST_WORKER, TIME_IS_UP


class MemoryJobStore(MemoryJobRuns, MemoryJobSteering, MemoryJobKeys):
    """Keeps the contract of `corelib.ports.job_store.JobStore` by the clock it is given."""

    def __init__(self, clock: Clock, lock: threading.RLock) -> None:
        super().__init__(clock, lock)
        self._queues = MemoryQueueControl(clock, lock, self.announce)

    @property
    def queues(self) -> MemoryQueueControl:
        """Return what pauses and limits queues."""
        return self._queues

    def add(self, jobs: Sequence[NewJob]) -> None:
        """Store committed jobs as pending."""
        with self._lock:
            self.check_new(jobs)
            for new in jobs:
                self._store(new)
            self._tell(enqueued(jobs, self._clock.now()))

    def check_new(self, jobs: Sequence[NewJob]) -> None:
        """Raise AlreadyExists if one of the identifiers is taken."""
        seen: set[UUID] = set()
        for new in jobs:
            if new.id in self._rows or new.id in seen:
                raise AlreadyExists(f"There is a job with the identifier {new.id} already.")
            seen.add(new.id)

    def check_lease(self, job_id: UUID, token: UUID) -> None:
        """Raise LeaseLost unless the claim with this token holds the job, and the time of its run is not up."""
        row = self._rows.get(job_id)
        if row is None or row.token != token or is_over(row.job.run_until, self._clock.now()):
            raise LeaseLost(f"The job {job_id} is not held by this run any more.")

    def complete_in_transaction(self, job_id: UUID, token: UUID, result: JobResult | None) -> Sequence[JobRef]:
        """Mark a running job as succeeded, and return the jobs of its flow that this releases."""
        with self._lock:
            self.check_lease(job_id, token)
            released: list[JobRef] = []
            self._releasing = released
            try:
                self._succeed(self._rows[job_id], result)
            finally:
                self._releasing = None
            self._tell(succeeded(self._rows[job_id].job, self._clock.now()))
            return released

    def added_to(self, job_id: UUID, token: UUID, flow: NewFlow) -> NewFlow:
        """Return the jobs that a running job is to wait for, as part of its flow.

        Raises:
            LeaseLost: if the claim does not hold the job.
            JobCancelled: if somebody has asked to cancel it.
        """
        self.check_lease(job_id, token)
        job = self._rows[job_id].job
        if job.cancel_requested_at is not None:
            raise JobCancelled(f"The job {job_id} was cancelled before it could wait for others.")
        return self._grown(job.place, flow)

    def suspend(self, job_id: UUID, token: UUID, flow: NewFlow, *, always: bool) -> None:
        """Let a running job wait for jobs that have been added to its flow."""
        with self._lock:
            self.check_lease(job_id, token)
            row = self._rows[job_id]
            self._take_back(row)
            row.token, row.wake_at, row.start_delay = None, None, timedelta(0)
            row.job = evolve(row.job, state=JobState.WAITING, lease_until=None)
            self._let_wait(row, flow, always=always)

    def report_in_transaction(self, report: RunReport) -> None:
        """Take what a run tells."""
        with self._lock:
            self._report(report)

    def claim(self, job_id: UUID, *, worker: str | None = None, lease: timedelta | None = None) -> Claim | None:
        """Take a job for one run."""
        with self._lock:
            row = self._rows.get(job_id)
            now = self._clock.now()
            if row is None or job_id in self._reserved or not _claimable(row.job, now):
                return None
            if row.job.state is JobState.RUNNING and not self._lost(row, now):
                return None
            claim = _begun(row, now, worker, lease)
            self._tell(started([claim.job]))
            return claim

    def claim_due(self, queue: str, *, limit: int, worker: str | None = None, lease: timedelta | None = None) -> Intake:
        """Take the best due jobs of a queue."""
        return self._claim_best(queue, self._is_free, limit, worker, lease)

    def claim_batch(
        self,
        queue: str,
        name: str,
        *,
        limit: int,
        within: timedelta,
        worker: str | None = None,
        lease: timedelta | None = None,
    ) -> Intake:
        """Take the best pending jobs of one name."""

        def wanted(row: Row, now: datetime) -> bool:
            if self._queues.limits_keys(queue):
                return False
            return row.job.name == name and self._is_free(row, now + within)

        return self._claim_best(queue, wanted, limit, worker, lease)

    def _claim_best(
        self,
        queue: str,
        wanted: Callable[[Row, datetime], bool],
        limit: int,
        worker: str | None,
        lease: timedelta | None,
    ) -> Intake:
        with self._lock:
            now = self._clock.now()
            allowed = self._queues.allowed(queue, limit, running=self._running_in(queue))
            if self._queues.limits_keys(queue):
                with closing(self._rows.pending(queue)) as pending:
                    best = [row for row in pending if wanted(row, now)]
                begin = partial(_begun, now=now, worker=worker, lease=lease)
                intake = self._within_keys(queue, best, allowed, limit, begin)
                self._tell(started(claim.job for claim in intake.claims))
                return intake
            with closing(self._rows.pending(queue)) as pending:
                due = list(islice((row for row in pending if wanted(row, now)), max(allowed, 0)))
            self._queues.count(queue, len(due))
            claims = [_begun(row, now, worker, lease) for row in due]
            self._tell(started(claim.job for claim in claims))
            return Intake(claims, held_back=len(due) == allowed < limit)

    def complete(self, claims: Sequence[Claim], results: Mapping[UUID, JobResult] = NO_RESULTS) -> list[bool]:
        """Mark claimed jobs as succeeded."""
        ended = []
        with self._lock:
            for claim in claims:
                row = self._held(claim)
                holds = row is not None and not is_over(row.job.run_until, self._clock.now())
                if row is not None and holds:
                    self._succeed(row, results.get(claim.token))
                    self._tell(succeeded(row.job, self._clock.now()))
                ended.append(holds)
        return ended

    def take_turns(
        self,
        claims: Sequence[Claim],
        queue: str,
        *,
        limit: int,
        results: Mapping[UUID, JobResult] = NO_RESULTS,
        worker: str | None = None,
        lease: timedelta | None = None,
    ) -> Turn:
        """Complete, and take the best due jobs of a queue."""
        with self._lock:
            completed = self.complete(claims, results)
            return Turn(
                completed, self.claim_due(queue, limit=limit, worker=worker, lease=lease) if limit else Intake()
            )

    def announce(self, queue: str) -> None:
        """Let `wake` hand out the due jobs of a queue."""
        with self._lock:
            now = self._clock.now()
            for row in self._rows.values():
                if row.job.queue == queue and _is_due(row.job, now):
                    row.wake_at = now

    def _lost(self, row: Row, now: datetime) -> bool:
        """Record the attempt that lost its lease, and return whether there is another one."""
        timed_out = is_over(row.job.run_until, now)
        outcome, error = (AttemptOutcome.TIMED_OUT, TIME_IS_UP) if timed_out else (AttemptOutcome.STALLED, LOST_WORKER)
        self._record(row, outcome, error)
        row.job = evolve(row.job, error=error)
        waits = False
        if row.job.cancel_requested_at is not None:
            self._finish(row, JobState.CANCELLED)
        elif row.job.attempts >= row.job.max_attempts:
            self._finish(row, JobState.DEAD)
        else:
            waits = True
        left = evolve(row.job, state=JobState.PENDING, due_at=now) if waits else row.job
        self._tell(attempt_ended(left, outcome, error, now))
        return waits

    def retry(
        self,
        claim: Claim,
        *,
        error: str,
        wait: timedelta,
        traceback: str | None = None,
        outcome: AttemptOutcome = AttemptOutcome.FAILED,
    ) -> bool:
        """Put a claimed job back to pending, or mark it dead if it has no attempt left."""
        if claim.job.attempts >= claim.job.max_attempts:
            return self.bury(claim, error=error, traceback=traceback, outcome=outcome)
        with self._lock:
            row = self._held(claim)
            if row is None:
                return False
            self._record(row, outcome, error, traceback)
            due = self._clock.now() + wait
            self._again(row, due, due_at=due, error=error)
            self._tell(attempt_ended(row.job, outcome, error, self._clock.now()))
            return True

    def bury(
        self,
        claim: Claim,
        *,
        error: str,
        traceback: str | None = None,
        outcome: AttemptOutcome = AttemptOutcome.FAILED,
    ) -> bool:
        """Mark a claimed job as dead."""
        return self._end(claim, JobState.DEAD, outcome, error, traceback)

    def release(self, claim: Claim) -> bool:
        """Hand a claimed job back as if this attempt had not begun."""
        with self._lock:
            row = self._held(claim)
            if row is None:
                return False
            self._take_back(row)
            self._again(row, self._clock.now())
            self._tell(handed_back(claim.job, row.job, self._clock.now()))
            return True

    def put_back(self, job_id: UUID) -> bool:
        """Let a job wait whose lease has ended."""
        with self._lock:
            row = self._rows.get(job_id)
            if row is None or row.job.state is not JobState.RUNNING:
                return False
            claim = self.claim(job_id)
            return claim is not None and self.release(claim)

    def promote(self, job_id: UUID) -> bool:
        """Let a job that waits for a later time be due now."""
        with self._lock:
            row, now = self._rows.get(job_id), self._clock.now()
            if row is None or row.job.state is not JobState.PENDING or row.job.due_at <= now:
                return False
            row.job = evolve(row.job, due_at=now)
            row.wake_at = now
            return True

    def wake(self, *, limit: int, again_after: timedelta) -> list[JobRef]:
        """Hand out waiting jobs."""
        with self._lock:
            now = self._clock.now()
            rows = [row for row in self._rows.values() if row.wake_at is not None and row.wake_at <= now]
            rows = sorted(rows, key=lambda row: (row.wake_at, row.job.id))[:limit]
            for row in rows:
                row.wake_at = now + again_after
            return [evolve(row.job.ref, stalled=row.job.state is JobState.RUNNING) for row in rows]

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

    def list(self, *, state: JobState | None = None, which: JobFilter = ALL_JOBS, limit: int = 100) -> Sequence[Job]:
        """Return jobs, oldest first."""
        with self._lock:
            rows = self._rows.values() if state is None else self._rows.in_state(state)
            jobs = sorted((row.job for row in rows if matches(row.job, which)), key=lambda job: job.id)
        return jobs[:limit]

    def stream(self, *, state: JobState | None = None, batch: int = 500) -> Iterator[Job]:  # noqa: ARG002 - all is in memory
        """Go through the jobs, oldest first."""
        yield from self.list(state=state, limit=len(self._rows))

    def count(self, which: JobFilter = ALL_JOBS) -> Mapping[JobState, int]:
        """Count the jobs by state."""
        counts = dict.fromkeys(JobState, 0)
        with self._lock:
            if which == ALL_JOBS:
                return {state: self._rows.number(state) for state in JobState}
            for row in self._rows.values():
                counts[row.job.state] += matches(row.job, which)
        return counts

    def _is_free(self, row: Row, now: datetime) -> bool:
        return _is_due(row.job, now) and row.job.id not in self._reserved

    def _within_keys(
        self, queue: str, best: Sequence[Row], allowed: int, limit: int, begin: Callable[[Row], Claim]
    ) -> Intake:
        """Begin the best jobs whose keys have room."""
        claims: list[Claim] = []
        jobs = [row.job for row in self._rows.values() if row.job.queue == queue]
        running = Counter(job.limit_key for job in jobs if job.state is JobState.RUNNING)
        for row in best:
            key = row.job.limit_key
            if len(claims) == allowed:
                break
            if key is not None:
                if not self._queues.room(queue, key, running=running[key]):
                    continue
                self._queues.count_key(queue, key)
                running[key] += 1
            claims.append(begin(row))
        self._queues.count(queue, len(claims))
        return Intake(claims, held_back=len(claims) < limit and len(claims) < len(best))

    def _running_in(self, queue: str) -> int:
        return self._rows.number(JobState.RUNNING, queue)


def _begun(row: Row, now: datetime, worker: str | None, lease: timedelta | None) -> Claim:
    job = row.job
    until = now + (job.timeout if lease is None else lease)
    row.job = evolve(
        job,
        state=JobState.RUNNING,
        attempts=job.attempts + 1,
        lease_until=until,
        worker=worker,
        started_at=now,
        run_until=now + job.timeout,
        progress=None,
    )
    row.token = uuid4()
    row.wake_at = until
    return Claim(row.job, row.token)


def _is_due(job: Job, now: datetime) -> bool:
    return job.state is JobState.PENDING and job.due_at <= now


def _claimable(job: Job, now: datetime) -> bool:
    return _is_due(job, now) or (
        job.state is JobState.RUNNING and job.lease_until is not None and job.lease_until <= now
    )
