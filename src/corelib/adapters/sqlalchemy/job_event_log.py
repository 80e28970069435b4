"""Job events as rows.

An identity column is not the order of commits: a reader that goes on after the last number misses what a slower
transaction commits later with a lower one. So readers stop at the horizon, below which no transaction goes on. The
horizon is asked for by a statement of its own, before the rows: what has ended by then, the second statement sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.failures import close_quietly, translated
from corelib.adapters.sqlalchemy.job_rows import in_milliseconds, milliseconds
from corelib.adapters.sqlalchemy.sqlite import READ_ONLY
from corelib.adapters.sqlalchemy.tables import job_event, job_event_floor
from corelib.adapters.sqlalchemy.tokens import event_horizon, event_mark
from corelib.domain.job_event_record import JobEventPosition, StoredJobEvent, details_of, event_of
from corelib.domain.job_events import JobEvent
from corelib.errors import AlreadyExists, JobEventsPurged, MisuseError

_COMMON = ("job_id", "name", "queue", "attempt", "at", "correlation_id", "tenant")
_THE_ROW = 1


class SqlJobEventLog:
    """Keeps the contract of `corelib.ports.job_events.JobEventLog`.

    On PostgreSQL the horizon is that of the whole server: a long transaction that writes, also in another database,
    holds back what came after its beginning. On SQL Server it is that of the database, and only transactions that have
    written to a table with a row version count.
    """

    def __init__(self, engine: Engine, dialect: SqlDialect) -> None:
        self._engine = engine
        self._reading = engine.execution_options(**{READ_ONLY: True})
        self._dialect = dialect

    def read(self, *, after: str | None = None, limit: int = 100) -> Sequence[StoredJobEvent]:
        """Read the horizon, the rows below it, and then whether something behind the cursor was purged."""
        if limit < 1:
            raise MisuseError(f"{limit} job events were to be read.", hint="Read 1 or more.")
        position = JobEventPosition.at(after)
        with self._read() as connection:
            horizon = connection.execute(_HORIZON).scalar_one()
            values = {"after_mark": position.mark, "after_number": position.number, "horizon": horizon}
            rows = connection.execute(_behind(position).limit(limit), values).all()
            if after is not None:
                _refuse_purged(connection, position, after)
        return [_stored(row) for row in rows]

    def end(self) -> str:
        """Return the horizon, or where there is none, the last number."""
        with self._read() as connection:
            if self._dialect.one_writer:
                last = connection.execute(_LAST).scalar_one() or connection.execute(_PURGED).scalar_one_or_none()
                return JobEventPosition(0, last or 0).cursor
            return JobEventPosition(connection.execute(_HORIZON).scalar_one(), 0).cursor

    def purge(self, *, older_than: timedelta, limit: int = 1000) -> int:
        """Delete a portion of the oldest rows under the lock of the floor, which is moved with them."""
        self._make_floor()
        with translated(self._dialect):
            connection = self._engine.connect()
            try:
                connection.execute(_LOCK_FLOOR)
                values = {
                    "horizon": connection.execute(_HORIZON).scalar_one(),
                    "age_ms": -milliseconds(older_than),
                }
                rows = connection.execute(_old(limit), values).all()
                if rows:
                    last = max(JobEventPosition(row.mark, row.number) for row in rows)
                    numbers = [row.number for row in rows]
                    connection.execute(_delete(self._dialect), {"numbers": numbers})
                    connection.execute(_MOVE_FLOOR, {"last_mark": last.mark, "last_number": last.number})
                connection.commit()
            finally:
                close_quietly(connection)
        return len(rows)

    def _make_floor(self) -> None:
        with self._read() as connection:
            there = connection.execute(_FLOOR).first() is not None
        if not there:
            with suppress(AlreadyExists), translated(self._dialect), self._engine.begin() as connection:
                connection.execute(sa.insert(job_event_floor).values(id=_THE_ROW, mark=-1, number=0))

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with translated(self._dialect), self._reading.connect() as connection:
            yield connection


def insert_statement(dialect: SqlDialect) -> sa.Insert:
    """Return the statement that inserts job events; parameters as `row_of` gives them."""
    insert = sa.insert(job_event).inline()  # nobody asks for the numbers
    return insert if dialect.marks_rows else insert.values(mark=event_mark())


def row_of(event: JobEvent) -> dict[str, object]:
    """Return the parameters that insert an event."""
    common = {name: getattr(event, name) for name in _COMMON}
    return {"kind": event.kind, **common, "details": details_of(event)}


def _stored(row: sa.Row[Any]) -> StoredJobEvent:
    common = {name: getattr(row, name) for name in _COMMON}
    return StoredJobEvent(JobEventPosition(row.mark, row.number).cursor, event_of(row.kind, common, row.details))


def _refuse_purged(connection: Connection, position: JobEventPosition, cursor: str) -> None:
    floor = connection.execute(_FLOOR).first()
    if floor is not None and position < JobEventPosition(floor.mark, floor.number):
        raise JobEventsPurged(cursor)


def _behind(position: JobEventPosition) -> sa.Select[Any]:
    """Return the query for what is behind a position; the first mark is no row version, so it is left out."""
    found = sa.select(job_event).where(job_event.c.mark < _bound("horizon")).order_by(*_POSITION)
    if position.mark < 0:
        return found
    later = sa.or_(job_event.c.mark > _bound("after_mark"), job_event.c.number > sa.bindparam("after_number"))
    return found.where(job_event.c.mark >= _bound("after_mark"), later)


def _old(limit: int) -> sa.Select[Any]:
    """Return the query for the old ones among the oldest: it looks at so many rows, however many there are."""
    oldest = sa.select(*_POSITION, job_event.c.at).where(job_event.c.mark < _bound("horizon"))
    found = oldest.order_by(*_POSITION).limit(limit).subquery("oldest")
    return sa.select(found.c.mark, found.c.number).where(found.c.at <= in_milliseconds("age_ms"))


def _delete(dialect: SqlDialect) -> sa.Delete:
    return sa.delete(job_event).where(dialect.listed(job_event.c.number, "numbers"))


def _bound(name: str) -> sa.BindParameter[int]:
    return sa.bindparam(name, type_=job_event.c.mark.type)


_POSITION = (job_event.c.mark, job_event.c.number)
_HORIZON = sa.select(event_horizon())
_LAST = sa.select(sa.func.max(job_event.c.number))
_PURGED = sa.select(job_event_floor.c.number)
_FLOOR = sa.select(job_event_floor.c.mark, job_event_floor.c.number).where(job_event_floor.c.id == _THE_ROW)
_LOCK_FLOOR = sa.update(job_event_floor).where(job_event_floor.c.id == _THE_ROW).values(number=job_event_floor.c.number)
_MOVE_FLOOR = (
    sa.update(job_event_floor)
    .where(job_event_floor.c.id == _THE_ROW)
    .values(
        mark=sa.bindparam("last_mark", type_=sa.BigInteger), number=sa.bindparam("last_number", type_=sa.BigInteger)
    )
)
