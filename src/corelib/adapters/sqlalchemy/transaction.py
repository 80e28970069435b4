"""One database transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar, cast
from uuid import UUID

from sqlalchemy.engine import Connection, Engine

from corelib.adapters.sqlalchemy import job_rows, tables
from corelib.adapters.sqlalchemy.failures import close_quietly, translated
from corelib.adapters.sqlalchemy.plans import Plans
from corelib.adapters.sqlalchemy.repository import SqlRepository
from corelib.adapters.sqlalchemy.seat import Seat
from corelib.adapters.sqlalchemy.translating import TranslatingConnection
from corelib.application.unit_of_work import TransactionalUnitOfWork
from corelib.domain.event import RecordedEvent
from corelib.domain.job import NewJob
from corelib.errors import LeaseLost, MisuseError, TransientFailure
from corelib.ports.repository import Repository
from corelib.ports.unit_of_work import UnitOfWork

A = TypeVar("A")


class SqlTransaction:
    """Keeps the contract of `corelib.ports.storage.Transaction`; the connection is taken with the first statement."""

    def __init__(self, engine: Engine, plans: Plans) -> None:
        self._engine = engine
        self._plans = plans
        self._dialect = plans.dialect
        self._connection: Connection | None = None
        self._repositories: dict[type, SqlRepository[object]] = {}
        self._seat = Seat(self._dialect, self._translating, self.flush, plans.now, self._may_write)

    @property
    def connection(self) -> Connection:
        """Return the connection, begun; a host may run its own statements on it, but neither commit nor close it."""
        if self._connection is None:
            with translated(self._dialect):
                self._connection = self._engine.connect()
        return self._connection

    def repository(self, aggregate: type[A]) -> Repository[A, object]:
        """Return the collection of a mapped class."""
        repository = self._repositories.get(aggregate)
        if repository is None:
            repository = SqlRepository(self._plans.of(aggregate), self._seat)
            self._repositories[aggregate] = repository
        return cast("Repository[A, object]", repository)

    def _may_write(self, name: str) -> None:
        """Let everything be written."""

    def tracked(self) -> Iterable[object]:
        """Return the aggregates in hand."""
        return [aggregate for repository in list(self._repositories.values()) for aggregate in repository.tracked()]

    def add_jobs(self, jobs: Sequence[NewJob]) -> None:
        """Insert jobs."""
        if not jobs:
            return
        self._translating().execute(job_rows.INSERT, [job_rows.row_of(job) for job in jobs])

    def complete_job(self, job_id: UUID, token: UUID) -> None:
        """Mark a job as succeeded; the row stays locked until the commit, so that nobody can claim it meanwhile."""
        result = self._translating().execute(job_rows.COMPLETE, {"job_id": job_id, "held": token})
        if result.rowcount != 1:
            raise LeaseLost(f"The job {job_id} is not held by this run any more.")

    def add_events(self, events: Sequence[RecordedEvent]) -> None:
        """Insert events."""
        if not events:
            return
        self._translating().execute(tables.event.insert(), [job_rows.event_row(event) for event in events])

    def flush(self) -> None:
        """Write what has changed, in the order that foreign keys between the mapped tables ask for."""
        if not self._repositories:
            return
        ordered = sorted(self._repositories.items(), key=lambda pair: self._plans.rank_of(pair[0]))
        for _, repository in ordered:
            repository.flush_new()
        for _, repository in ordered:
            repository.flush_changed()
        for _, repository in reversed(ordered):
            repository.flush_removed()

    def commit(self) -> None:
        """Flush and commit."""
        try:
            self.flush()
            if self._connection is not None:
                self._refuse_failed(self._connection)
                with translated(self._dialect, committing=True):
                    self._connection.commit()
        except BaseException:
            self.rollback()
            raise
        self._close()

    def rollback(self) -> None:
        """Roll back; closing the connection does it, whatever state it is in."""
        self._close()

    def _refuse_failed(self, connection: Connection) -> None:
        if self._dialect.has_failed(connection):
            raise TransientFailure(
                "The transaction was given up by the server after a statement failed, so nothing can be committed.",
                hint="Do not catch the errors of your own statements, or run them in a savepoint.",
            )

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            close_quietly(connection)

    def _translating(self) -> Connection:
        return cast("Connection", TranslatingConnection(self.connection, self._dialect))


def connection_of(uow: UnitOfWork) -> Connection:
    """Return the SQLAlchemy connection of a running unit of work, for statements in the same transaction.

    Raises:
        MisuseError: if the unit of work does not run on this adapter.
    """
    transaction = uow.transaction if isinstance(uow, TransactionalUnitOfWork) else None
    if not isinstance(transaction, SqlTransaction):
        raise MisuseError("This unit of work has no SQLAlchemy connection.", hint="Does it run on another adapter?")
    return transaction.connection
