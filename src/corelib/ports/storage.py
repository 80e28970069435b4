"""What an adapter supplies so that units of work can run on its store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from corelib.domain.event import RecordedEvent
from corelib.domain.job import NewJob
from corelib.ports.job_store import JobStore
from corelib.ports.repository import Repository

A = TypeVar("A")


class Transaction(Protocol):
    """One transaction of a store; it takes its connection with the first use and gives it back at its end.

    All statements of one transaction see one state of the store (at least READ COMMITTED between them).
    """

    def repository(self, aggregate: type[A]) -> Repository[A, object]:
        """Return the collection of an aggregate class.

        Raises:
            UnboundHandler: if this store has no mapping for the class; the message lists those it has.
        """
        ...

    def tracked(self) -> Iterable[object]:
        """Return the aggregates that were loaded, added or removed, in that order."""
        ...

    def add_jobs(self, jobs: Sequence[NewJob]) -> None:
        """Store jobs as pending."""
        ...

    def complete_job(self, job_id: UUID, token: UUID) -> None:
        """Mark a running job as succeeded.

        Raises:
            LeaseLost: if the claim with this token does not hold the job any more.
        """
        ...

    def add_events(self, events: Sequence[RecordedEvent]) -> None:
        """Store recorded events."""
        ...

    def flush(self) -> None:
        """Write what has changed since the last flush: new roots before their parts, removed parts before their roots.

        Raises:
            ConcurrencyConflict, IntegrityViolation, TransientFailure: as `UnitOfWork.commit` says.
        """
        ...

    def commit(self) -> None:
        """Flush and end the transaction successfully. Whatever it raises, the transaction has ended."""
        ...

    def rollback(self) -> None:
        """End the transaction without effect; never raises because of a connection that is already lost."""
        ...


class Storage(Protocol):
    """A store of aggregates, jobs and events."""

    @property
    def jobs(self) -> JobStore:
        """Return the workers' side of the stored jobs."""
        ...

    def begin(self) -> Transaction:
        """Return a new transaction. No connection is taken until it is used."""
        ...

    def events(self) -> Iterator[RecordedEvent]:
        """Go through all recorded events, oldest first, in bounded memory."""
        ...

    def check(self) -> None:
        """Make sure that the store can be used.

        Raises:
            ConfigurationError: in the family's member that tells what is wrong (server, login, database, tables).
        """
        ...

    def create(self) -> None:
        """Make the tables where they do not exist; existing data stays. Several processes may do so at once.

        Raises:
            ConfigurationError: as `check` does.
        """
        ...

    def close(self) -> None:
        """Give back every connection."""
        ...
