"""Jobs in memory, and what all that is done with them shares."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime

from attrs import evolve

from corelib.adapters.memory.job_event_log import MemoryJobEventLog
from corelib.adapters.memory.job_table import JobTable, Row
from corelib.domain.job import AttemptOutcome, Claim, JobAttempt, JobResult, JobState
from corelib.domain.job_event_making import progressed
from corelib.domain.job_events import JobEvent
from corelib.domain.job_progress import JobLogLine, RunReport
from corelib.ports.clock import Clock
from corelib.ports.job_events import JobEventListener


class MemoryJobRows:
    """The rows, guarded by one lock, and the clock that judges them."""

    def __init__(self, clock: Clock, lock: threading.RLock) -> None:
        self._clock = clock
        self._lock = lock
        self._rows: JobTable = JobTable()
        self.listener: JobEventListener | None = None
        self.recording = False
        self.recorded: MemoryJobEventLog = MemoryJobEventLog(clock, lock)

    def _tell(self, events: Iterable[JobEvent]) -> None:
        """Record and tell what has happened, if anybody wants to know."""
        if self.listener is None and not self.recording:
            return
        told = list(events)
        if self.recording:
            self.recorded.add(told)
        if told and self.listener is not None:
            self.listener(told)

    def _held(self, claim: Claim) -> Row | None:
        row = self._rows.get(claim.job.id)
        return row if row is not None and row.token == claim.token else None

    def _finish(self, row: Row, state: JobState, *, error: str | None = None) -> None:
        job = row.job
        row.job = evolve(job, state=state, finished_at=self._clock.now(), lease_until=None, error=error or job.error)
        row.token, row.wake_at = None, None

    def _succeed(self, row: Row, result: JobResult | None) -> None:
        self._finish(row, JobState.SUCCEEDED)
        row.job = evolve(row.job, result=result)

    def _report(self, report: RunReport) -> bool:
        """Take what a run tells, if it holds its job."""
        row = self._held(report.claim)
        if row is None:
            return False
        now = self._clock.now()
        if report.progress is not None:
            row.job = evolve(row.job, progress=evolve(report.progress, at=now))
            self._tell(progressed(row.job, report.progress, now))
        row.log += [JobLogLine(row.job.id, row.job.attempts, now - line.ago, line.text) for line in report.lines]
        return True

    def _again(self, row: Row, wake_at: datetime, **changes: object) -> None:
        """Let a job be pending again, or end it if somebody asked to cancel it."""
        row.job = evolve(row.job, state=JobState.PENDING, lease_until=None, **changes)  # type: ignore[arg-type]
        row.token, row.wake_at = None, wake_at
        if row.job.cancel_requested_at is not None:
            self._finish(row, JobState.CANCELLED)

    def _take_back(self, row: Row) -> None:
        """Let the last attempt leave no trace."""
        attempts = row.job.attempts - 1
        row.job = evolve(row.job, attempts=attempts, worker=None, started_at=None, run_until=None, progress=None)

    def _record(self, row: Row, outcome: AttemptOutcome, error: str, traceback: str | None = None) -> None:
        job = row.job
        now = self._clock.now()
        row.attempts.append(
            JobAttempt(job.id, job.attempts, outcome, job.worker, job.started_at, now, error, traceback)
        )


def is_over(limit: datetime | None, now: datetime) -> bool:
    """Return whether a limit that there may be has been reached."""
    return limit is not None and limit <= now
