"""A store in memory, shared by all units of work of a process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar, cast
from uuid import UUID

from corelib.adapters.memory.job_store import MemoryJobStore
from corelib.adapters.memory.repository import MemoryRepository
from corelib.adapters.memory.tables import Tables
from corelib.domain.event import RecordedEvent
from corelib.domain.job import NewJob
from corelib.errors import UnboundHandler
from corelib.ports.clock import Clock
from corelib.ports.repository import Repository

A = TypeVar("A")


class MemoryTransaction:
    """Keeps the contract of `corelib.ports.storage.Transaction`: nobody sees its writes before the commit."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._repositories: dict[type, MemoryRepository[object]] = {}
        self._jobs: list[NewJob] = []
        self._completed: list[tuple[UUID, UUID]] = []
        self._events: list[RecordedEvent] = []

    def repository(self, aggregate: type[A]) -> Repository[A, object]:
        """Return the collection of any class that has a field `id`."""
        repository = self._repositories.get(aggregate)
        if repository is None:
            if not _has_identifier(aggregate):
                raise UnboundHandler(f"{aggregate.__name__} has no field `id`, so no store can keep it.")
            repository = self._repositories[aggregate] = MemoryRepository(cast("type[object]", aggregate), self._tables)
        return cast("Repository[A, object]", repository)

    def tracked(self) -> Iterable[object]:
        """Return the aggregates in hand."""
        return [aggregate for repository in list(self._repositories.values()) for aggregate in repository.tracked()]

    def add_jobs(self, jobs: Sequence[NewJob]) -> None:
        """Keep jobs until the commit."""
        self._jobs.extend(jobs)

    def complete_job(self, job_id: UUID, token: UUID) -> None:
        """Check the lease now and again on commit."""
        with self._tables.lock:
            self._tables.jobs.check_lease(job_id, token)
        self._completed.append((job_id, token))

    def add_events(self, events: Sequence[RecordedEvent]) -> None:
        """Keep events until the commit."""
        self._events.extend(events)

    def flush(self) -> None:
        """Check what can be checked before the commit."""
        with self._tables.lock:
            for repository in self._repositories.values():
                repository.check()
            self._tables.jobs.check_new(self._jobs)

    def commit(self) -> None:
        """Apply everything in one step, or nothing."""
        with self._tables.lock:
            self.flush()
            for job_id, token in self._completed:
                self._tables.jobs.check_lease(job_id, token)
            for repository in self._repositories.values():
                repository.apply()
            for job_id, token in self._completed:
                self._tables.jobs.complete(job_id, token)
            self._tables.jobs.add(self._jobs)
            self._tables.events.extend(self._events)

    def rollback(self) -> None:
        """Forget everything."""
        self._repositories.clear()


def _has_identifier(aggregate: type) -> bool:
    declared = (getattr(base, "__annotations__", {}) for base in aggregate.__mro__)
    return hasattr(aggregate, "id") or any("id" in names for names in declared)


class MemoryStorage:
    """Keeps the contract of `corelib.ports.storage.Storage`.

    Args:
        clock: judges due times and leases; a `ManualClock` lets a test move them.
    """

    def __init__(self, clock: Clock) -> None:
        self._tables = Tables(clock)

    @property
    def jobs(self) -> MemoryJobStore:
        """Return the stored jobs."""
        return self._tables.jobs

    def begin(self) -> MemoryTransaction:
        """Return a new transaction."""
        return MemoryTransaction(self._tables)

    def events(self) -> Iterator[RecordedEvent]:
        """Go through all recorded events."""
        with self._tables.lock:
            events = sorted(self._tables.events, key=lambda event: (event.recorded_at, event.id))
        yield from events

    def check(self) -> None:
        """Do nothing: memory is always there."""

    def create(self) -> None:
        """Do nothing: there are no tables to make."""

    def close(self) -> None:
        """Do nothing: there are no connections."""
