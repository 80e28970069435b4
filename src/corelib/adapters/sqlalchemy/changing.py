"""Changing tables: one process at a time, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import Connection, Engine

from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.failures import translated


@contextmanager
def changing_tables(engine: Engine, dialect: SqlDialect) -> Iterator[Connection]:
    """Give the block a connection in a transaction that holds the lock for changing tables; commit at its end."""
    with translated(dialect), engine.connect() as connection, dialect.changing_tables(connection):
        yield connection
