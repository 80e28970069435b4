"""Databases for tests: made for them, emptied between them, dropped after them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine
from tests.support.until import until

from corelib.adapters.sqlalchemy import SqlSchema, SqlStorage, create_engine, tables
from corelib.testing.contracts.capabilities import Capability

POSTGRESQL = "CORELIB_TEST_POSTGRESQL_URL"
MSSQL = "CORELIB_TEST_MSSQL_URL"
MSSQL_LACKS = "CORELIB_TEST_MSSQL_LACKS"
"""Names of capabilities that the server behind `MSSQL` lacks, as `SNAPSHOT_ISOLATION,STATEMENT_TIMEOUT`."""

KILL = "KILL"
"""One more name for `MSSQL_LACKS`: an administrator ends sessions. Only tests of faults need it."""


def server_named_by(variable: str) -> str:
    """Return the URL in an environment variable; without it, skip the test."""
    url = os.environ.get(variable)
    if not url:
        pytest.skip(f"{variable} is not set: python -m corelib.testing.servers -- pytest ... sets what can be had")
    return url


def declared_lacking(variable: str) -> frozenset[Capability]:
    """Return the capabilities that an environment variable names, for a server that is not quite what it stands for."""
    return frozenset(Capability[name] for name in _declared(variable) - {KILL})


def skip_where_lacking(url: str, *wanted: Capability | str) -> None:
    """Skip the test if the server behind a URL is declared to lack any of these capabilities."""
    if sa.make_url(url).get_backend_name() == "mssql":
        skip_on_mssql_lacking(*wanted)


def skip_on_mssql_lacking(*wanted: Capability | str) -> None:
    """Skip a test on SQL Server if the server that is named is declared to lack any of these capabilities."""
    missing = _declared(MSSQL_LACKS) & {each.name if isinstance(each, Capability) else each for each in wanted}
    if missing:
        pytest.skip(f"{MSSQL_LACKS} says that the server lacks {', '.join(sorted(missing))}")


def _declared(variable: str) -> set[str]:
    return {name.strip().upper() for name in os.environ.get(variable, "").split(",") if name.strip()}


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """Create an empty database, give its URL to the block, and drop it."""
    name = f"corelib_test_{uuid4().hex}"
    run_on_server(server_url, f"CREATE DATABASE {name}")
    mssql = sa.make_url(server_url).get_backend_name() == "mssql"
    if mssql and Capability.SNAPSHOT_ISOLATION not in declared_lacking(MSSQL_LACKS):
        run_on_server(server_url, f"ALTER DATABASE {name} SET ALLOW_SNAPSHOT_ISOLATION ON")
    try:
        yield in_database(server_url, name)
    finally:
        _drop(server_url, name)


def _drop(server_url: str, name: str) -> None:
    """Drop a database, whoever is still connected to it."""
    if sa.make_url(server_url).get_backend_name() != "mssql":
        run_on_server(server_url, f"DROP DATABASE {name} WITH (FORCE)")
        return
    with _cursor(server_url) as cursor:
        sessions = f"SELECT session_id FROM sys.dm_exec_sessions WHERE database_id = DB_ID('{name}') AND session_id > 0"
        for (session,) in cursor.execute(sessions).fetchall():
            with suppress(Exception):  # it may have ended by now
                cursor.execute(f"KILL {session}")
        until(lambda: not cursor.execute(sessions).fetchall(), f"nobody is connected to {name} any more")
        cursor.execute(f"DROP DATABASE {name}")


@contextmanager
def database_with_tables(server_url: str, schema: SqlSchema) -> Iterator[SqlStorage]:
    """Create a database with the tables of a schema, give its storage to the block, and drop it."""
    with fresh_database(server_url) as url, opened(url, schema) as storage:
        storage.create()
        yield storage


@contextmanager
def opened(url: str, schema: SqlSchema) -> Iterator[SqlStorage]:
    """Give the storage of a database to the block, and close it."""
    storage = SqlStorage(create_engine(url), schema)
    try:
        yield storage
    finally:
        storage.close()


def empty(engine: Engine, schema: SqlSchema) -> None:
    """Delete all rows of a host's tables and of corelib's own; those that refer to others go first."""
    with engine.begin() as connection:
        for metadata in (schema.metadata, tables.metadata):
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())


def sqlite_file(folder: Path) -> str:
    """Return the URL of a file that does not exist yet."""
    return f"sqlite:///{folder / uuid4().hex}.sqlite"


def in_database(server_url: str, name: str) -> str:
    """Return the URL of another database of a server."""
    return _text(sa.make_url(server_url).set(database=name))


def at_closed_port(server_url: str) -> str:
    """Return the URL with a port at which nothing listens."""
    url = sa.make_url(server_url).difference_update_query(["host", "port"])  # where a socket's folder may stand
    return _text(url.set(host="127.0.0.1", port=1))


def with_wrong_login(server_url: str) -> str:
    """Return the URL with a user that does not exist."""
    return _text(sa.make_url(server_url).set(username=f"nobody_{uuid4().hex[:8]}", password="not-the-password"))


def run_on_server(server_url: str, statement: str) -> None:
    """Run a statement outside of any transaction, on a connection that is thrown away afterwards."""
    with _cursor(server_url) as cursor:
        cursor.execute(statement)


@contextmanager
def _cursor(server_url: str) -> Iterator[Any]:
    engine = create_engine(server_url)
    connection = engine.raw_connection()
    driver_connection: Any = connection.driver_connection
    try:
        driver_connection.autocommit = True
        yield driver_connection.cursor()
    finally:
        connection.invalidate()
        engine.dispose()


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
