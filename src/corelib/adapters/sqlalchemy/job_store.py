"""The workers' side of the job table: every call is one short transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.sql.dml import ReturningUpdate

from corelib.adapters.sqlalchemy import job_rows
from corelib.adapters.sqlalchemy.clock import utc_in, utc_now
from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.failures import close_quietly, translated
from corelib.adapters.sqlalchemy.job_rows import in_milliseconds, milliseconds
from corelib.adapters.sqlalchemy.sqlite import READ_ONLY
from corelib.adapters.sqlalchemy.tables import job
from corelib.domain.job import Claim, Job, JobRef, JobState
from corelib.errors import TransientFailure

_pending = job.c.state == JobState.PENDING.value
_abandoned = sa.and_(job.c.state == JobState.RUNNING.value, job.c.lease_until <= utc_now())
_held = sa.and_(job.c.id == sa.bindparam("job_id"), job.c.token == sa.bindparam("held"))
_oldest_first = (job.c.enqueued_at, job.c.id)


class SqlJobStore:
    """Keeps the contract of `corelib.ports.job_store.JobStore` by the clock of the database."""

    def __init__(self, engine: Engine, dialect: SqlDialect) -> None:
        self._engine = engine
        self._reading = engine.execution_options(**{READ_ONLY: True})
        self._dialect = dialect
        self._claim = self._claim_statement()
        self._bury_abandoned = self._bury_abandoned_statement()

    def claim(self, job_id: UUID) -> Claim | None:
        """Claim in one statement that passes over a locked row."""
        token = uuid4()
        with self._transaction() as connection:
            row = connection.execute(self._claim, {"job_id": job_id, "new_token": token}).first()
            if row is None:
                connection.execute(self._bury_abandoned, {"job_id": job_id})
        return None if row is None else Claim(job_rows.job_of(row), token)

    def retry(self, claim: Claim, *, error: str, wait: timedelta) -> bool:
        """Put a claimed job back to pending, or mark it dead if it has no attempt left."""
        if claim.job.attempts >= claim.job.max_attempts:
            return self.bury(claim, error=error)
        values = {"wait_ms": milliseconds(wait), "error": job_rows.fitting(error)}
        return self._settle(_RETRY, claim, values)

    def bury(self, claim: Claim, *, error: str) -> bool:
        """Mark a claimed job as dead."""
        return self._settle(_BURY, claim, {"error": job_rows.fitting(error)})

    def release(self, claim: Claim) -> bool:
        """Hand a claimed job back."""
        return self._settle(_RELEASE, claim, {})

    def wake(self, *, limit: int, again_after: timedelta) -> list[JobRef]:
        """Hand out waiting jobs; a deadlock with another relay means that the other one hands them out."""
        values = {"again_ms": milliseconds(again_after)}
        try:
            with self._transaction() as connection:
                rows = connection.execute(self._wake_statement(limit), values).all()
        except TransientFailure:
            return []
        return [JobRef(row.id, row.queue) for row in sorted(rows, key=lambda row: (row.enqueued_at, row.id))]

    def forget_announcements(self) -> int:
        """Let `wake` hand out every pending job that is due."""
        with self._transaction() as connection:
            return connection.execute(_FORGET).rowcount

    def find(self, job_id: UUID) -> Job | None:
        """Return a job, or None."""
        with self._read() as connection:
            row = connection.execute(sa.select(job).where(job.c.id == job_id)).first()
        return None if row is None else job_rows.job_of(row)

    def list(self, *, state: JobState | None = None, limit: int = 100) -> Sequence[Job]:
        """Return jobs, oldest first."""
        with self._read() as connection:
            return [job_rows.job_of(row) for row in connection.execute(_listed(state).limit(limit))]

    def stream(self, *, state: JobState | None = None, batch: int = 500) -> Iterator[Job]:
        """Go through the jobs with a cursor of the server."""
        with (
            self._read() as connection,
            translated(self._dialect),
            connection.execution_options(yield_per=batch).execute(_listed(state)) as rows,
        ):
            for row in rows:
                yield job_rows.job_of(row)

    def count(self) -> Mapping[JobState, int]:
        """Count the jobs by state."""
        with self._read() as connection:
            rows = connection.execute(sa.select(job.c.state, sa.func.count()).group_by(job.c.state)).all()
        found = {row[0]: row[1] for row in rows}
        return {state: found.get(state.value, 0) for state in JobState}

    def _settle(self, statement: sa.Update, claim: Claim, values: Mapping[str, object]) -> bool:
        with self._transaction() as connection:
            result = connection.execute(statement, {"job_id": claim.job.id, "held": claim.token, **values})
            return result.rowcount == 1

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with translated(self._dialect):
            connection = self._engine.connect()
            try:
                yield connection
                connection.commit()
            finally:
                close_quietly(connection)

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with translated(self._dialect), self._reading.connect() as connection:
            yield connection

    def _claim_statement(self) -> ReturningUpdate[Any]:
        runnable = sa.or_(sa.and_(_pending, job.c.due_at <= utc_now()), _abandoned)
        claimable = sa.and_(job.c.id == sa.bindparam("job_id"), runnable, job.c.attempts < job.c.max_attempts)
        return (
            self._picked(sa.select(job.c.id).where(claimable), claimable)
            .values(
                state=JobState.RUNNING.value,
                attempts=job.c.attempts + 1,
                token=sa.bindparam("new_token"),
                lease_until=_LEASE_END,
                wake_at=_LEASE_END,
            )
            .returning(*job.c)
        )

    def _bury_abandoned_statement(self) -> sa.Update:
        hopeless = sa.and_(job.c.id == sa.bindparam("job_id"), _abandoned, job.c.attempts >= job.c.max_attempts)
        return self._picked(sa.select(job.c.id).where(hopeless), hopeless).values(
            state=JobState.DEAD.value,
            finished_at=utc_now(),
            error="the worker was lost in the last attempt",
            **_ENDED,
        )

    def _wake_statement(self, limit: int) -> ReturningUpdate[Any]:
        """Build with a plain number: of a parameter, SQLAlchemy would make a window function on SQL Server, not TOP."""
        overdue = job.c.wake_at <= utc_now()
        waiting = sa.select(job.c.id).where(overdue).order_by(job.c.wake_at, job.c.id).limit(limit)
        return (
            self._picked(waiting, overdue)
            .values(wake_at=in_milliseconds("again_ms"))
            .returning(job.c.id, job.c.queue, job.c.enqueued_at)
        )

    def _picked(self, wanted: sa.Select[tuple[UUID]], condition: sa.ColumnElement[bool]) -> sa.Update:
        """Update the rows that a locking query finds, which a CTE keeps from being asked twice.

        The condition is repeated for the rows that are updated: where a server takes no notice of lock hints, of two
        who found the same row only the first may have it.
        """
        picked = self._dialect.skip_locked(wanted, job).cte("picked")
        update = self._dialect.passing_over_locked(sa.update(job))
        return update.where(job.c.id.in_(sa.select(picked.c.id)), condition)


def _listed(state: JobState | None) -> sa.Select[tuple[object, ...]]:
    listed = sa.select(job).order_by(*_oldest_first)
    return listed if state is None else listed.where(job.c.state == state.value)


_LEASE_END = utc_in(job.c.lease_ms)
# Written as NULL, not sent as a parameter: ODBC has to ask the server for the type of a parameter without a value.
_ENDED = {"token": sa.null(), "lease_until": sa.null(), "wake_at": sa.null()}
_RETRY = (
    sa.update(job)
    .where(_held)
    .values(
        state=JobState.PENDING.value,
        token=sa.null(),
        lease_until=sa.null(),
        due_at=in_milliseconds("wait_ms"),
        wake_at=in_milliseconds("wait_ms"),
        error=sa.bindparam("error"),
    )
)
_BURY = (
    sa.update(job)
    .where(_held)
    .values(state=JobState.DEAD.value, finished_at=utc_now(), error=sa.bindparam("error"), **_ENDED)
)
_RELEASE = (
    sa.update(job)
    .where(_held)
    .values(
        state=JobState.PENDING.value,
        attempts=job.c.attempts - 1,
        token=sa.null(),
        lease_until=sa.null(),
        wake_at=utc_now(),
    )
)
_FORGET = sa.update(job).where(_pending, job.c.due_at <= utc_now()).values(wake_at=utc_now())
