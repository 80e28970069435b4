"""Pausing and limiting queues: one row for each that is or was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from corelib.adapters.sqlalchemy.clock import utc_now
from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.failures import close_quietly, translated
from corelib.adapters.sqlalchemy.job_rows import milliseconds
from corelib.adapters.sqlalchemy.tables import job, pending, queue
from corelib.domain.job_queues import Queue, QueueStatus, Rate
from corelib.errors import AlreadyExists


class SqlQueueControl:
    """Keeps the contract of `corelib.ports.queue_control.QueueControl`."""

    def __init__(self, engine: Engine, dialect: SqlDialect) -> None:
        self._engine = engine
        self._dialect = dialect
        # A row that somebody has locked is claimed, announced or changed by them at this moment.
        self._announce = dialect.passing_over_locked(_ANNOUNCE)

    def pause(self, queue: str) -> bool:
        """Note since when."""
        return self._changed(queue, lambda connection: connection.execute(_PAUSE, {"of_queue": queue}).rowcount == 1)

    def resume(self, queue: str) -> bool:
        """Forget the pause, and let the relays look at the jobs that are due."""

        def change(connection: Connection) -> bool:
            if connection.execute(_RESUME, {"of_queue": queue}).rowcount != 1:
                return False
            connection.execute(self._announce, {"of_queue": queue})
            return True

        return self._changed(queue, change)

    def limit(self, queue: str, *, concurrency: int | None, rate: Rate | None) -> None:
        """Set the limits."""
        limits = Queue(queue, concurrency, rate)

        def change(connection: Connection) -> bool:
            connection.execute(_limit(limits))
            connection.execute(self._announce, {"of_queue": queue})
            return True

        self._changed(queue, change)

    def limit_keys(self, queue: str, *, concurrency: int | None, rate: Rate | None) -> None:
        """Set the limits of keys."""
        limits = Queue(queue, key_concurrency=concurrency, key_rate=rate)

        def change(connection: Connection) -> bool:
            connection.execute(_of(queue).values(**_key_values(limits)))
            connection.execute(_ANNOUNCE, {"of_queue": queue})
            return True

        self._changed(queue, change)

    def declare(self, queue: Queue) -> None:
        """Set the limits where the declaration is another one than before."""
        self._changed(queue.name, lambda connection: connection.execute(_declare(queue)).rowcount == 1)

    def list(self) -> Sequence[QueueStatus]:
        """Read all rows."""
        with translated(self._dialect), self._engine.connect() as connection:
            return [_status_of(row) for row in connection.execute(sa.select(queue).order_by(queue.c.name))]

    def _changed(self, name: str, change: Callable[[Connection], bool]) -> bool:
        """Change a row that is there; of two who make one, the second finds it."""
        if not self._is_there(name):
            with suppress(AlreadyExists):  # somebody else has made it in between
                self._in_transaction(lambda connection: connection.execute(_MAKE, {"new_name": name}).rowcount == 1)
        return self._in_transaction(change)

    def _is_there(self, name: str) -> bool:
        with translated(self._dialect), self._engine.connect() as connection:
            return connection.execute(_FIND, {"of_queue": name}).first() is not None

    def _in_transaction(self, change: Callable[[Connection], bool]) -> bool:
        with translated(self._dialect):
            connection = self._engine.connect()
            try:
                changed = change(connection)
                connection.commit()
            finally:
                close_quietly(connection)
        return changed


def _status_of(row: sa.Row[tuple[object, ...]]) -> QueueStatus:
    rate = _rate_of(row.rate_limit, row.rate_ms)
    key_rate = _rate_of(row.key_rate_limit, row.key_rate_ms)
    return QueueStatus(row.name, row.paused_at, row.concurrency, rate, row.key_concurrency, key_rate)


def _rate_of(limit: int | None, milliseconds: int | None) -> Rate | None:
    return None if limit is None else Rate(limit, timedelta(milliseconds=milliseconds or 0))


def _of(name: str) -> sa.Update:
    return sa.update(queue).where(queue.c.name == name)


def _limit(limits: Queue) -> sa.Update:
    return _of(limits.name).values(**_values("", limits.concurrency, limits.rate))


def _key_values(limits: Queue) -> dict[str, object]:
    return _values("key_", limits.key_concurrency, limits.key_rate)


def _values(prefix: str, concurrency: int | None, rate: Rate | None) -> dict[str, object]:
    return {
        f"{prefix}concurrency": sa.null() if concurrency is None else concurrency,
        f"{prefix}rate_limit": sa.null() if rate is None else rate.limit,
        f"{prefix}rate_ms": sa.null() if rate is None else milliseconds(rate.per),
    }


def _declare(declared: Queue) -> sa.Update:
    changed = sa.or_(queue.c.declared.is_(None), queue.c.declared != declared.declaration)
    return _limit(declared).where(changed).values(**_key_values(declared), declared=declared.declaration)


_NAMED = queue.c.name == sa.bindparam("of_queue")
_FIND = sa.select(queue.c.name).where(_NAMED)
_MAKE = sa.insert(queue).values(name=sa.bindparam("new_name"))
_PAUSE = sa.update(queue).where(_NAMED, queue.c.paused_at.is_(None)).values(paused_at=utc_now())
_RESUME = sa.update(queue).where(_NAMED, queue.c.paused_at.is_not(None)).values(paused_at=sa.null())
_ANNOUNCE = (
    sa.update(job)
    .where(
        job.c.queue == sa.bindparam("of_queue"),
        pending,
        job.c.due_at <= utc_now(),
    )
    .values(wake_at=utc_now())
)
