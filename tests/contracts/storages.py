"""The storages on which suites run, as classes that a test class names before the suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from tests.support.databases import (
    MSSQL,
    MSSQL_LACKS,
    POSTGRESQL,
    at_closed_port,
    declared_lacking,
    empty,
    fresh_database,
    in_database,
    opened,
    server_named_by,
    sqlite_file,
    with_wrong_login,
)

from corelib.adapters.memory import ManualClock, MemoryStorage
from corelib.adapters.sqlalchemy import SqlStorage
from corelib.ports.storage import Storage
from corelib.testing.contracts.capabilities import Capability
from corelib.testing.contracts.sample_tables import schema
from corelib.testing.contracts.samples import constraints


class OnMemory:
    adapter: ClassVar[str] = "memory"
    lacks: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.SCHEMA,
            Capability.SERVER,
            Capability.STATEMENT_TIMEOUT,
            Capability.LOCK_TIMEOUT,
        }
    )

    @pytest.fixture
    def storage(self) -> Storage:
        return MemoryStorage(ManualClock(), constraints=constraints)


class OnSqlite:
    """One unit of work at a time may write, and each takes the write lock with its first statement."""

    adapter: ClassVar[str] = "sqlalchemy, SQLite"
    lacks: ClassVar[frozenset[Capability]] = frozenset({Capability.CONCURRENT_TRANSACTIONS, Capability.SERVER})

    @pytest.fixture
    def uncreated(self, tmp_path: Path) -> Iterator[Storage]:
        with opened(sqlite_file(tmp_path), schema) as storage:
            yield storage

    @pytest.fixture
    def storage(self, tmp_path: Path) -> Iterator[Storage]:
        with opened(sqlite_file(tmp_path), schema) as storage:
            storage.create()
            yield storage


class OnServer:
    """What PostgreSQL and SQL Server have in common: the variable that names the server."""

    lacks: ClassVar[frozenset[Capability]] = frozenset()
    variable: ClassVar[str]

    @pytest.fixture
    def server_url(self) -> str:
        return server_named_by(self.variable)

    @pytest.fixture
    def uncreated(self, server_url: str) -> Iterator[Storage]:
        with fresh_database(server_url) as url, opened(url, schema) as storage:
            yield storage

    @pytest.fixture
    def unreachable(self, server_url: str) -> Iterator[Storage]:
        with opened(at_closed_port(server_url), schema) as storage:
            yield storage

    @pytest.fixture
    def refusing(self, server_url: str) -> Iterator[Storage]:
        with opened(with_wrong_login(server_url), schema) as storage:
            yield storage

    @pytest.fixture
    def without_database(self, server_url: str) -> Iterator[Storage]:
        with opened(in_database(server_url, "corelib_no_such_database"), schema) as storage:
            yield storage


class OnPostgresql(OnServer):
    adapter: ClassVar[str] = "sqlalchemy, PostgreSQL"
    variable: ClassVar[str] = POSTGRESQL

    @pytest.fixture
    def storage(self, postgresql: SqlStorage) -> Iterator[Storage]:
        yield postgresql
        empty(postgresql.engine, schema)


class OnMssql(OnServer):
    adapter: ClassVar[str] = "sqlalchemy, SQL Server"
    variable: ClassVar[str] = MSSQL
    lacks: ClassVar[frozenset[Capability]] = declared_lacking(MSSQL_LACKS)

    @pytest.fixture
    def storage(self, mssql: SqlStorage) -> Iterator[Storage]:
        yield mssql
        empty(mssql.engine, schema)
