"""Unique jobs as rows: the unique index on `unique_key` decides, whoever comes first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from attrs import evolve

from corelib.adapters.sqlalchemy import job_rows
from corelib.adapters.sqlalchemy.clock import utc_now
from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.job_rows import in_milliseconds, milliseconds
from corelib.adapters.sqlalchemy.tables import has_unique_key, job
from corelib.adapters.sqlalchemy.translating import TranslatingConnection
from corelib.domain.job import JobRef, JobState, NewJob, Placed
from corelib.domain.unique_job import OnConflict, Outcome, UniqueKey, Until
from corelib.errors import AlreadyExists, MisuseError, TransientFailure
from corelib.ports.repository import Locking

TRIES = 10
"""How often the key is looked for while others with it come and go between two statements."""


class UniqueJobs:
    """Places unique jobs within one transaction.

    The key stays in the row of a job that has ended or whose time is over; the next enqueuing takes it away. So nothing
    that moves a job on has to know about keys.
    """

    def __init__(self, connection: TranslatingConnection, dialect: SqlDialect) -> None:
        self._connection = connection
        self._dialect = dialect

    def place(self, new: NewJob) -> Placed:
        """Insert the job, or do what its rule says with the one that keeps it out.

        Raises:
            MisuseError: if it has no key.
            TransientFailure: if that could not be settled.
        """
        if new.unique is None:
            raise MisuseError(f"The job {new.name} has no unique key.", hint="Store it with add_jobs.")
        locks_first = not self._dialect.inserts_or_updates
        for _ in range(TRIES):
            if not locks_first and self._inserted(new):
                return _added(new)
            found = self._met_after_lock(new.unique) if locks_first else self._met(new.unique)
            if found is None:
                if locks_first:
                    self._insert_locked(new)
                    return _added(new)
            elif not found.blocks:
                self._connection.execute(_FREE, {"job_id": found.id, "digest": new.unique.digest})
            elif new.unique.rule.on_conflict is not OnConflict.REPLACE or found.behind_gate:
                return _met(new.unique, found)
            elif self._replaced(new, found, new.unique.rule.longest_wait):
                return Placed(JobRef(found.id, new.queue), Outcome.REPLACED, due=_is_due(new))
        raise TransientFailure(
            f"Jobs {new.name} with the same unique key came and went too fast.", hint="Run the unit of work again."
        )

    def _inserted(self, new: NewJob) -> bool:
        statement = _insert_if_free(self._dialect, new)
        result = self._connection.execute(statement, job_rows.row_of(new), execution_options=_COUNTING)
        return result.rowcount == 1

    def _insert_locked(self, new: NewJob) -> None:
        """Insert under the lock of the key; where a server takes no notice of the lock, the index refuses it."""
        [(statement, rows)] = job_rows.inserts([new])
        try:
            self._connection.execute(statement, rows)
        except AlreadyExists as error:
            raise TransientFailure(
                f"A job {new.name} with the same unique key was enqueued meanwhile.", hint="Run the unit of work again."
            ) from error

    def _met(self, key: UniqueKey) -> sa.Row[Any] | None:
        """Lock the job with the key if it waits, so that it cannot start before this transaction ends.

        One that runs or has run is found without its lock: its worker tells how it goes on.
        """
        waiting = self._dialect.locking(_found(key).where(_waits), job, Locking.WAIT)
        return self._first(waiting, key) or self._first(_found(key).where(sa.not_(_waits)), key)

    def _met_after_lock(self, key: UniqueKey) -> sa.Row[Any] | None:
        """Find the job with the key, and lock its row only if it waits.

        SQL Server locks a row that a query looks at before it knows whether the query wants it.
        """
        self._dialect.lock_unique_key(self._connection, key.digest)
        found = self._first(_found(key), key)
        if found is None or not found.waits:
            return found
        locked = self._connection.rows(self._dialect.locking(_STILL_WAITS, job, Locking.WAIT), {"job_id": found.id})
        return found if locked else self._first(_found(key), key)

    def _first(self, statement: sa.Select[tuple[Any, ...]], key: UniqueKey) -> sa.Row[Any] | None:
        return next(iter(self._connection.rows(statement, _parameters(key))), None)

    def _replaced(self, new: NewJob, found: sa.Row[Any], longest_wait: timedelta | None) -> bool:
        if longest_wait is not None:
            new = _no_later(new, found.enqueued_at + longest_wait, found.now)
        row = {name: value for name, value in job_rows.row_of(new).items() if name not in _STAYS}
        statement = _REPLACE if new.due_at is None else _REPLACE_AT
        cleared = [name for name in _MAY_BE_CLEARED if row.get(name) is None]
        given = {name: value for name, value in row.items() if name not in cleared}
        statement = statement.values(dict.fromkeys(cleared, sa.null()))
        return self._connection.execute(statement, {**given, "replaced": found.id}).rowcount == 1


def _added(new: NewJob) -> Placed:
    return Placed(new.ref, Outcome.ADDED, due=_is_due(new))


def _met(key: UniqueKey, found: sa.Row[Any]) -> Placed:
    ref = JobRef(found.id, found.queue)
    if key.rule.on_conflict is not OnConflict.KEEP:
        return Placed(ref, Outcome.REFUSED, due=False)
    return Placed(ref, Outcome.KEPT, due=bool(found.waits and found.is_due))


def _is_due(new: NewJob) -> bool:
    return not new.delay and new.due_at is None


def _no_later(new: NewJob, latest: datetime, now: datetime) -> NewJob:
    """Return the job with a due time that is no later than an instant, by the clock of the store."""
    if new.due_at is not None:
        return evolve(new, due_at=min(new.due_at, latest))
    return evolve(new, delay=max(timedelta(0), min(new.delay, latest - now)))


def _found(key: UniqueKey) -> sa.Select[tuple[Any, ...]]:
    return _BY_WINDOW if key.rule.window is not None else _BY_STAGE[key.rule.until]


def _parameters(key: UniqueKey) -> dict[str, object]:
    window = {} if key.rule.window is None else {"window_ms": -milliseconds(key.rule.window)}
    return {"digest": key.digest, **window}


def _finding(blocks: sa.ColumnElement[bool]) -> sa.Select[tuple[Any, ...]]:
    """Return the query for the job with a key; `blocks` tells whether it keeps others out.

    SQL Server uses the filtered index only where the query has its filter.
    """
    return sa.select(
        job.c.id,
        job.c.queue,
        job.c.enqueued_at,
        utc_now().label("now"),
        _flag(_waits).label("waits"),
        _flag(job.c.due_at <= utc_now()).label("is_due"),
        _flag(blocks).label("blocks"),
        _flag(job.c.state == JobState.WAITING.value).label("behind_gate"),
    ).where(job.c.unique_key == sa.bindparam("digest"), has_unique_key)


def _flag(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.case((condition, 1), else_=0)


def _insert_if_free(dialect: SqlDialect, new: NewJob) -> sa.Insert:
    insert = dialect.insert_if_free(job, job.c.unique_key, has_unique_key)
    if new.waits:
        due_at = utc_now() if new.due_at is None else sa.bindparam("starts_at")
        return insert.values(enqueued_at=utc_now(), due_at=due_at, wake_at=sa.null())
    return insert.values(enqueued_at=utc_now(), **(_TIMED if new.due_at is not None else _DELAYED))


# SQLAlchemy keeps the number of rows of an INSERT only if it is asked to.
_COUNTING = {"preserve_rowcount": True}
_waits = sa.and_(job.c.finished_at.is_(None), job.c.state != JobState.RUNNING.value)
_BY_STAGE = {Until.STARTED: _finding(_waits), Until.ENDED: _finding(job.c.finished_at.is_(None))}
_BY_WINDOW = _finding(job.c.enqueued_at > in_milliseconds("window_ms"))

_STILL_WAITS = sa.select(job.c.id).where(job.c.id == sa.bindparam("job_id"), _waits)
_FREE = (
    sa.update(job)
    .where(job.c.id == sa.bindparam("job_id"), job.c.unique_key == sa.bindparam("digest"))
    .values(unique_key=sa.null())
)
_DELAYED: dict[str, Any] = {"due_at": in_milliseconds("delay_ms"), "wake_at": in_milliseconds("quiet_ms")}
_TIMED: dict[str, Any] = {"due_at": sa.bindparam("starts_at"), "wake_at": sa.bindparam("starts_at")}
_STAYS = frozenset({"id", "unique_key"})
# Written as NULL, not sent as a parameter: ODBC has to ask the server for the type of a parameter without a value.
_MAY_BE_CLEARED = ("payload_key", "trace", "causation_id", "principal", "tenant", "deadline")
_REPLACE = sa.update(job).where(job.c.id == sa.bindparam("replaced"), _waits).values(error=sa.null(), **_DELAYED)
_REPLACE_AT = sa.update(job).where(job.c.id == sa.bindparam("replaced"), _waits).values(error=sa.null(), **_TIMED)
