"""Claiming from a queue that limits the jobs of each key; whoever calls holds the lock of the queue's row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import ReturningUpdate

from corelib.adapters.sqlalchemy.clock import utc_in, utc_now
from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.job_table import claimed
from corelib.adapters.sqlalchemy.tables import job, job_key, pending, queue
from corelib.adapters.sqlalchemy.tokens import new_token
from corelib.domain.job import JobState

LOOKS = 5
"""How often the best jobs are asked for, without those of keys that have turned out to be full."""

NO_LIMIT = 2**31 - 1


class KeyClaims:
    """Claims the best due jobs whose keys have room.

    Jobs that run are counted in their own table, so that nothing has to be counted down when one ends or its worker
    dies. How many have begun within a window stands in `corelib_job_key`.
    """

    def __init__(self, dialect: SqlDialect) -> None:
        self._dialect = dialect
        self._candidates = cache(lambda limit: candidates(dialect, limit))
        self._claim = claim_chosen(dialect)
        self._used = used_within_windows(dialect)

    def claim(
        self, connection: Connection, settings: Any, values: Mapping[str, object], limit: int
    ) -> Sequence[sa.Row[Any]]:
        """Claim up to so many jobs and return their rows; `settings` is the row of the queue, `values` name it."""
        of_queue = {"of_queue": values["of_queue"]}
        connection.execute(FORGET_WINDOWS, of_queue)
        chosen = self._chosen(connection, settings, of_queue, limit)
        if not chosen:
            return []
        rows = connection.execute(self._claim, {**values, "chosen": chosen}).all()
        if settings.key_rate_limit is not None:
            self._count(connection, of_queue, Counter(row.limit_key for row in rows if row.limit_key is not None))
        return rows

    def waits(self, connection: Connection, queue: object) -> bool:
        """Return whether a job is due, whatever its key."""
        return connection.execute(JOB_WAITS, {"of_queue": queue}).first() is not None

    def _chosen(self, connection: Connection, settings: Any, of_queue: Mapping[str, object], limit: int) -> list[UUID]:
        portion = 4 * limit + 16
        chosen: list[UUID] = []
        full: set[str] = set()
        room: dict[str, int] = {}
        limits = {"most": settings.key_concurrency or NO_LIMIT, "rate": settings.key_rate_limit or NO_LIMIT}
        for _ in range(LOOKS):
            asked = {**of_queue, **limits, "full": sorted(full), "taken": chosen}
            found = connection.execute(self._candidates(portion), asked).all()
            new = {row.limit_key for row in found if row.limit_key is not None} - room.keys()
            room |= self._room(connection, of_queue, limits, sorted(new))
            for row in found:
                if row.limit_key is not None:
                    if not room[row.limit_key]:
                        full.add(row.limit_key)
                        continue
                    room[row.limit_key] -= 1
                chosen.append(row.id)
                if len(chosen) == limit:
                    return chosen
            if len(found) < portion:
                break
        return chosen

    def _room(
        self, connection: Connection, of_queue: Mapping[str, object], limits: Mapping[str, int], keys: Sequence[str]
    ) -> dict[str, int]:
        """Return how many jobs of each key may begin now."""
        if not keys:
            return {}
        running = {row.limit_key: row.jobs for row in connection.execute(RUNNING_OF_KEYS, of_queue)}
        used = {row.limit_key: row.used for row in connection.execute(self._used, {**of_queue, "keys": list(keys)})}
        return {
            key: max(0, min(limits["most"] - running.get(key, 0), limits["rate"] - used.get(key, 0))) for key in keys
        }

    def _count(self, connection: Connection, of_queue: Mapping[str, object], begun: Counter[str]) -> None:
        """Count jobs that begin in the windows of their keys; a key without one opens it."""
        if not begun:
            return
        opened = {row.limit_key for row in connection.execute(self._used, {**of_queue, "keys": sorted(begun)})}
        for keys, statement in ((opened, COUNT_WITHIN_WINDOW), (begun.keys() - opened, OPEN_WINDOW)):
            rows = [{**of_queue, "of_key": key, "begun": begun[key]} for key in sorted(keys)]
            if rows:
                connection.execute(statement, rows)


def candidates(dialect: SqlDialect, limit: int) -> sa.Select[Any]:
    """Build the query for the best due jobs, without those whose keys have no room; it locks nothing."""
    running = job.alias("running")
    crowded = (
        sa.select(running.c.limit_key)
        .where(
            running.c.queue == sa.bindparam("of_queue"),
            running.c.state == JobState.RUNNING.value,
            running.c.limit_key.is_not(None),
        )
        .group_by(running.c.limit_key)
        .having(sa.func.count() >= sa.bindparam("most", type_=sa.Integer))
    )
    used_up = sa.exists(
        sa.select(sa.literal_column("1")).where(
            job_key.c.queue == sa.bindparam("of_queue"),
            job_key.c.limit_key == job.c.limit_key,
            job_key.c.used >= sa.bindparam("rate", type_=sa.Integer),
        )
    )
    has_room = sa.or_(
        job.c.limit_key.is_(None),
        sa.and_(job.c.limit_key.not_in(crowded), sa.not_(used_up), sa.not_(dialect.listed(job.c.limit_key, "full"))),
    )
    return (
        sa.select(job.c.id, job.c.limit_key)
        .where(_DUE, has_room, sa.not_(dialect.listed(job.c.id, "taken")))
        .order_by(job.c.priority.desc(), job.c.due_at, job.c.id)
        .limit(limit)
    )


def claim_chosen(dialect: SqlDialect) -> ReturningUpdate[Any]:
    """Build what claims chosen jobs, but for those that somebody has locked or taken meanwhile."""
    wanted = sa.select(job.c.id).where(dialect.listed(job.c.id, "chosen"), _DUE, *dialect.unhurried)
    picked = dialect.skip_locked(wanted, job).cte("picked")
    update = dialect.passing_over_locked(sa.update(job))
    return claimed(update.where(job.c.id.in_(sa.select(picked.c.id)), *dialect.asked_again(pending)), new_token())


def used_within_windows(dialect: SqlDialect) -> sa.Select[Any]:
    """Build the query for how many jobs of some keys have begun; what is over was forgotten before."""
    return sa.select(job_key.c.limit_key, job_key.c.used).where(
        job_key.c.queue == sa.bindparam("of_queue"), dialect.listed(job_key.c.limit_key, "keys")
    )


_DUE = sa.and_(job.c.queue == sa.bindparam("of_queue"), pending, job.c.due_at <= utc_now())
JOB_WAITS = sa.select(job.c.id).where(_DUE).limit(1)
RUNNING_OF_KEYS = (
    sa.select(job.c.limit_key, sa.func.count().label("jobs"))
    .where(
        job.c.queue == sa.bindparam("of_queue"),
        job.c.state == JobState.RUNNING.value,
        job.c.limit_key.is_not(None),
    )
    .group_by(job.c.limit_key)
)
FORGET_WINDOWS = sa.delete(job_key).where(
    job_key.c.queue == sa.bindparam("of_queue"), job_key.c.window_until <= utc_now()
)
COUNT_WITHIN_WINDOW = (
    sa.update(job_key)
    .where(job_key.c.queue == sa.bindparam("of_queue"), job_key.c.limit_key == sa.bindparam("of_key"))
    .values(used=job_key.c.used + sa.bindparam("begun", type_=sa.Integer))
)
OPEN_WINDOW = sa.insert(job_key).from_select(
    ["queue", "limit_key", "window_until", "used"],
    sa.select(
        queue.c.name,
        sa.bindparam("of_key", type_=job_key.c.limit_key.type),
        utc_in(queue.c.key_rate_ms),
        sa.bindparam("begun", type_=sa.Integer),
    ).where(queue.c.name == sa.bindparam("of_queue")),
)
