"""Paused and limited queues in memory."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from attrs import define, evolve, field

from corelib.domain.job_queues import Queue, QueueStatus, Rate
from corelib.ports.clock import Clock


@define
class _Row:
    status: QueueStatus
    window_until: datetime | None = None
    window_used: int = 0
    windows: dict[str, tuple[datetime, int]] = field(factory=dict)
    declared: str | None = None


class MemoryQueueControl:
    """Keeps the contract of `corelib.ports.queue_control.QueueControl` by the clock it is given.

    Args:
        clock: opens and ends the windows of rates.
        lock: of the store.
        announce: lets the due jobs of a queue be handed out.
    """

    def __init__(self, clock: Clock, lock: threading.RLock, announce: Callable[[str], None]) -> None:
        self._clock = clock
        self._lock = lock
        self._announce = announce
        self._rows: dict[str, _Row] = {}

    def pause(self, queue: str) -> bool:
        """Note since when."""
        with self._lock:
            row = self._row(queue)
            if row.status.paused_at is not None:
                return False
            row.status = evolve(row.status, paused_at=self._clock.now())
            return True

    def resume(self, queue: str) -> bool:
        """Forget the pause."""
        with self._lock:
            row = self._row(queue)
            if row.status.paused_at is None:
                return False
            row.status = evolve(row.status, paused_at=None)
            self._announce(queue)
            return True

    def limit(self, queue: str, *, concurrency: int | None, rate: Rate | None) -> None:
        """Set the limits."""
        limits = Queue(queue, concurrency, rate)
        with self._lock:
            row = self._row(queue)
            row.status = evolve(row.status, concurrency=limits.concurrency, rate=limits.rate)
            self._announce(queue)

    def limit_keys(self, queue: str, *, concurrency: int | None, rate: Rate | None) -> None:
        """Set the limits of keys."""
        limits = Queue(queue, key_concurrency=concurrency, key_rate=rate)
        with self._lock:
            row = self._row(queue)
            row.status = evolve(row.status, key_concurrency=limits.key_concurrency, key_rate=limits.key_rate)
            self._announce(queue)

    def declare(self, queue: Queue) -> None:
        """Set the limits where the declaration is another one than before."""
        with self._lock:
            row = self._row(queue.name)
            if row.declared != queue.declaration:
                row.declared = queue.declaration
                row.status = evolve(
                    row.status,
                    concurrency=queue.concurrency,
                    rate=queue.rate,
                    key_concurrency=queue.key_concurrency,
                    key_rate=queue.key_rate,
                )

    def list(self) -> Sequence[QueueStatus]:
        """Return all rows."""
        with self._lock:
            return sorted((row.status for row in self._rows.values()), key=lambda status: status.name)

    def allowed(self, queue: str, limit: int, *, running: int) -> int:
        """Return how many of so many wanted jobs may begin now, with so many running."""
        row = self._rows.get(queue)
        if row is None:
            return limit
        if row.status.paused_at is not None:
            return 0
        if row.status.concurrency is not None:
            limit = min(limit, row.status.concurrency - running)
        if row.status.rate is not None:
            limit = min(limit, row.status.rate.limit - (row.window_used if self._is_open(row) else 0))
        return max(limit, 0)

    def limits_keys(self, queue: str) -> bool:
        """Return whether jobs of a queue are limited by their keys."""
        row = self._rows.get(queue)
        return row is not None and (row.status.key_concurrency is not None or row.status.key_rate is not None)

    def room(self, queue: str, key: str, *, running: int) -> int:
        """Return how many jobs of a key may begin now, with so many running; for queues that limit keys."""
        row, limit = self._row(queue), sys.maxsize
        if row.status.key_concurrency is not None:
            limit = row.status.key_concurrency - running
        if row.status.key_rate is not None:
            limit = min(limit, row.status.key_rate.limit - self._used(row, key))
        return max(limit, 0)

    def count_key(self, queue: str, key: str) -> None:
        """Count a job of a key that begins now."""
        row = self._row(queue)
        if row.status.key_rate is None:
            return
        used = self._used(row, key)
        until = row.windows[key][0] if used else self._clock.now() + row.status.key_rate.per
        row.windows[key] = until, used + 1

    def count(self, queue: str, taken: int) -> None:
        """Count jobs that begin now."""
        row = self._rows.get(queue)
        if row is None or row.status.rate is None or not taken:
            return
        if not self._is_open(row):
            row.window_until, row.window_used = self._clock.now() + row.status.rate.per, 0
        row.window_used += taken

    def _used(self, row: _Row, key: str) -> int:
        until, used = row.windows.get(key, (self._clock.now(), 0))
        return used if until > self._clock.now() else 0

    def _is_open(self, row: _Row) -> bool:
        return row.window_until is not None and row.window_until > self._clock.now()

    def _row(self, queue: str) -> _Row:
        return self._rows.setdefault(queue, _Row(QueueStatus(queue)))
