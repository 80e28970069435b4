"""One unit of work, one transaction."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self, TypeVar, overload
from uuid import UUID

from corelib.ports.job_queue import JobQueue
from corelib.ports.repository import Repository

A = TypeVar("A")
I = TypeVar("I")  # noqa: E741 - the identifier, beside A for the aggregate


class UnitOfWork(Protocol):
    """Groups what a use case reads and writes into one transaction.

    `with uow:` begins it; leaving the block without `commit()` rolls everything back. The database's transaction
    starts with the first statement, so a handler that calls an outside service first holds no connection meanwhile.
    A unit of work serves one thread and one block; another thread gets a MisuseError from every method. Units of work
    may be open at the same time: each is a transaction of its own, and none is nested in another.

    Events that the aggregates recorded are taken on commit, handed to the host's event handlers within the same
    transaction, and stored with it.
    """

    def __enter__(self) -> Self:
        """Begin.

        Raises:
            MisuseError: if it has begun already.
        """
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End; roll back unless it was committed."""
        ...

    @overload
    def repository(self, aggregate: type[A]) -> Repository[A, UUID]: ...
    @overload
    def repository(self, aggregate: type[A], identifier: type[I]) -> Repository[A, I]: ...
    def repository(self, aggregate: type[A], identifier: type[I] | None = None) -> Repository[A, I]:
        """Return the collection of an aggregate class.

        Args:
            aggregate: the class of the aggregate root.
            identifier: the type of its identifiers, where that is not UUID.

        Raises:
            UnitOfWorkClosed: before it began and after it ended.
            UnboundHandler: if the store has no mapping for this class.
        """
        ...

    @property
    def jobs(self) -> JobQueue:
        """Return the queue whose jobs belong to this transaction."""
        ...

    def flush(self) -> None:
        """Write what has changed so far into the transaction, so that a constraint is checked now.

        Raises:
            ConcurrencyConflict, IntegrityViolation, TransientFailure: as `commit` does; everything is rolled back then,
                within the block of a savepoint what that block did.
            MisuseError: if something has changed in a unit of work that was begun as read-only.
            UnitOfWorkClosed: before it began, after it ended, and once the store has refused a statement.
        """
        ...

    def commit(self) -> None:
        """Store everything, or nothing. Whatever it raises, the unit of work has ended.

        Raises:
            ConcurrencyConflict: if an aggregate was changed by somebody else since it was loaded.
            IntegrityViolation: if the data breaks a constraint.
            TransientFailure: if the whole unit of work may be run again.
            AmbiguousCommit: if the connection broke while the answer to COMMIT was awaited.
            UnitOfWorkClosed: if it was committed or rolled back already, or the store has refused a statement.
            MisuseError: in a handler, whose unit of work is committed by the bus or the worker when it returns; within
                the block of a savepoint; if something has changed although it was begun as read-only.
        """
        ...

    def rollback(self) -> None:
        """Undo everything; doing so twice does no harm."""
        ...

    def savepoint(self) -> AbstractContextManager[None]:
        """Try something within a block: leaving it with an error undoes what the block did, and only that.

        The aggregates in hand get back the state that they had before the block, in place; those that were added or
        first loaded in it are in hand no more. Jobs enqueued in it are forgotten, hooks registered in it too. The
        error goes on; who catches it outside of the block can go on with the unit of work, also after an error of the
        store, unless that has given up the whole transaction (a deadlock on SQL Server). At the end of the block
        everything is flushed, so that a refusal is still one of the block. Savepoints may be nested.

        Raises:
            ConcurrencyConflict, IntegrityViolation, TransientFailure: as `flush` does.
            UnitOfWorkClosed: before it began and after it ended.

        Example: `with contextlib.suppress(AlreadyExists), uow.savepoint(): ...`
        """
        ...

    def after_commit(self, hook: Callable[[], object]) -> None:
        """Call `hook` once the commit has succeeded; its errors are logged and change nothing.

        Raises:
            UnitOfWorkClosed: before it began and after it ended.
        """
        ...

    def after_rollback(self, hook: Callable[[], object]) -> None:
        """Call `hook` once everything was undone, whatever the reason; its errors are logged and change nothing.

        An ambiguous commit calls no hook: nobody knows whether it holds.

        Raises:
            UnitOfWorkClosed: before it began and after it ended.
        """
        ...
