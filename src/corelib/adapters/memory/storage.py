"""A store in memory, shared by all units of work of a process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corelib.adapters.memory.faults import Faults
from corelib.adapters.memory.job_event_log import MemoryJobEventLog
from corelib.adapters.memory.job_store import MemoryJobStore
from corelib.adapters.memory.queue_control import MemoryQueueControl
from corelib.adapters.memory.schedule_store import MemoryScheduleStore
from corelib.adapters.memory.tables import Tables
from corelib.adapters.memory.transaction import MemoryTransaction
from corelib.domain.constraint import Constraint
from corelib.domain.event import RecordedEvent
from corelib.ports.cipher import Cipher
from corelib.ports.clock import Clock
from corelib.ports.job_events import JobEventListener
from corelib.ports.storage import DEFAULT_TERMS, Terms


class MemoryStorage:
    """Keeps the contract of `corelib.ports.storage.Storage`.

    Args:
        clock: judges due times and leases, and stamps aggregates; a `ManualClock` lets a test move it.
        cipher: taken for the likeness with other storages; nothing in memory is encrypted.
        constraints: rules that a database would keep, as `Unique(Parcel, "label")`.
        faults: make it fail, for tests.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        cipher: Cipher | None = None,  # noqa: ARG002 - see above
        constraints: Sequence[Constraint] = (),
        faults: Faults | None = None,
    ) -> None:
        self._tables = Tables(clock, tuple(constraints), faults or Faults())

    @property
    def jobs(self) -> MemoryJobStore:
        """Return the stored jobs."""
        return self._tables.jobs

    @property
    def queues(self) -> MemoryQueueControl:
        """Return what pauses and limits queues."""
        return self._tables.jobs.queues

    @property
    def schedules(self) -> MemoryScheduleStore:
        """Return the schedules."""
        return self._tables.schedules

    @property
    def faults(self) -> Faults:
        """Return what makes this store fail when a test asks for it."""
        return self._tables.faults

    def begin(self, terms: Terms = DEFAULT_TERMS) -> MemoryTransaction:
        """Return a new transaction; of its terms, the timeout of statements means nothing in memory."""
        return MemoryTransaction(self._tables, terms)

    @property
    def job_events(self) -> MemoryJobEventLog:
        """Return the job events that were recorded."""
        return self._tables.jobs.recorded

    def tell(self, listener: JobEventListener | None, *, record: bool = False) -> None:
        """Tell somebody what happens to jobs."""
        self._tables.jobs.listener = listener
        self._tables.jobs.recording = record

    def remembers(self, key: str) -> bool:
        """Return whether a committed transaction has stored this idempotency key."""
        with self._tables.lock:
            return key in self._tables.keys

    def events(self) -> Iterator[RecordedEvent]:
        """Go through all recorded events."""
        with self._tables.lock:
            events = sorted(self._tables.events, key=lambda event: (event.recorded_at, event.id))
        yield from events

    def payload_keys(self, keys: Sequence[str]) -> set[str]:
        """Return those of some keys that a committed job has."""
        return self._tables.jobs.payload_keys(keys)

    def check(self) -> None:
        """Do nothing: memory is always there."""

    def create(self) -> None:
        """Do nothing: there are no tables to make."""

    def close(self) -> None:
        """Do nothing: there are no connections."""
