"""Claiming the best due jobs of a queue in one statement, and completing many in one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.sql.dml import ReturningUpdate

from corelib.adapters.sqlalchemy import job_rows
from corelib.adapters.sqlalchemy.clock import utc_in, utc_now
from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.failures import close_quietly, translated
from corelib.adapters.sqlalchemy.job_completing import MOST_RESULTS, Shape, complete_statement, shape_of, values_of
from corelib.adapters.sqlalchemy.job_key_claims import KeyClaims
from corelib.adapters.sqlalchemy.job_rows import in_milliseconds, milliseconds
from corelib.adapters.sqlalchemy.job_table import JobTable, claim_values, claimed
from corelib.adapters.sqlalchemy.job_telling import JobTelling, ToldTransaction
from corelib.adapters.sqlalchemy.tables import job, pending, queue
from corelib.adapters.sqlalchemy.tokens import new_token
from corelib.domain.job import Claim, JobResult, JobState
from corelib.domain.job_event_making import started, succeeded
from corelib.errors import CorelibError
from corelib.ports.job_claims import NO_RESULTS, Intake, Turn
from corelib.ports.repository import Locking

NOW: sa.ColumnElement[datetime] = utc_now()


class SqlJobClaims(JobTable):
    """Keeps the contract of `corelib.ports.job_claims.JobClaims`.

    A queue without limits takes one statement. One with limits is claimed under the lock of its row: of two workers
    the second counts what the first has taken.
    """

    def __init__(self, engine: Engine, dialect: SqlDialect, telling: JobTelling | None = None) -> None:
        super().__init__(engine, dialect, telling)
        self._at_once = dialect.committing_each_statement(engine)
        self._free = cache(lambda limit: _claim_statement(dialect, limit, *dialect.unhurried, _UNLIMITED))
        self._complete = cache(partial(complete_statement, dialect))
        self._turn = cache(partial(_turn_statement, dialect))
        self._limited = cache(lambda limit: _claim_statement(dialect, limit, *dialect.unhurried))
        self._of_keys = KeyClaims(dialect)
        self._free_batch = cache(lambda limit: _batch_statement(dialect, limit, *dialect.unhurried, _UNLIMITED))
        self._limited_batch = cache(lambda limit: _batch_statement(dialect, limit, *dialect.unhurried))
        self._locked = dialect.locking(_SETTINGS, queue, Locking.WAIT)

    def claim_due(self, queue: str, *, limit: int, worker: str | None = None, lease: timedelta | None = None) -> Intake:
        """Claim in one statement; only if that finds nothing, look whether the queue is limited."""
        values = {"of_queue": queue, **claim_values(worker, lease)}
        with self._told_statement() as told:
            claims = _claims(told.connection.execute(self._free(limit), values).all())
            told.note(started(claim.job for claim in claims))
        return Intake(claims) if claims else self._none_or_limited(values, limit)

    def claim_batch(
        self,
        queue: str,
        name: str,
        *,
        limit: int,
        within: timedelta,
        worker: str | None = None,
        lease: timedelta | None = None,
    ) -> Intake:
        """Claim in one statement, as `claim_due` does."""
        batch = {"of_name": name, "within_ms": milliseconds(within)}
        values = {"of_queue": queue, **batch, **claim_values(worker, lease)}
        with self._told_statement() as told:
            claims = _claims(told.connection.execute(self._free_batch(limit), values).all())
            told.note(started(claim.job for claim in claims))
        return Intake(claims) if claims else self._none_or_limited(values, limit, self._limited_batch)

    def complete(self, claims: Sequence[Claim], results: Mapping[UUID, JobResult] = NO_RESULTS) -> list[bool]:
        """Complete in one statement, or in more where a job is there twice: one of its claims does not hold it.

        Jobs of flows have transactions of their own, in which they are counted.
        """
        steps = {claim.token: self._completed_step(claim, results) for claim in claims if claim.job.place is not None}
        alone = [claim for claim in claims if claim.job.place is None]
        ended = dict(zip([claim.token for claim in alone], self._complete_alone(alone, results), strict=True))
        return [(steps if claim.job.place is not None else ended)[claim.token] for claim in claims]

    def _complete_alone(self, claims: Sequence[Claim], results: Mapping[UUID, JobResult]) -> list[bool]:
        first = {claim.job.id: claim for claim in reversed(claims)}
        ended = {(job_id, first[job_id].token) for job_id in self._completed(list(first.values()), results)}
        others = [claim for claim in claims if first[claim.job.id] is not claim]
        return [
            (claim.job.id, claim.token) in ended or (claim in others and bool(self._completed([claim], results)))
            for claim in claims
        ]

    def take_turns(
        self,
        claims: Sequence[Claim],
        queue: str,
        *,
        limit: int,
        results: Mapping[UUID, JobResult] = NO_RESULTS,
        worker: str | None = None,
        lease: timedelta | None = None,
    ) -> Turn:
        """Complete and claim in one statement, where the engine has such, no job is there twice and none is in a flow.

        It waits for the disk, as a claim alone does not.
        """
        several = len({claim.job.id for claim in claims}) < len(claims) or len(results) > MOST_RESULTS
        several = several or any(claim.job.place is not None for claim in claims)
        apart = several or self._telling.recording or not (claims and limit)
        if not self._dialect.changes_with_queries or apart:
            return self._one_after_the_other(claims, results, partial(self._claim_up_to, queue, limit, worker, lease))
        values = {"of_queue": queue, **claim_values(worker, lease)}
        with self._told_statement() as told:
            statement = self._turn(limit, shape_of(claims, results))
            rows = told.connection.execute(statement, {**values, **values_of(claims, results)}).all()
            ended, taken = set(rows[0].completed or ()), _claims([row for row in rows if row.id is not None])
            completed = [claim.job.id in ended for claim in claims]
            _note_completed(told, [claim for claim in claims if claim.job.id in ended], rows[0].told_at)
            told.note(started(claim.job for claim in taken))
        if taken:
            return Turn(completed, Intake(taken))
        return Turn(completed, _unless_it_fails(partial(self._none_or_limited, values, limit)))

    def _one_after_the_other(
        self, claims: Sequence[Claim], results: Mapping[UUID, JobResult], take: Callable[[], Intake]
    ) -> Turn:
        if not claims:
            return Turn([], take())
        return Turn(self.complete(claims, results), _unless_it_fails(take))

    def _claim_up_to(self, queue: str, limit: int, worker: str | None, lease: timedelta | None) -> Intake:
        return self.claim_due(queue, limit=limit, worker=worker, lease=lease) if limit else Intake()

    def _none_or_limited(
        self, values: Mapping[str, object], limit: int, statement: Callable[[int], sa.Executable] | None = None
    ) -> Intake:
        """Look whether the queue is limited, when a claim without limits has found nothing."""
        with self._statement() as connection:
            if connection.execute(_IS_LIMITED, {"of_queue": values["of_queue"]}).first() is None:
                return Intake()
        with self._told() as told:
            intake = self._claim_within_limits(told.connection, values, limit, statement or self._limited)
            told.note(started(claim.job for claim in intake.claims))
        return intake

    def _completed_step(self, claim: Claim, results: Mapping[UUID, JobResult]) -> bool:
        statement, values = job_rows.completion(claim.job.id, claim.token, results.get(claim.token))
        if self._telling.on:
            statement = statement.returning(job.c.finished_at)
        with self._told() as told:
            row = told.connection.execute(statement, values).first()
            if row is not None:
                if told.on:
                    told.note(succeeded(claim.job, row.finished_at))
                self._count_in_flow(told, claim.job)
        return row is not None

    def _completed(self, claims: Sequence[Claim], results: Mapping[UUID, JobResult]) -> list[UUID]:
        done: list[UUID] = []
        portion = MOST_RESULTS if results else len(claims)
        for start in range(0, len(claims), max(1, portion)):
            done += self._completed_portion(claims[start : start + portion], results)
        return done

    def _completed_portion(self, claims: Sequence[Claim], results: Mapping[UUID, JobResult]) -> list[UUID]:
        statement = self._complete(shape_of(claims, results))
        with self._told_statement() as told:
            rows = told.connection.execute(statement, values_of(claims, results)).all()
            at = {row.id: row.finished_at for row in rows}
            for claim in claims:
                if claim.job.id in at:
                    _note_completed(told, [claim], at[claim.job.id])
        return list(at)

    def _claim_within_limits(
        self,
        connection: Connection,
        values: Mapping[str, object],
        limit: int,
        statement: Callable[[int], sa.Executable],
    ) -> Intake:
        of_queue = {"of_queue": values["of_queue"]}
        settings = connection.execute(self._locked, of_queue).first()
        if settings is None or settings.paused_at is not None:
            return Intake(held_back=settings is not None)
        allowed = limit
        if settings.concurrency is not None:
            running: int = connection.execute(_RUNNING, of_queue).scalar_one()
            allowed = min(allowed, settings.concurrency - running)
        if settings.rate_limit is not None:
            allowed = min(allowed, settings.rate_limit - (settings.window_used if settings.window_open else 0))
        if allowed < 1:
            return Intake(held_back=True)
        keyed = settings.key_concurrency is not None or settings.key_rate_limit is not None
        if keyed and statement is not self._limited:
            return Intake()  # a batch has no company there
        if keyed:
            rows = self._of_keys.claim(connection, settings, values, allowed)
        else:
            rows = connection.execute(statement(allowed), values).all()
        if rows and settings.rate_limit is not None:
            connection.execute(_COUNT_WITHIN if settings.window_open else _OPEN, {**of_queue, "taken": len(rows)})
        held_back = len(rows) == allowed < limit
        if keyed and len(rows) < limit:
            held_back = self._of_keys.waits(connection, values["of_queue"])
        return Intake(_claims(rows), held_back=held_back)

    def _told_statement(self) -> AbstractContextManager[ToldTransaction]:
        """Return what `_statement` gives, of which somebody may be told; what is recorded needs a transaction."""
        return self._telling.transaction(self._transaction() if self._telling.recording else self._statement())

    @contextmanager
    def _statement(self) -> Iterator[Connection]:
        """Give a connection for statements each of which is a transaction, where the engine has such."""
        with translated(self._dialect):
            connection = self._at_once.connect()
            try:
                yield connection
                connection.commit()
            finally:
                close_quietly(connection)


def _unless_it_fails(take: Callable[[], Intake]) -> Intake | None:
    """Take, but do not let an error hide that claims were completed before."""
    try:
        return take()
    except CorelibError:
        return None


def _note_completed(told: ToldTransaction, claims: Sequence[Claim], at: datetime) -> None:
    if told.on:
        told.note(event for claim in claims for event in succeeded(claim.job, at))


def _claims(rows: Sequence[sa.Row[Any]]) -> list[Claim]:
    claims = [Claim(job_rows.job_of(row), row.token) for row in rows]
    return sorted(claims, key=lambda claim: (-claim.job.priority, claim.job.due_at, claim.job.id))


def _claim_statement(
    dialect: SqlDialect,
    limit: int,
    *conditions: sa.ColumnElement[bool],
    due_by: sa.ColumnElement[datetime] = NOW,
) -> ReturningUpdate[Any]:
    """Build with a plain number, as `SqlJobStore` does for `wake`."""
    due = sa.and_(pending, job.c.due_at <= due_by)
    looked_at = dialect.reading_rows(job.c.attempts)
    best = (
        sa.select(job.c.id)
        .where(job.c.queue == sa.bindparam("of_queue"), due, *looked_at, *conditions)
        .order_by(job.c.priority.desc(), job.c.due_at, job.c.id)
        .limit(limit)
    )
    picked = dialect.skip_locked(best, job).cte("picked")
    update = dialect.passing_over_locked(sa.update(job))
    return claimed(update.where(job.c.id.in_(sa.select(picked.c.id)), *dialect.asked_again(pending)), new_token())


def _batch_statement(dialect: SqlDialect, limit: int, *conditions: sa.ColumnElement[bool]) -> ReturningUpdate[Any]:
    named = job.c.name == sa.bindparam("of_name")
    return _claim_statement(dialect, limit, named, *conditions, due_by=in_milliseconds("within_ms"))


def _turn_statement(dialect: SqlDialect, limit: int, shape: Shape) -> sa.Select[Any]:
    """Build what completes and claims, and returns a row at least: the identifiers that were completed stand in each.

    Both see the table as it was before, and neither changes what the other one does.
    """
    ended = complete_statement(dialect, shape).cte("ended")
    taken = _claim_statement(dialect, limit, _UNLIMITED).cte("taken")
    completed = sa.select(sa.func.array_agg(ended.c.id, type_=sa.ARRAY(sa.Uuid))).scalar_subquery()
    always = sa.select(sa.literal_column("1").label("one")).subquery("always")
    told_at = utc_now().label("told_at")
    return sa.select(completed.label("completed"), told_at, *taken.c).select_from(always.outerjoin(taken, sa.true()))


_NAMED = queue.c.name == sa.bindparam("of_queue")
_HAS_LIMIT = sa.or_(
    queue.c.paused_at.is_not(None),
    queue.c.concurrency.is_not(None),
    queue.c.rate_limit.is_not(None),
    queue.c.key_concurrency.is_not(None),
    queue.c.key_rate_limit.is_not(None),
)
_IS_LIMITED = sa.select(queue.c.name).where(_NAMED, _HAS_LIMIT)
_UNLIMITED = sa.not_(sa.exists(sa.select(sa.literal_column("1")).where(_NAMED, _HAS_LIMIT)))
_WINDOW_OPEN = sa.case((queue.c.window_until > utc_now(), 1), else_=0).label("window_open")
_SETTINGS = sa.select(*queue.c, _WINDOW_OPEN).where(_NAMED)
_RUNNING = (
    sa.select(sa.func.count())
    .select_from(job)
    .where(job.c.queue == sa.bindparam("of_queue"), job.c.state == JobState.RUNNING.value)
)
_COUNT_WITHIN = (
    sa.update(queue).where(_NAMED).values(window_used=queue.c.window_used + sa.bindparam("taken", type_=sa.Integer))
)
_OPEN = (
    sa.update(queue)
    .where(_NAMED)
    .values(window_used=sa.bindparam("taken", type_=sa.Integer), window_until=utc_in(queue.c.rate_ms))
)
