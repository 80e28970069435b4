"""One database transaction."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TypeVar, cast
from uuid import UUID

from attrs import evolve
from sqlalchemy.engine import Connection, Engine

from corelib.adapters.sqlalchemy import job_reports, job_rows, tables
from corelib.adapters.sqlalchemy.clock import utc_now
from corelib.adapters.sqlalchemy.failures import close_quietly, translated
from corelib.adapters.sqlalchemy.first_error import FirstError
from corelib.adapters.sqlalchemy.flow_progress import FlowProgress
from corelib.adapters.sqlalchemy.flow_suspension import suspended
from corelib.adapters.sqlalchemy.job_event_log import insert_statement
from corelib.adapters.sqlalchemy.job_flows import flow_inserts
from corelib.adapters.sqlalchemy.job_telling import RETURNED_BESIDE_FLOW, JobTelling, ToldTransaction
from corelib.adapters.sqlalchemy.job_unique import UniqueJobs
from corelib.adapters.sqlalchemy.plans import Plans
from corelib.adapters.sqlalchemy.repositories import Repositories
from corelib.adapters.sqlalchemy.savepoint import SqlSavepoint, refuse_given_up
from corelib.adapters.sqlalchemy.seat import Seat
from corelib.adapters.sqlalchemy.translating import TranslatingConnection
from corelib.adapters.sqlalchemy.waiting_jobs import WaitingJobs
from corelib.application.unit_of_work import TransactionalUnitOfWork
from corelib.domain.event import RecordedEvent
from corelib.domain.flow import NewFlow
from corelib.domain.job import JobRef, JobResult, NewJob, Placed
from corelib.domain.job_event_making import enqueued, progressed, succeeded
from corelib.domain.job_events import JobEvent
from corelib.domain.job_progress import RunReport
from corelib.domain.unique_job import Outcome
from corelib.errors import CorelibError, JobExists, LeaseLost, MisuseError
from corelib.ports.repository import Repository
from corelib.ports.storage import DEFAULT_TERMS, Terms
from corelib.ports.unit_of_work import UnitOfWork

A = TypeVar("A")
_REMEMBER = tables.idempotency_key.insert().values(stored_at=utc_now())


class SqlTransaction:
    """Keeps the contract of `corelib.ports.storage.Transaction`; the connection is taken with the first statement.

    Args:
        engine: of the store, or of its replica.
        plans: how aggregates are stored.
        terms: on which it runs.
        at_once: an engine whose statements commit themselves, for what is no more than one statement.
        telling: who is told of jobs.
    """

    def __init__(
        self,
        engine: Engine,
        plans: Plans,
        terms: Terms = DEFAULT_TERMS,
        *,
        at_once: Engine | None = None,
        telling: JobTelling | None = None,
    ) -> None:
        self._telling = telling or JobTelling(insert_statement(plans.dialect))
        self._told: list[JobEvent] = []
        self._engine = engine
        self._dialect = plans.dialect
        self._terms = terms
        self._first_error = FirstError()
        self._released: list[JobRef] = []
        self._connection: TranslatingConnection | None = None
        self._jobs = WaitingJobs(at_once, plans.dialect)
        self._ending = threading.Lock()  # so that nobody interrupts a connection that is back in the pool
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
            self._jobs.insert(self._connection)
        return self._connection

    @property
    def is_untouched(self) -> bool:
        """Return whether no connection was taken, and no job waits to be written."""
        return self._connection is None and not self._jobs

    def repository(self, aggregate: type[A]) -> Repository[A, object]:
        """Return the collection of a mapped class."""
        self._first_error.check()
        return cast("Repository[A, object]", self._repositories.of(aggregate))

    def tracked(self) -> Iterable[object]:
        """Return the aggregates in hand."""
        return self._repositories.tracked()

    def add_jobs(self, jobs: Sequence[NewJob]) -> None:
        """Insert jobs; a single one, before any statement, with the first that follows or by the commit."""
        self._first_error.check()
        self._jobs.add(jobs)
        if self._connection is not None or self._terms != DEFAULT_TERMS or len(jobs) > 1:
            self._jobs.insert(self.translating())
        self._note_enqueued(jobs)

    def add_unique_job(self, job: NewJob) -> Placed:
        """Insert a job unless one with its key keeps it out."""
        placed = UniqueJobs(self.translating(), self._dialect).place(job)
        if placed.outcome in (Outcome.ADDED, Outcome.REPLACED):
            self._note_enqueued([evolve(job, id=placed.ref.id)])
        return placed

    def add_flow(self, flow: NewFlow) -> None:
        """Insert a flow with its gates, then its jobs."""
        for statement, rows in flow_inserts(flow):
            self.translating().execute(statement, rows)
        self._insert_flow_jobs(flow)

    def _insert_flow_jobs(self, flow: NewFlow) -> None:
        self.add_jobs([job for job in flow.jobs if job.unique is None])
        for job in flow.jobs:
            if job.unique is None:
                continue
            placed = self.add_unique_job(job)
            if placed.outcome is not Outcome.ADDED:
                raise JobExists(job.name, placed.ref.id)

    def suspend_job(self, job_id: UUID, token: UUID, flow: NewFlow, *, always: bool = False) -> None:
        """Put the job aside, then insert what it waits for."""
        connection = self.translating()
        with connection.translating():
            added = suspended(connection.connection, job_id, token, flow, always=always)
        self._insert_flow_jobs(added)

    @property
    def released(self) -> Sequence[JobRef]:
        """Return the jobs that the ends of others have released."""
        return self._released

    def complete_job(self, job_id: UUID, token: UUID, result: JobResult | None = None) -> None:
        """Mark a job as succeeded; the row stays locked until the commit, so that nobody can claim it meanwhile."""
        statement, values = job_rows.completion(job_id, token, result)
        if self._telling.on:
            statement = statement.returning(*RETURNED_BESIDE_FLOW)
        rows = self.translating().rows(statement, values)
        if not rows:
            raise LeaseLost(f"The job {job_id} is not held by this run any more.")
        if rows[0].flow_id is not None:
            self._count_in_flow(job_id)
        if self._telling.on:
            self._note([event for row in rows for event in succeeded(job_rows.job_of(row), row.told_at)])

    def _count_in_flow(self, job_id: UUID) -> None:
        connection = self.translating()
        with connection.translating():
            told = ToldTransaction(connection.connection, self._telling)
            progress = FlowProgress(connection.connection, self._dialect, announced=True, told=told)
            progress.count([job_id])
        self._note(told.events)
        self._released.extend(progress.released)

    def report_run(self, report: RunReport) -> None:
        """Write what the run has told, in the order of the locks that its completion takes."""
        if job_reports.write(self.translating().execute, report) and self._telling.on and report.progress is not None:
            self._note(progressed(report.claim.job, report.progress, self._telling.now()))

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
        told = len(self._told)
        return SqlSavepoint(
            self.translating(), self._dialect, self._repositories, self._first_error, lambda: self._untell(told)
        )

    def flush(self) -> None:
        """Write what has changed; what could not be written as a whole cannot be written any more."""
        self._flush_changes()
        if self._jobs:
            self.translating()

    def _flush_changes(self) -> None:
        self._first_error.check()
        try:
            self._repositories.flush()
        except BaseException as error:
            self._first_error.note(error)
            raise

    def commit(self) -> None:
        """Flush and commit."""
        try:
            self._flush_changes()
            if self._connection is None and self._jobs.insert_alone():
                self._telling.tell(self._told)
                return
            self.flush()
            if self._connection is not None:
                refuse_given_up(self._connection.connection, self._dialect)
                with translated(self._dialect, committing=True):
                    self._connection.connection.commit()
        except BaseException:
            self.rollback()
            raise
        self._close()
        self._telling.tell(self._told)

    def rollback(self) -> None:
        """Roll back; closing the connection does it, whatever state it is in."""
        self._close()

    def abandon(self, reason: CorelibError) -> None:
        """Refuse what comes next, and end what the server has of it.

        A statement that slips through in between meets a lost connection.
        """
        self._first_error.note(reason)
        with self._ending, suppress(Exception):  # it may be lost at this very moment
            connection = self._connection
            if connection is not None:
                self._dialect.interrupt(connection.connection.connection.driver_connection)

    def _untell(self, since: int) -> None:
        del self._told[since:]

    def _note_enqueued(self, jobs: Sequence[NewJob]) -> None:
        if self._telling.on:
            self._note(enqueued(jobs, self._telling.now()))

    def _note(self, events: Sequence[JobEvent]) -> None:
        """Record events with this transaction, and note that they will be told."""
        if (
            events and self._telling.recording
        ):  # otherwise a single job may be all that there is, and needs no transaction
            self._telling.record(self.translating(), events)
        self._told.extend(events)

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
        with self._ending:
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
