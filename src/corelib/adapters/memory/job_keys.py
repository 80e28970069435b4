"""Keys of unique jobs and of payloads in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from attrs import evolve

from corelib.adapters.memory.job_flows import MemoryJobFlows
from corelib.adapters.memory.job_table import Row
from corelib.domain.job import Job, JobState, NewJob
from corelib.domain.job_event_making import enqueued
from corelib.ports.clock import Clock
from corelib.ports.job_store import ANNOUNCED_FOR

_NOBODY = UUID(int=0)


class MemoryJobKeys(MemoryJobFlows):
    """What a transaction has to know about jobs that it may keep or replace."""

    def __init__(self, clock: Clock, lock: threading.RLock) -> None:
        super().__init__(clock, lock)
        self._by_key: dict[str, UUID] = {}
        self._reserved: set[UUID] = set()

    def holder(self, digest: str) -> Job | None:
        """Return the last job that was stored with a unique key, whatever stage it is in."""
        with self._lock:
            row = self._rows.get(self._by_key.get(digest, _NOBODY))
            return None if row is None else row.job

    def reserve(self, job_id: UUID) -> None:
        """Let nobody claim a job until `unreserve`; whoever calls holds the lock of its key."""
        with self._lock:
            self._reserved.add(job_id)

    def unreserve(self, job_ids: Iterable[UUID]) -> None:
        """Let jobs be claimed again."""
        with self._lock:
            self._reserved.difference_update(job_ids)

    def replace(self, job_id: UUID, new: NewJob) -> None:
        """Put what a new job brings into a job that waits, which stays as old as it is."""
        with self._lock:
            row, now = self._rows[job_id], self._clock.now()
            row.job = evolve(new_job(new, now), id=job_id, enqueued_at=row.job.enqueued_at)
            row.wake_at = wake_time(new, now)
            self._tell(enqueued([evolve(new, id=job_id)], now))

    def payload_keys(self, keys: Sequence[str]) -> set[str]:
        """Return those of some keys that a job has for its payload or its result."""
        with self._lock:
            jobs = [row.job for row in self._rows.values()]
        results = (job.result.key for job in jobs if job.result is not None)
        return {key for key in (*(job.payload_key for job in jobs), *results) if key is not None} & set(keys)

    def _store(self, new: NewJob) -> None:
        now = self._clock.now()
        wake_at = None if new.waits else wake_time(new, now)
        start_delay = new.delay if new.waits and new.due_at is None else None
        self._rows[new.id] = Row(new_job(new, now), None, wake_at, start_delay=start_delay)
        if new.unique is not None:
            self._by_key[new.unique.digest] = new.id


def wake_time(new: NewJob, now: datetime) -> datetime:
    """Return when the relay looks at a new job."""
    return new.due_at or now + (new.delay or ANNOUNCED_FOR)


def new_job(new: NewJob, now: datetime) -> Job:
    """Return a new job as it is stored."""
    return Job(
        id=new.id,
        name=new.name,
        queue=new.queue,
        payload=new.payload,
        context=new.context,
        state=JobState.WAITING if new.waits else JobState.PENDING,
        attempts=0,
        max_attempts=new.max_attempts,
        timeout=new.timeout,
        enqueued_at=now,
        due_at=new.due_at or (now if new.waits else now + new.delay),
        payload_version=new.payload_version,
        payload_key=new.payload_key,
        trace=new.trace,
        priority=new.priority,
        place=new.place,
        limit_key=new.limit_key,
    )
