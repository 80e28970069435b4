"""A database for the benchmark: made for it, filled for each case, dropped at the end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast
from uuid import uuid4

import sqlalchemy as sa
from attrs import field, frozen
from sqlalchemy.engine import Engine

from _persistence import tables
from _persistence.cases import Stored
from _persistence.contenders.core import INSERT_LINES, INSERT_ORDER, row_of, rows_of_lines
from _persistence.domain import order_of
from corelib import App, Host, Settings
from corelib.adapters.sqlalchemy import SqlStorage, create_engine
from corelib.bootstrap import bootstrap

APP = App("bench", schema="_persistence.tables:schema")


@frozen
class Database:
    """An open database with the tables.

    Args:
        title: product and version.
        url: of the database; each contender connects to it by itself.
        host: for what is not timed.
    """

    title: str
    url: str = field(repr=False)
    host: Host

    def fill(self, stored: Stored) -> None:
        """Put the orders into the tables, and nothing else."""
        self.clear()
        orders = [order_of(data) for data in (*stored.open, *stored.others)]
        with engine_of(self.host).begin() as connection:
            connection.execute(INSERT_ORDER, [row_of(order) for order in orders])
            connection.execute(INSERT_LINES, [row for order in orders for row in rows_of_lines(order)])
        self._refresh_statistics()

    def clear(self) -> None:
        """Delete all rows."""
        with engine_of(self.host).begin() as connection:
            for table in reversed(tables.metadata.sorted_tables):
                connection.execute(table.delete())

    def settle(self) -> None:
        """Move SQLite's log into the file, so that it does not happen within one contender's time and not another's."""
        if engine_of(self.host).dialect.name == "sqlite":
            connection = engine_of(self.host).raw_connection()
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()

    def contents(self) -> Sequence[object]:
        """Return all rows of all tables."""
        with engine_of(self.host).connect() as connection:
            return [
                connection.execute(sa.select(table).order_by(*table.primary_key)).all()
                for table in tables.metadata.sorted_tables
            ]

    def _refresh_statistics(self) -> None:
        """Let PostgreSQL plan by what is stored now, and not half-way through a case."""
        if engine_of(self.host).dialect.name == "postgresql":
            with engine_of(self.host).connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM ANALYZE")


def engine_of(host: Host) -> Engine:
    """Return the engine of a host: it has the options that corelib gives to all engines."""
    return cast("SqlStorage", host.storage).engine


def new_host(url: str) -> Host:
    """Return a host with an engine, and so a pool, of its own."""
    return bootstrap(APP, Settings(database_url=url))


@contextmanager
def sqlite_database() -> Iterator[Database]:
    """Make a file with the tables and remove it after the block."""
    title = f"SQLite {sqlite3.sqlite_version}"
    with (
        TemporaryDirectory(prefix="corelib-bench-") as folder,
        _with_tables(title, f"sqlite:///{Path(folder, 'bench.sqlite')}") as database,
    ):
        yield database


@contextmanager
def server_database(title: str, server_url: str) -> Iterator[Database]:
    """Create a database with the tables on a server and drop it after the block."""
    name = f"corelib_bench_{uuid4().hex[:12]}"
    force = " WITH (FORCE)" if sa.make_url(server_url).get_backend_name() == "postgresql" else ""
    _administer(server_url, f"CREATE DATABASE {name}")
    try:
        url = sa.make_url(server_url).set(database=name).render_as_string(hide_password=False)
        with _with_tables(title, url) as database:
            yield database
    finally:
        _administer(server_url, f"DROP DATABASE {name}{force}")


@contextmanager
def _with_tables(title: str, url: str) -> Iterator[Database]:
    with new_host(url) as host:
        host.storage.create()
        yield Database(title, url, host)


def _administer(server_url: str, statement: str) -> None:
    engine = create_engine(server_url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
