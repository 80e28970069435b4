"""Steering jobs in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from attrs import evolve

from corelib.adapters.memory.job_flows import MemoryJobFlows
from corelib.adapters.memory.job_table import Row
from corelib.domain.job import Job, JobState
from corelib.domain.job_event_making import what_became_of
from corelib.domain.job_queues import UNFINISHED, QueueDepth
from corelib.domain.retention import check_purge
from corelib.ports.job_steering import ALL_JOBS, JobFilter

_WAITING = (JobState.WAITING, JobState.PENDING, JobState.PARKED)
_ENDED_BADLY = (JobState.DEAD, JobState.CANCELLED)


class MemoryJobSteering(MemoryJobFlows):
    """Keeps the contract of `corelib.ports.job_steering.JobSteering`."""

    def cancel(self, job_id: UUID) -> JobState | None:
        """Cancel a job that waits, or ask its run to stop."""
        with self._lock:
            row = self._rows.get(job_id)
            if row is None or row.job.state not in (*_WAITING, JobState.RUNNING):
                return None
            if row.job.state is JobState.WAITING:
                self._cancel_with_what_it_waits_for(row)
            else:
                self._cancel_all([job_id])
            return row.job.state

    def retry_dead(self, job_id: UUID, *, attempts: int = 1, payload: str | None = None) -> bool:
        """Let a dead or cancelled job be pending and due now."""
        with self._lock:
            row = self._rows.get(job_id)
            if row is None or row.job.state not in _ENDED_BADLY:
                return False
            self._revive(row, attempts)
            if payload is not None:
                row.job = evolve(row.job, payload=payload, payload_key=None)
            self._tell_of([row])
            return True

    def retry_many_dead(self, which: JobFilter = ALL_JOBS, *, attempts: int = 1, limit: int = 500) -> int:
        """Let dead jobs be pending and due now."""
        with self._lock:
            found = self._found(lambda job: job.state is JobState.DEAD and matches(job, which), limit)
            for row in found:
                self._revive(row, attempts)
            self._tell_of(found)
            return len(found)

    def discard(self, job_id: UUID) -> bool:
        """Delete a job that nobody runs."""
        with self._lock:
            row = self._rows.get(job_id)
            if row is None or row.job.state not in (*_WAITING, *_ENDED_BADLY):
                return False
            self._forget(row)
            return True

    def drain(self, queue: str, *, limit: int = 500) -> int:
        """Cancel the pending jobs of a queue."""
        with self._lock:
            found = self._found(lambda job: job.state is JobState.PENDING and job.queue == queue, limit)
            for row in found:
                self._finish(row, JobState.CANCELLED)
            self._tell_of(found)
            return len(found)

    def purge(
        self,
        state: JobState,
        *,
        older_than: timedelta,
        beyond: int = 0,
        which: JobFilter = ALL_JOBS,
        limit: int = 500,
    ) -> int:
        """Delete a portion of ended jobs."""
        check_purge(state, beyond)
        with self._lock:
            until = self._clock.now() - older_than
            ended = self._found(lambda job: job.state is state and matches(job, which), None)
            found = [
                row
                for row in ended[: max(0, len(ended) - beyond)]
                if row.job.finished_at is not None and row.job.finished_at <= until and self._may_be_purged(row.job)
            ][:limit]
            for row in found:
                self._forget(row)
            return len(found)

    def depths(self, *, time_limit: timedelta | None = None) -> Sequence[QueueDepth]:  # noqa: ARG002 - all is in memory
        """Count the jobs that are still to be done."""
        with self._lock:
            now = self._clock.now()
            found: dict[str, list[Job]] = {}
            for row in self._rows.values():
                found.setdefault(row.job.queue, []).append(row.job)
        depths = [_depth(queue, jobs, now) for queue, jobs in sorted(found.items())]
        return [depth for depth in depths if any(depth.jobs.values())]

    def count_by_queue(self) -> Mapping[str, Mapping[JobState, int]]:
        """Count the jobs by queue and state."""
        counts: dict[str, dict[JobState, int]] = {}
        with self._lock:
            for row in sorted(self._rows.values(), key=lambda row: (row.job.queue, row.job.state.value)):
                states = counts.setdefault(row.job.queue, {})
                states[row.job.state] = states.get(row.job.state, 0) + 1
        return counts

    def _tell_of(self, rows: Iterable[Row]) -> None:
        now = self._clock.now()
        self._tell(event for row in rows for event in what_became_of(row.job, now))

    def _found(self, wanted: Callable[[Job], bool], limit: int | None) -> list[Row]:
        return sorted((row for row in self._rows.values() if wanted(row.job)), key=lambda row: row.job.id)[:limit]

    def _revive(self, row: Row, attempts: int) -> None:
        self._take_back_from_flow(row)
        now, job = self._clock.now(), row.job
        waits = self._has_to_wait(job)
        row.job = evolve(
            job,
            state=JobState.WAITING if waits else JobState.PENDING,
            max_attempts=job.attempts + attempts,
            due_at=now,
            finished_at=None,
            cancel_requested_at=None,
        )
        row.wake_at = None if waits else now


def _depth(queue: str, jobs: list[Job], now: datetime) -> QueueDepth:
    counts = {state: sum(job.state is state for job in jobs) for state in UNFINISHED}
    due = [job.due_at for job in jobs if job.state is JobState.PENDING and job.due_at <= now]
    return QueueDepth(queue, counts, len(due), now - min(due, default=now))


def matches(job: Job, which: JobFilter) -> bool:
    """Return whether a job is among those that a filter means."""
    flow = None if job.place is None else job.place.flow_id
    return (
        which.queue in (None, job.queue)
        and which.name in (None, job.name)
        and (which.since is None or job.enqueued_at >= which.since)
        and (which.until is None or job.enqueued_at < which.until)
        and which.flow in (None, flow)
    )
