"""Job events in memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import islice

from corelib.domain.job_event_record import JobEventPosition, StoredJobEvent
from corelib.domain.job_events import JobEvent
from corelib.errors import JobEventsPurged, MisuseError
from corelib.ports.clock import Clock


class MemoryJobEventLog:
    """Keeps the contract of `corelib.ports.job_events.JobEventLog`: commits come one after the other.

    Args:
        clock: judges the age of events.
        lock: of the store.
    """

    def __init__(self, clock: Clock, lock: threading.RLock) -> None:
        self._clock = clock
        self._lock = lock
        self._events: deque[JobEvent] = deque()
        self._purged = 0

    def add(self, events: Iterable[JobEvent]) -> None:
        """Record events of one commit."""
        with self._lock:
            self._events.extend(events)

    def read(self, *, after: str | None = None, limit: int = 100) -> Sequence[StoredJobEvent]:
        """Return the events behind a cursor."""
        if limit < 1:
            raise MisuseError(f"{limit} job events were to be read.", hint="Read 1 or more.")
        with self._lock:
            position = JobEventPosition.at(after)
            if after is not None and position.number < self._purged:
                raise JobEventsPurged(after)
            first = max(position.number, self._purged)
            found = list(islice(self._events, first - self._purged, first - self._purged + limit))
        return [StoredJobEvent(_cursor(number), event) for number, event in enumerate(found, first + 1)]

    def end(self) -> str:
        """Return the cursor of the last event."""
        with self._lock:
            return _cursor(self._purged + len(self._events))

    def purge(self, *, older_than: timedelta, limit: int = 1000) -> int:
        """Remove a portion of the oldest events."""
        with self._lock:
            until, count = self._clock.now() - older_than, 0
            while count < limit and self._events and self._events[0].at <= until:
                self._events.popleft()
                count += 1
            self._purged += count
            return count


def _cursor(number: int) -> str:
    return JobEventPosition(0, number).cursor
