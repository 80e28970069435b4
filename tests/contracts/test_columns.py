from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from tests.contracts.storages import OnMemory
from tests.support.databases import (
    MSSQL,
    MSSQL_LACKS,
    POSTGRESQL,
    database_with_tables,
    declared_lacking,
    empty,
    server_named_by,
    sqlite_file,
)

from corelib.adapters.memory import ManualClock, MemoryStorage
from corelib.adapters.memory.cipher import MemoryCipher
from corelib.adapters.sqlalchemy import SqlStorage, create_engine
from corelib.ports.storage import Storage
from corelib.testing.contracts.capabilities import Capability
from corelib.testing.contracts.column_sample_tables import schema
from corelib.testing.contracts.columns import ColumnsContract


@pytest.fixture(scope="module")
def postgresql() -> Iterator[SqlStorage]:
    """The tables of this suite's samples, made once."""
    with database_with_tables(server_named_by(POSTGRESQL), schema) as storage:
        yield storage


@pytest.fixture(scope="module")
def mssql() -> Iterator[SqlStorage]:
    with database_with_tables(server_named_by(MSSQL), schema) as storage:
        yield storage


def on(made: SqlStorage, clock: ManualClock) -> Iterator[Storage]:
    """A storage over the same engine, that stamps by a clock; its tables are emptied afterwards."""
    yield SqlStorage(made.engine, schema, clock=clock, cipher=MemoryCipher())
    empty(made.engine, schema)


class TestMemory(OnMemory, ColumnsContract):
    """The fake."""

    @pytest.fixture
    def storage(self, clock: ManualClock) -> Storage:
        return MemoryStorage(clock)


class TestSqlite(ColumnsContract):
    """The embedded default."""

    adapter: ClassVar[str] = "sqlalchemy, SQLite"
    lacks: ClassVar[frozenset[Capability]] = frozenset({Capability.CONCURRENT_TRANSACTIONS, Capability.SERVER})

    @pytest.fixture
    def storage(self, tmp_path: Path, clock: ManualClock) -> Iterator[Storage]:
        storage = SqlStorage(create_engine(sqlite_file(tmp_path)), schema, clock=clock, cipher=MemoryCipher())
        storage.create()
        yield storage
        storage.close()


class TestPostgresql(ColumnsContract):
    """A server, if one is named."""

    adapter: ClassVar[str] = "sqlalchemy, PostgreSQL"

    @pytest.fixture
    def storage(self, postgresql: SqlStorage, clock: ManualClock) -> Iterator[Storage]:
        yield from on(postgresql, clock)


class TestMssql(ColumnsContract):
    """The reference engine, if one is named."""

    adapter: ClassVar[str] = "sqlalchemy, SQL Server"
    lacks: ClassVar[frozenset[Capability]] = declared_lacking(MSSQL_LACKS)

    @pytest.fixture
    def storage(self, mssql: SqlStorage, clock: ManualClock) -> Iterator[Storage]:
        yield from on(mssql, clock)
