"""Keeping, parking and cancelling runs in memory, and the history of attempts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from attrs import evolve

from corelib.adapters.memory.job_flows import MemoryJobFlows
from corelib.adapters.memory.job_rows import is_over
from corelib.adapters.memory.job_table import Row
from corelib.domain.job import AttemptOutcome, Claim, Job, JobAttempt, JobState, history_of
from corelib.domain.job_event_making import attempt_ended, parked
from corelib.domain.job_progress import JobLogLine, RunReport


class MemoryJobRuns(MemoryJobFlows):
    """Keeps the contract of `corelib.ports.job_runs.JobRuns`."""

    def heartbeat(self, claims: Collection[Claim], *, lease: timedelta) -> Mapping[UUID, bool]:
        """Move the ends of leases."""
        answer: dict[UUID, bool] = {}
        with self._lock:
            now = self._clock.now()
            until = now + lease
            for claim in claims:
                row = self._held(claim)
                if row is None or is_over(row.job.run_until, now):
                    continue
                row.job, row.wake_at = evolve(row.job, lease_until=until), until
                answer[claim.token] = row.job.cancel_requested_at is not None
        return answer

    def report(self, reports: Sequence[RunReport], *, patient: bool = False) -> set[UUID]:  # noqa: ARG002 - nobody keeps anything
        """Take what runs tell."""
        with self._lock:
            return {report.claim.token for report in reports if self._report(report)}

    def log(self, job_id: UUID, *, limit: int = 1000) -> Sequence[JobLogLine]:
        """Return the last lines of a job."""
        with self._lock:
            row = self._rows.get(job_id)
            return [] if row is None else row.log[-limit:]

    def end_cancelled(self, claim: Claim, *, error: str) -> bool:
        """Mark a claimed job as cancelled and record the attempt."""
        return self._end(claim, JobState.CANCELLED, AttemptOutcome.CANCELLED, error)

    def park(self, claim: Claim, *, reason: str) -> bool:
        """Put a claimed job aside."""
        with self._lock:
            row = self._held(claim)
            if row is None:
                return False
            self._take_back(row)
            row.job = evolve(row.job, state=JobState.PARKED, lease_until=None, error=reason)
            row.token, row.wake_at = None, None
            self._tell(parked(row.job, self._clock.now()))
            return True

    def parked(self, names: Collection[str], *, batch: int = 500) -> Iterator[Job]:  # noqa: ARG002 - all is in memory
        """Go through the parked jobs of these names."""
        with self._lock:
            found = sorted(self._parked_rows(), key=lambda row: row.job.id)
        yield from [row.job for row in found if row.job.name in names]

    def unpark(self, job_ids: Sequence[UUID]) -> int:
        """Let parked jobs be pending and due now."""
        with self._lock:
            now = self._clock.now()
            wanted = set(job_ids)
            found = [row for row in self._parked_rows() if row.job.id in wanted]
            for row in found:
                row.job = evolve(row.job, state=JobState.PENDING, due_at=now, error=None)
                row.wake_at = now
            return len(found)

    def attempts(self, job_id: UUID) -> Sequence[JobAttempt]:
        """Return the attempts of a job."""
        with self._lock:
            row = self._rows.get(job_id)
            return [] if row is None else history_of(row.job, row.attempts)

    def _parked_rows(self) -> list[Row]:
        return self._rows.in_state(JobState.PARKED)

    def _end(
        self, claim: Claim, state: JobState, outcome: AttemptOutcome, error: str, traceback: str | None = None
    ) -> bool:
        """End a run with an error and record the attempt."""
        with self._lock:
            row = self._held(claim)
            if row is not None:
                self._record(row, outcome, error, traceback)
                self._finish(row, state, error=error)
                self._tell(attempt_ended(row.job, outcome, error, self._clock.now()))
            return row is not None
