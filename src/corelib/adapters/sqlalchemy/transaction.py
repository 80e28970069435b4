"""One database transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar, cast
from uuid import UUID

from sqlalchemy.engine import Connection, Engine

from corelib.adapters.sqlalchemy import job_rows, tables
from corelib.adapters.sqlalchemy.clock import utc_now
from corelib.adapters.sqlalchemy.failures import close_quietly, translated
from corelib.adapters.sqlalchemy.first_error import FirstError
from corelib.adapters.sqlalchemy.plans import Plans
from corelib.adapters.sqlalchemy.repositories import Repositories
from corelib.adapters.sqlalchemy.savepoint import SqlSavepoint, refuse_given_up
from corelib.adapters.sqlalchemy.seat import Seat
from corelib.adapters.sqlalchemy.translating import TranslatingConnection
from corelib.application.unit_of_work import TransactionalUnitOfWork
from corelib.domain.event import RecordedEvent
from corelib.domain.job import NewJob
from corelib.errors import LeaseLost, MisuseError
from corelib.ports.repository import Repository
from corelib.ports.storage import DEFAULT_TERMS, Terms
from corelib.ports.unit_of_work import UnitOfWork

A = TypeVar("A")
_REMEMBER = tables.idempotency_key.insert().values(stored_at=utc_now())


class SqlTransaction:
    """Keeps the contract of `corelib.ports.storage.Transaction`; the connection is taken with the first statement."""

    def __init__(self, engine: Engine, plans: Plans, terms: Terms = DEFAULT_TERMS) -> None:
        self._engine = engine
        self._dialect = plans.dialect
        self._terms = terms
        self._first_error = FirstError()
        self._connection: TranslatingConnection | None = None
        seat = Seat(
            dialect=plans.dialect,
            connection=self.translating,
            flush=self.flush,
            now=plans.now,
            usable=self._first_error.check,
            writes=self._may_write,
        )
        self._repositories = Repositories(plans, seat)

    @property
    def connection(self) -> Connection:
        """Return the connection, begun; a host may run its own statements on it, but neither commit nor close it."""
        return self.translating().connection

    def translating(self) -> TranslatingConnection:
        """Return the connection, for corelib's own statements."""
        self._first_error.check()
        if self._connection is None:
            self._connection = TranslatingConnection(
                self._connect(), self._dialect, self._first_error, read_only=self._terms.read_only
            )
        return self._connection

    def repository(self, aggregate: type[A]) -> Repository[A, object]:
        """Return the collection of a mapped class."""
        self._first_error.check()
        return cast("Repository[A, object]", self._repositories.of(aggregate))

    def tracked(self) -> Iterable[object]:
        """Return the aggregates in hand."""
        return self._repositories.tracked()

    def add_jobs(self, jobs: Sequence[NewJob]) -> None:
        """Insert jobs."""
        if not jobs:
            return
        self.translating().execute(job_rows.INSERT, [job_rows.row_of(job) for job in jobs])

    def complete_job(self, job_id: UUID, token: UUID) -> None:
        """Mark a job as succeeded; the row stays locked until the commit, so that nobody can claim it meanwhile."""
        result = self.translating().execute(job_rows.COMPLETE, {"job_id": job_id, "held": token})
        if result.rowcount != 1:
            raise LeaseLost(f"The job {job_id} is not held by this run any more.")

    def add_events(self, events: Sequence[RecordedEvent]) -> None:
        """Insert events."""
        if not events:
            return
        self.translating().execute(tables.event.insert(), [job_rows.event_row(event) for event in events])

    def remember(self, key: str) -> None:
        """Insert an idempotency key; of two that do so at once, the second waits for the first."""
        self.translating().execute(_REMEMBER, {"key": key})

    def savepoint(self) -> SqlSavepoint:
        """Flush and set a savepoint."""
        self.flush()
        return SqlSavepoint(self.translating(), self._dialect, self._repositories, self._first_error)

    def flush(self) -> None:
        """Write what has changed; what could not be written as a whole cannot be written any more."""
        self._first_error.check()
        try:
            self._repositories.flush()
        except BaseException as error:
            self._first_error.note(error)
            raise

    def commit(self) -> None:
        """Flush and commit."""
        try:
            self.flush()
            if self._connection is not None:
                refuse_given_up(self._connection.connection, self._dialect)
                with translated(self._dialect, committing=True):
                    self._connection.connection.commit()
        except BaseException:
            self.rollback()
            raise
        self._close()

    def rollback(self) -> None:
        """Roll back; closing the connection does it, whatever state it is in."""
        self._close()

    def _may_write(self, name: str) -> None:
        if self._terms.read_only:
            raise MisuseError(
                f"A {name} was to be written in a unit of work that was begun as read-only.",
                hint="Leave out read_only=True, or look for what changes a loaded aggregate.",
            )

    def _connect(self) -> Connection:
        with translated(self._dialect):
            connection = self._engine.connect()
            if self._terms is DEFAULT_TERMS or self._terms == DEFAULT_TERMS:
                return connection
            try:
                self._dialect.set_terms(connection, self._terms)
            except BaseException:
                close_quietly(connection)
                raise
            return connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            close_quietly(connection.connection)


def connection_of(uow: UnitOfWork) -> Connection:
    """Return the SQLAlchemy connection of a running unit of work, for statements in the same transaction.

    Raises:
        MisuseError: if the unit of work does not run on this adapter.
        UnitOfWorkClosed: if the store has refused a statement of it before.
    """
    transaction = uow.transaction if isinstance(uow, TransactionalUnitOfWork) else None
    if not isinstance(transaction, SqlTransaction):
        raise MisuseError("This unit of work has no SQLAlchemy connection.", hint="Does it run on another adapter?")
    return transaction.connection
