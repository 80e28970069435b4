"""Steering stored jobs by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from attrs import evolve
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy.clock import utc_now
from corelib.adapters.sqlalchemy.flow_progress import PLACE, FlowProgress
from corelib.adapters.sqlalchemy.job_flows import FREE_TO_PURGE, SqlJobFlows, delete_empty
from corelib.adapters.sqlalchemy.job_rows import in_milliseconds, milliseconds
from corelib.adapters.sqlalchemy.job_table import OLDEST_FIRST, PENDING, THIS
from corelib.adapters.sqlalchemy.tables import gate, job, pending
from corelib.domain.job import JobState
from corelib.domain.job_event_making import what_became_of
from corelib.domain.job_queues import UNFINISHED, QueueDepth
from corelib.domain.retention import check_purge
from corelib.ports.job_steering import ALL_JOBS, JobFilter
from corelib.ports.storage import Terms

_DEAD = job.c.state == JobState.DEAD.value


class SqlJobSteering(SqlJobFlows):
    """Keeps the contract of `corelib.ports.job_steering.JobSteering`."""

    def retry_dead(self, job_id: UUID, *, attempts: int = 1, payload: str | None = None) -> bool:
        """Let a dead or cancelled job be pending and due now; or waiting, if it has not begun and its gate is shut."""
        values: dict[str, object] = {"job_id": job_id, "more": attempts}
        with self._told() as told:
            progress = FlowProgress(told.connection, self._dialect)
            statement = _RETRY_WAITING if self._has_to_wait(told.connection, progress, job_id) else _RETRY_DEAD
            if payload is not None:
                statement = statement.values(payload=sa.bindparam("edited"), payload_key=sa.null())
                values["edited"] = payload
            rows = told.rows(statement, values, what_became_of, otherwise=PLACE)
            progress.revive([row for row in rows if row.counted_as is not None])
        return bool(rows)

    def _has_to_wait(self, connection: Connection, progress: FlowProgress, job_id: UUID) -> bool:
        """Lock the flow of a step that has not begun, and return whether jobs before it have not ended."""
        place = connection.execute(_UNBEGUN_STEP, {"job_id": job_id}).first()
        if place is None:
            return False
        progress.lock(place.flow_id)
        values = {"of_flow": place.flow_id, "of_gate": place.waits_at}
        remaining: int = connection.execute(_REMAINING, values).scalar_one()
        return remaining > 0

    def retry_many_dead(self, which: JobFilter = ALL_JOBS, *, attempts: int = 1, limit: int = 500) -> int:
        """Let dead jobs be pending and due now."""
        condition = sa.and_(_DEAD, *matching(which))
        wanted = sa.select(job.c.id).where(condition).order_by(*OLDEST_FIRST).limit(limit)
        statement = self._picked(sa.update(job), wanted, condition).values(_AGAIN)
        with self._told() as told:
            rows = told.rows(statement, {"more": attempts}, what_became_of, otherwise=PLACE)
            revived = [row for row in rows if row.counted_as is not None]
            FlowProgress(told.connection, self._dialect).revive(revived)
        return len(rows)

    def discard(self, job_id: UUID) -> bool:
        """Delete a job that nobody runs; the history of its attempts goes with it."""
        with self._transaction() as connection:
            place = connection.execute(_FIND_STEP, {"job_id": job_id}).first()
            if place is not None:
                progress = FlowProgress(connection, self._dialect)
                if place.state == JobState.WAITING.value:
                    progress.lock(place.flow_id)
                connection.execute(_END_UNBEGUN, {"job_id": job_id})
                progress.count([job_id])
            deleted = connection.execute(_DISCARD, {"job_id": job_id}).rowcount == 1
            if place is not None:
                delete_empty(connection, [place.flow_id])
        return deleted

    def drain(self, queue: str, *, limit: int = 500) -> int:
        """Cancel the pending jobs of a queue."""
        condition = sa.and_(PENDING, *matching(JobFilter(queue=queue)))
        wanted = sa.select(job.c.id).where(condition).order_by(*OLDEST_FIRST).limit(limit)
        values = {"state": JobState.CANCELLED.value, "finished_at": utc_now(), "wake_at": sa.null()}
        statement = self._picked(sa.update(job), wanted, condition).values(values)
        with self._told() as told:
            rows = told.rows(statement, {}, what_became_of, otherwise=(job.c.id, job.c.flow_id))
            steps = [row.id for row in rows if row.flow_id is not None]
            FlowProgress(told.connection, self._dialect, told=told).count(steps)
        return len(rows)

    def purge(
        self,
        state: JobState,
        *,
        older_than: timedelta,
        beyond: int = 0,
        which: JobFilter = ALL_JOBS,
        limit: int = 500,
    ) -> int:
        """Delete a portion of ended jobs.

        What ended so long ago was enqueued even longer ago, which is what the index of the states knows.
        """
        check_purge(state, beyond)
        ago = in_milliseconds("age_ms")
        ended = sa.and_(job.c.state == sa.bindparam("ended"), *matching(which))
        condition = sa.and_(ended, job.c.enqueued_at <= ago, job.c.finished_at <= ago, FREE_TO_PURGE)
        older = _before_the_newest(which, beyond) if beyond else sa.true()
        wanted = sa.select(job.c.id).where(condition, older).order_by(*OLDEST_FIRST).limit(limit)
        values = {"ended": state.value, "age_ms": -milliseconds(older_than)}
        statement = self._picked(sa.delete(job), wanted, condition).returning(job.c.id, job.c.flow_id)
        with self._transaction() as connection:
            rows = connection.execute(statement, values).all()
            delete_empty(connection, [row.flow_id for row in rows if row.flow_id is not None])
        return len(rows)

    def depths(self, *, time_limit: timedelta | None = None) -> Sequence[QueueDepth]:
        """Count in one query by two indexes: that of the pending jobs, which has all it needs, and that of states."""
        with self._read() as connection:
            if time_limit is not None:
                self._dialect.set_terms(connection, Terms(statement_timeout=time_limit))
            rows = connection.execute(_DEPTHS).all()
        found: dict[str, QueueDepth] = {}
        for row in rows:
            depth = found.get(row.queue, QueueDepth(row.queue))
            depth = evolve(depth, jobs={**depth.jobs, JobState(row.state): row.jobs})
            if row.state == JobState.PENDING.value:
                oldest = timedelta(0) if row.oldest is None else max(timedelta(0), row.read_at - row.oldest)
                depth = evolve(depth, due=row.due, oldest_due=oldest)
            found[row.queue] = depth
        return [found[queue] for queue in sorted(found)]

    def count_by_queue(self) -> Mapping[str, Mapping[JobState, int]]:
        """Count the jobs by queue and state."""
        statement = sa.select(job.c.queue, job.c.state, sa.func.count()).group_by(job.c.queue, job.c.state)
        found: dict[str, dict[JobState, int]] = {}
        with self._read() as connection:
            for queue, state, count in connection.execute(statement.order_by(job.c.queue, job.c.state)):
                found.setdefault(queue, {})[JobState(state)] = count
        return found


def matching(which: JobFilter, of: sa.FromClause = job) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of a filter, of the table of jobs or an alias of it."""
    wanted = (
        (of.c.queue.__eq__, which.queue),
        (of.c.name.__eq__, which.name),
        (of.c.flow_id.__eq__, which.flow),
        (of.c.enqueued_at.__ge__, which.since),
        (of.c.enqueued_at.__lt__, which.until),
    )
    return [compare(value) for compare, value in wanted if value is not None]


