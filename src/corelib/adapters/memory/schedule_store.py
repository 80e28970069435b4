"""Schedules in memory."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from attrs import evolve

from corelib.adapters.memory.job_store import MemoryJobStore
from corelib.domain.job import Job, NewJob
from corelib.domain.schedule import DueSchedule, ScheduleSpec, ScheduleStatus
from corelib.ports.clock import Clock


class MemoryScheduleStore:
    """Keeps the contract of `corelib.ports.schedule_store.ScheduleStore` by the clock it is given.

    Args:
        clock: tells what is due.
        lock: of the store.
        jobs: take what schedules enqueue.
    """

    def __init__(self, clock: Clock, lock: threading.RLock, jobs: MemoryJobStore) -> None:
        self._clock = clock
        self._jobs = jobs
        self._lock = lock
        self._rows: dict[str, ScheduleStatus] = {}
        self._enqueued: dict[UUID, str] = {}

    def now(self) -> datetime:
        """Return the clock's instant."""
        return self._clock.now()

    def put(self, spec: ScheduleSpec, *, revision: int, next_at: datetime | None, owner: str | None = None) -> bool:
        """Make or replace."""
        with self._lock:
            row = self._rows.get(spec.name)
            if revision != (0 if row is None else row.revision):
                return False
            made = row or ScheduleStatus(spec, 0, next_at)
            self._rows[spec.name] = evolve(made, spec=spec, revision=revision + 1, next_at=next_at, owner=owner)
            return True

    def remove(self, name: str, *, owner: str | None = None) -> bool:
        """Remove."""
        with self._lock:
            row = self._rows.get(name)
            if row is None or owner not in (None, row.owner):
                return False
            del self._rows[name]
            return True

    def pause(self, name: str) -> bool:
        """Note since when."""
        with self._lock:
            row = self._rows.get(name)
            if row is None or row.paused_at is not None:
                return False
            self._rows[name] = evolve(row, paused_at=self._clock.now())
            return True

    def resume(self, name: str) -> bool:
        """Forget the pause."""
        with self._lock:
            row = self._rows.get(name)
            if row is None or row.paused_at is None:
                return False
            self._rows[name] = evolve(row, paused_at=None)
            return True

    def find(self, name: str) -> ScheduleStatus | None:
        """Return a schedule, or None."""
        with self._lock:
            return self._rows.get(name)

    def list(self) -> Sequence[ScheduleStatus]:
        """Return all by name."""
        with self._lock:
            return sorted(self._rows.values(), key=lambda row: row.name)

    def due(self, jobs: Collection[str], *, limit: int) -> Sequence[DueSchedule]:
        """Return what is due."""
        with self._lock:
            now = self._clock.now()
            found = [
                DueSchedule(row, now, row.next_at)
                for row in self._rows.values()
                if row.spec.job in jobs and row.paused_at is None and row.next_at is not None and row.next_at <= now
            ]
        return sorted(found, key=lambda due: (due.next_at, due.status.name))[:limit]

    def fire(
        self, due: DueSchedule, jobs: Sequence[NewJob], *, next_at: datetime | None, last_at: datetime | None
    ) -> bool:
        """Move on and enqueue."""
        name = due.status.name
        with self._lock:
            row = self._rows.get(name)
            if row is None or row.paused_at is not None:
                return False
            if (row.revision, row.next_at) != (due.status.revision, due.next_at):
                return False
            self._add(name, [job for job in jobs if self._jobs.find(job.id) is None])
            self._rows[name] = evolve(row, next_at=next_at, last_at=last_at or row.last_at)
            return True

    def enqueue(self, name: str, job: NewJob) -> bool:
        """Enqueue a job."""
        with self._lock:
            if name not in self._rows:
                return False
            self._add(name, [job])
            return True

    def runs(self, name: str, *, limit: int = 100) -> Sequence[Job]:
        """Return the jobs of a schedule."""
        with self._lock:
            jobs = [self._jobs.find(job_id) for job_id, schedule in self._enqueued.items() if schedule == name]
        found = [job for job in jobs if job is not None]
        return sorted(found, key=lambda job: (job.enqueued_at, job.id), reverse=True)[:limit]

    def _add(self, name: str, jobs: Sequence[NewJob]) -> None:
        self._jobs.add(jobs)
        self._enqueued.update((job.id, name) for job in jobs)
