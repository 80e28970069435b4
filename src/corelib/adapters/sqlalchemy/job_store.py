"""The workers' side of the job table: every call is one short transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from attrs import evolve
from sqlalchemy.engine import Engine
from sqlalchemy.sql.dml import ReturningUpdate

from corelib.adapters.sqlalchemy import job_rows
from corelib.adapters.sqlalchemy.clock import utc_now
from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.failures import translated
from corelib.adapters.sqlalchemy.flow_progress import FlowProgress
from corelib.adapters.sqlalchemy.job_attempts import record
from corelib.adapters.sqlalchemy.job_claims import SqlJobClaims
from corelib.adapters.sqlalchemy.job_rows import in_milliseconds, milliseconds
from corelib.adapters.sqlalchemy.job_runs import SqlJobRuns
from corelib.adapters.sqlalchemy.job_steering import SqlJobSteering, matching
from corelib.adapters.sqlalchemy.job_table import (
    ABANDONED,
    ENDED,
    HELD,
    NOT_BEGUN,
    OLDEST_FIRST,
    PENDING,
    THIS,
    claim_values,
    claimed,
    pending_unless_cancelled,
)
from corelib.adapters.sqlalchemy.job_telling import JobTelling, ToldTransaction
from corelib.adapters.sqlalchemy.tables import job
from corelib.domain.job import AttemptOutcome, Claim, Job, JobRef, JobState
from corelib.domain.job_event_making import attempt_ended, handed_back, started
from corelib.domain.job_events import JobEvent
from corelib.errors import TransientFailure
from corelib.ports.job_steering import ALL_JOBS, JobFilter
from corelib.ports.job_store import LOST_WORKER, TIME_IS_UP


class SqlJobStore(SqlJobRuns, SqlJobSteering, SqlJobClaims):
    """Keeps the contract of `corelib.ports.job_store.JobStore` by the clock of the database."""

    def __init__(self, engine: Engine, dialect: SqlDialect, telling: JobTelling | None = None) -> None:
        super().__init__(engine, dialect, telling)
        claimable = sa.and_(THIS, PENDING, job.c.due_at <= utc_now(), job.c.attempts < job.c.max_attempts)
        self._claim = claimed(self._picked(sa.update(job), sa.select(job.c.id).where(claimable), claimable), _NEW_TOKEN)
        self._find_abandoned = self._find_abandoned_statement()

    def claim(self, job_id: UUID, *, worker: str | None = None, lease: timedelta | None = None) -> Claim | None:
        """Claim a pending job in one statement that passes over a locked row; else see whether its worker was lost."""
        token = uuid4()
        values = {"job_id": job_id, "new_token": token, **claim_values(worker, lease)}
        with self._told() as told:
            row = told.connection.execute(self._claim, values).first()
            if row is None:
                row = self._take_over(told, values)
            claim = None if row is None else Claim(job_rows.job_of(row), token)
            if claim is not None:
                told.note(started([claim.job]))
        return claim

    def _take_over(self, told: ToldTransaction, values: Mapping[str, object]) -> sa.Row[Any] | None:
        """Record the attempt that lost its lease, and claim the job, or end it."""
        connection = told.connection
        found = connection.execute(self._find_abandoned, {"job_id": values["job_id"]}).first()
        if found is None:
            return None
        outcome, error = (
            (AttemptOutcome.TIMED_OUT, TIME_IS_UP) if found.timed_out else (AttemptOutcome.STALLED, LOST_WORKER)
        )
        lost = {"held": found.token, "error": error}
        if found.cancelled or found.attempts >= found.max_attempts:
            ended = JobState.CANCELLED if found.cancelled else JobState.DEAD
            ending = {"job_id": found.id, "ended": ended.value, **lost}
            if told.change(_END_ABANDONED, ending, lambda job, at: attempt_ended(job, outcome, error, at)):
                record(connection, found.id, outcome=outcome, error=error)
                if found.flow_id is not None:
                    FlowProgress(connection, self._dialect, told=told).count([found.id])
            return None
        record(connection, found.id, outcome=outcome, error=error)
        row = connection.execute(_TAKE_OVER, {**values, **lost}).first()
        if row is None:  # somebody was quicker, where a server takes no notice of lock hints
            connection.rollback()
        elif told.on:
            told.note(_lost(job_rows.job_of(row), found, outcome, error))
        return row

    def retry(
        self,
        claim: Claim,
        *,
        error: str,
        wait: timedelta,
        traceback: str | None = None,
        outcome: AttemptOutcome = AttemptOutcome.FAILED,
    ) -> bool:
        """Put a claimed job back to pending, or mark it dead if it has no attempt left."""
        if claim.job.attempts >= claim.job.max_attempts:
            return self.bury(claim, error=error, traceback=traceback, outcome=outcome)
        wait_ms = milliseconds(wait)
        return self._end(_RETRY, claim, outcome=outcome, error=error, traceback=traceback, wait_ms=wait_ms)

    def bury(
        self,
        claim: Claim,
        *,
        error: str,
        traceback: str | None = None,
        outcome: AttemptOutcome = AttemptOutcome.FAILED,
    ) -> bool:
        """Mark a claimed job as dead."""
        return self._end(_BURY, claim, outcome=outcome, error=error, traceback=traceback)

    def release(self, claim: Claim) -> bool:
        """Hand a claimed job back."""
        with self._told() as told:
            values = {"job_id": claim.job.id, "held": claim.token}
            held = told.change(_RELEASE, values, lambda job, at: handed_back(claim.job, job, at)) == 1
            if held:
                self._count_in_flow(told, claim.job)
        return held

    def put_back(self, job_id: UUID) -> bool:
        """Take a job over and hand it back in one transaction."""
        token = uuid4()
        with self._told() as told:
            row = self._take_over(told, {"job_id": job_id, "new_token": token, **claim_values(None, None)})
            if row is None:
                return False
            return told.connection.execute(_RELEASE, {"job_id": job_id, "held": token}).rowcount == 1

    def promote(self, job_id: UUID) -> bool:
        """Let a job that waits for a later time be due now."""
        with self._transaction() as connection:
            return connection.execute(_PROMOTE, {"job_id": job_id}).rowcount == 1

    def wake(self, *, limit: int, again_after: timedelta) -> list[JobRef]:
        """Hand out waiting jobs; a deadlock with another relay means that the other one hands them out."""
        values = {"again_ms": milliseconds(again_after)}
        try:
            with self._transaction() as connection:
                rows = connection.execute(self._wake_statement(limit), values).all()
        except TransientFailure:
            return []
        oldest_first = sorted(rows, key=lambda row: (row.enqueued_at, row.id))
        return [JobRef(row.id, row.queue, row.state == JobState.RUNNING.value) for row in oldest_first]

    def forget_announcements(self) -> int:
        """Let `wake` hand out every pending job that is due."""
        with self._transaction() as connection:
            return connection.execute(self._dialect.passing_over_locked(_FORGET)).rowcount

    def list(self, *, state: JobState | None = None, which: JobFilter = ALL_JOBS, limit: int = 100) -> Sequence[Job]:
        """Return jobs, oldest first."""
        statement = _listed(state).where(*matching(which)).limit(limit)
        with self._read() as connection:
            return [job_rows.job_of(row) for row in connection.execute(statement)]

    def stream(self, *, state: JobState | None = None, batch: int = 500) -> Iterator[Job]:
        """Go through the jobs with a cursor of the server."""
        with (
            self._read() as connection,
            translated(self._dialect),
            connection.execution_options(yield_per=batch).execute(_listed(state)) as rows,
        ):
            for row in rows:
                yield job_rows.job_of(row)

    def count(self, which: JobFilter = ALL_JOBS) -> Mapping[JobState, int]:
        """Count the jobs by state."""
        counted = sa.select(job.c.state, sa.func.count()).where(*matching(which)).group_by(job.c.state)
        with self._read() as connection:
            rows = connection.execute(counted).all()
        found = {row[0]: row[1] for row in rows}
        return {state: found.get(state.value, 0) for state in JobState}

    def _find_abandoned_statement(self) -> sa.Select[Any]:
        """Build the query that locks an abandoned job."""
        columns = (
            job.c.id,
            job.c.token,
            job.c.attempts,
            job.c.max_attempts,
            job.c.flow_id,
            job.c.worker,
            job.c.started_at,
            sa.case((job.c.run_until <= utc_now(), 1), else_=0).label("timed_out"),
            sa.case((job.c.cancel_requested_at.is_not(None), 1), else_=0).label("cancelled"),
        )
        return self._dialect.skip_locked(sa.select(*columns).where(THIS, ABANDONED), job)

    def _wake_statement(self, limit: int) -> ReturningUpdate[Any]:
        """Build with a plain number: of a parameter, SQLAlchemy would make a window function on SQL Server, not TOP."""
        overdue = job.c.wake_at <= utc_now()
        waiting = sa.select(job.c.id).where(overdue).order_by(job.c.wake_at, job.c.id).limit(limit)
        return (
            self._picked(sa.update(job), waiting, overdue)
            .values(wake_at=in_milliseconds("again_ms"))
            .returning(job.c.id, job.c.queue, job.c.enqueued_at, job.c.state)
        )


def _lost(claimed: Job, found: sa.Row[Any], outcome: AttemptOutcome, error: str) -> list[JobEvent]:
    """Return what is told of the attempt before the one that has taken a job over."""
    at = claimed.started_at or claimed.due_at
    waits = evolve(claimed, state=JobState.PENDING, attempts=found.attempts, due_at=at, error=error)
    return attempt_ended(evolve(waits, worker=found.worker, started_at=found.started_at), outcome, error, at)


def _listed(state: JobState | None) -> sa.Select[tuple[object, ...]]:
    listed = sa.select(job).order_by(*OLDEST_FIRST)
    return listed if state is None else listed.where(job.c.state == state.value)


_NEW_TOKEN: sa.BindParameter[UUID] = sa.bindparam("new_token", type_=sa.Uuid())
_TAKE_OVER = claimed(sa.update(job).where(HELD, ABANDONED).values(error=sa.bindparam("error")), _NEW_TOKEN)
_END_ABANDONED = (
    sa.update(job)
    .where(HELD, ABANDONED)
    .values(state=sa.bindparam("ended"), finished_at=utc_now(), error=sa.bindparam("error"), **ENDED)
)
_RETRY = (
    sa.update(job)
    .where(HELD)
    .values(
        due_at=in_milliseconds("wait_ms"),
        error=sa.bindparam("error"),
        **pending_unless_cancelled(in_milliseconds("wait_ms")),
    )
)
_BURY = (
    sa.update(job)
    .where(HELD)
    .values(state=JobState.DEAD.value, finished_at=utc_now(), error=sa.bindparam("error"), **ENDED)
)
_RELEASE = sa.update(job).where(HELD).values(**NOT_BEGUN, **pending_unless_cancelled(utc_now()))
_FORGET = sa.update(job).where(PENDING, job.c.due_at <= utc_now()).values(wake_at=utc_now())
_PROMOTE = sa.update(job).where(THIS, PENDING, job.c.due_at > utc_now()).values(due_at=utc_now(), wake_at=utc_now())
