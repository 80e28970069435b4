"""What all statements about stored jobs share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.sql.dml import ReturningUpdate

from corelib.adapters.sqlalchemy.clock import utc_in, utc_now
from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.failures import close_quietly, translated
from corelib.adapters.sqlalchemy.flow_progress import FlowProgress
from corelib.adapters.sqlalchemy.job_event_log import insert_statement
from corelib.adapters.sqlalchemy.job_rows import in_milliseconds, milliseconds
from corelib.adapters.sqlalchemy.job_telling import JobTelling, ToldTransaction, What
from corelib.adapters.sqlalchemy.sqlite import READ_ONLY
from corelib.adapters.sqlalchemy.tables import job
from corelib.domain.job import Claim, Job, JobState

AS_LONG_AS_THE_TIME_OUT = -1

C = TypeVar("C", sa.Update, sa.Delete)

THIS = job.c.id == sa.bindparam("job_id")
PENDING = job.c.state == JobState.PENDING.value
ABANDONED = sa.and_(job.c.state == JobState.RUNNING.value, job.c.lease_until <= utc_now())
HELD = sa.and_(THIS, job.c.token == sa.bindparam("held"))
OLDEST_FIRST = (job.c.enqueued_at, job.c.id)
# Written as NULL, not sent as a parameter: ODBC has to ask the server for the type of a parameter without a value.
UNHELD: Mapping[str, object] = {"token": sa.null(), "lease_until": sa.null()}
# An attempt that is taken back leaves no trace.
NOT_BEGUN: Mapping[str, object] = {
    "attempts": job.c.attempts - 1,
    "worker": sa.null(),
    "started_at": sa.null(),
    "run_until": sa.null(),
    "progress_at": sa.null(),
}
ENDED: Mapping[str, object] = {**UNHELD, "wake_at": sa.null()}


_lease_end = sa.case(
    (sa.bindparam("claim_ms", type_=sa.BigInteger) < 0, utc_in(job.c.lease_ms)),
    else_=in_milliseconds("claim_ms"),
)


def claimed(update: sa.Update, token: sa.ColumnElement[UUID]) -> ReturningUpdate[Any]:
    """Let an update claim the rows that it finds, and return them; parameters `claimant` and `claim_ms`."""
    return update.values(
        state=JobState.RUNNING.value,
        attempts=job.c.attempts + 1,
        token=token,
        worker=sa.bindparam("claimant"),
        started_at=utc_now(),
        run_until=utc_in(job.c.lease_ms),
        lease_until=_lease_end,
        wake_at=_lease_end,
        progress_at=sa.null(),
    ).returning(*job.c)


def claim_values(worker: str | None, lease: timedelta | None) -> dict[str, object]:
    """Return the parameters of `claimed`."""
    return {"claimant": worker, "claim_ms": AS_LONG_AS_THE_TIME_OUT if lease is None else milliseconds(lease)}


def pending_unless_cancelled(due: sa.ColumnElement[datetime]) -> dict[str, object]:
    """Return the values of a job that is to be run again, or cancelled if somebody has asked for that.

    Args:
        due: when somebody looks at it again.
    """
    wanted = job.c.cancel_requested_at.is_(None)
    return {
        "state": sa.case((wanted, JobState.PENDING.value), else_=JobState.CANCELLED.value),
        "wake_at": sa.case((wanted, due), else_=sa.null()),
        "finished_at": sa.case((wanted, sa.null()), else_=utc_now()),
        **UNHELD,
    }


class JobTable:
    """The table of jobs by its engine; every call of a subclass is one short transaction."""

    def __init__(self, engine: Engine, dialect: SqlDialect, telling: JobTelling | None = None) -> None:
        self._telling = telling or JobTelling(insert_statement(dialect))
        self._engine = engine
        self._reading = engine.execution_options(**{READ_ONLY: True})
        self._dialect = dialect

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with translated(self._dialect):
            connection = self._engine.connect()
            try:
                yield connection
                connection.commit()
            finally:
                close_quietly(connection)

    def _told(self) -> AbstractContextManager[ToldTransaction]:
        """Return a transaction of which somebody may be told."""
        return self._telling.transaction(self._transaction())

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with translated(self._dialect), self._reading.connect() as connection:
            yield connection

    def _execute(self, statement: sa.Update | sa.Delete, values: Mapping[str, object]) -> int:
        """Execute in a transaction of its own and return how many rows that concerned."""
        with self._transaction() as connection:
            return connection.execute(statement, values).rowcount

    def _update(self, statement: sa.Update, values: Mapping[str, object], what: What) -> int:
        """Execute an update in a transaction of its own, tell of it, and return how many rows that concerned."""
        with self._told() as told:
            return told.change(statement, values, what)

    def _settle(self, statement: sa.Update, claim: Claim, values: Mapping[str, object], what: What) -> bool:
        """Execute a statement about a held job, tell of it, and return whether the claim still held it."""
        return self._update(statement, {"job_id": claim.job.id, "held": claim.token, **values}, what) == 1

    def _count_in_flow(self, told: ToldTransaction, found: Job) -> None:
        """Count a job in its flow if it is in one, and this transaction has ended it."""
        if found.place is not None:
            FlowProgress(told.connection, self._dialect, told=told).count([found.id])

    def _picked(self, change: C, wanted: sa.Select[tuple[UUID]], condition: sa.ColumnElement[bool]) -> C:
        """Change the rows that a locking query finds, which a CTE keeps from being asked twice.

        `SqlDialect.asked_again` tells whether the condition is repeated for the rows that are changed.
        """
        picked = self._dialect.skip_locked(wanted, job).cte("picked")
        found = job.c.id.in_(sa.select(picked.c.id))
        return self._dialect.passing_over_locked(change).where(found, *self._dialect.asked_again(condition))
