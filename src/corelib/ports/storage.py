"""What an adapter supplies so that units of work can run on its store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from enum import Enum
from typing import Protocol, TypeVar
from uuid import UUID

import attrs
from attrs import field, frozen

from corelib.domain.event import RecordedEvent
from corelib.domain.job import NewJob
from corelib.errors import MisuseError
from corelib.ports.job_store import JobStore
from corelib.ports.repository import Repository

A = TypeVar("A")


def _positive(_: object, attribute: attrs.Attribute[timedelta | None], value: timedelta | None) -> None:
    if value is not None and value <= timedelta(0):
        raise MisuseError(f"The {attribute.name} {value} is not positive.", hint="Leave it out for no limit.")


class Isolation(Enum):
    """What a unit of work sees of others that run at the same time."""

    READ_COMMITTED = "read committed"
    """What others have committed, as of each statement."""

    SNAPSHOT = "snapshot"
    """What was committed when the first statement ran. Whoever changes what others have changed since then gets a
    `TransientFailure`. Two who read the same, and change different aggregates by it, are both let through."""

    SERIALIZABLE = "serializable"
    """As if the units of work had run one after the other; where that cannot be, one gets a `TransientFailure`."""


@frozen
class Terms:
    """On which terms a unit of work runs.

    Args:
        read_only: nothing will be written, so that a replica may answer.
        isolation: None means the store's default, at least READ COMMITTED.
        statement_timeout: how long a single statement may take; None means no limit.
        lock_timeout: how long to wait for what others hold; None means the store's default.
    """

    read_only: bool = False
    isolation: Isolation | None = None
    statement_timeout: timedelta | None = field(default=None, validator=_positive)
    lock_timeout: timedelta | None = field(default=None, validator=_positive)


DEFAULT_TERMS: Terms = Terms()


class Savepoint(Protocol):
    """A place within a transaction to which it can go back."""

    def release(self) -> None:
        """Keep what happened since."""
        ...

    def rollback(self) -> None:
        """Undo what happened since.

        The aggregates in hand have the state that they had at the savepoint: fields and parts are set back in place,
        recorded events included; those added or loaded since are in hand no more. The transaction can be used again.
        """
        ...


class Transaction(Protocol):
    """One transaction of a store; it takes its connection with the first use and gives it back at its end."""

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

    def remember(self, key: str) -> None:
        """Store an idempotency key of at most 200 characters with this transaction.

        Raises:
            AlreadyExists: at the latest on commit, if it is stored already.
        """
        ...

    def savepoint(self) -> Savepoint:
        """Flush, and return the place that has been reached."""
        ...

    def flush(self) -> None:
        """Write what has changed since the last flush: new roots before their parts, removed parts before their roots.

        Raises:
            ConcurrencyConflict, IntegrityViolation, TransientFailure: as `UnitOfWork.commit` says.
            MisuseError: if something has changed although the terms are read-only.
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

    def begin(self, terms: Terms = DEFAULT_TERMS) -> Transaction:
        """Return a new transaction. No connection is taken until it is used."""
        ...

    def remembers(self, key: str) -> bool:
        """Return whether a committed transaction has stored this idempotency key."""
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
        """Make the tables where they do not exist, and bring older ones to this version; existing data stays.

        Several processes may do so at once: one does it. It is done as a whole or not at all.

        Raises:
            ConfigurationError: as `check` does.
            PersistentFailure: if the store refuses a change.
        """
        ...

    def close(self) -> None:
        """Give back every connection."""
        ...