def _before_the_newest(which: JobFilter, count: int) -> sa.ColumnElement[bool]:
    """Leave out the newest jobs of a state: so many entries of its index are read backwards.

    Where there are fewer, nothing is less than NULL.
    """
    newest = job.alias("newest")
    last = (
        sa.select(newest.c.enqueued_at, newest.c.id)
        .where(newest.c.state == sa.bindparam("ended"), *matching(which, newest))
        .order_by(newest.c.enqueued_at.desc(), newest.c.id.desc())
        .limit(1)
        .offset(count - 1)
    )
    at, last_id = (last.with_only_columns(column).scalar_subquery() for column in (newest.c.enqueued_at, newest.c.id))
    return sa.or_(job.c.enqueued_at < at, sa.and_(job.c.enqueued_at == at, job.c.id < last_id))


def _literal(state: JobState) -> sa.ColumnElement[str]:
    """Return a state that stands in the text: an index with a condition serves no statement with a parameter."""
    return sa.literal_column(f"'{state.value}'", sa.Unicode(16))


def _depths() -> sa.CompoundSelect[Any]:
    due = sa.case((job.c.due_at <= utc_now(), 1), else_=0)
    of_pending = (
        sa.select(
            job.c.queue,
            _literal(JobState.PENDING).label("state"),
            sa.func.count().label("jobs"),
            sa.func.sum(due).label("due"),
            sa.func.min(job.c.due_at).label("oldest"),
            utc_now().label("read_at"),
        )
        .where(pending)
        .group_by(job.c.queue)
    )
    others = (
        sa.select(
            job.c.queue,
            job.c.state,
            sa.func.count(),
            sa.literal_column("0", sa.Integer),
            sa.func.min(job.c.due_at),
            utc_now(),
        )
        .where(job.c.state.in_([_literal(state) for state in UNFINISHED if state is not JobState.PENDING]))
        .group_by(job.c.queue, job.c.state)
    )
    return sa.union_all(of_pending, others)


_DEPTHS = _depths()
_AGAIN = {
    "state": JobState.PENDING.value,
    "max_attempts": job.c.attempts + sa.bindparam("more", type_=sa.Integer),
    "due_at": utc_now(),
    "wake_at": utc_now(),
    "finished_at": sa.null(),
    "cancel_requested_at": sa.null(),
}
_RETRY_DEAD = (
    sa.update(job).where(THIS, job.c.state.in_([JobState.DEAD.value, JobState.CANCELLED.value])).values(_AGAIN)
)
_RETRY_WAITING = _RETRY_DEAD.values(state=JobState.WAITING.value, wake_at=sa.null())
_UNBEGUN_STEP = sa.select(job.c.flow_id, job.c.waits_at).where(THIS, job.c.waits_at.is_not(None), job.c.attempts == 0)
_FIND_STEP = sa.select(job.c.flow_id, job.c.state).where(THIS, job.c.flow_id.is_not(None))
_REMAINING = sa.select(gate.c.remaining).where(
    gate.c.flow_id == sa.bindparam("of_flow"), gate.c.number == sa.bindparam("of_gate")
)
_UNBEGUN = [JobState.WAITING.value, JobState.PENDING.value, JobState.PARKED.value]
_END_UNBEGUN = (
    sa.update(job)
    .where(THIS, job.c.state.in_(_UNBEGUN))
    .values(state=JobState.CANCELLED.value, finished_at=utc_now(), wake_at=sa.null())
)
_DISCARD = sa.delete(job).where(THIS, job.c.state.in_([*_UNBEGUN, JobState.DEAD.value, JobState.CANCELLED.value]))
