from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import ClassVar

import pytest
from sqlalchemy.engine import Engine
from tests.support.databases import (
    KILL,
    MSSQL,
    MSSQL_LACKS,
    POSTGRESQL,
    declared_lacking,
    fresh_database,
    server_named_by,
    sqlite_file,
)

from corelib.adapters.sqlalchemy import create_engine
from corelib.testing.contracts.capabilities import Capability
from corelib.testing.contracts.database_cleaner import CleanerContract, Making
from corelib.testing.database.postgresql.cleaner import PostgresqlCleaner
from corelib.testing.database.sqlite.cleaner import SqliteCleaner

SHORTLY = timedelta(milliseconds=300)


class InDatabase(CleanerContract):
    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def database(self, url: str) -> Iterator[Engine]:
        engine = create_engine(url)
        yield engine
        engine.dispose()


class TestPostgresql(InDatabase):
    adapter: ClassVar[str] = "postgresql"

    @pytest.fixture
    def url(self) -> Iterator[str]:
        with fresh_database(server_named_by(POSTGRESQL)) as url:
            yield url

    @pytest.fixture
    def open_cleaner(self, url: str) -> Making:
        return lambda: PostgresqlCleaner(url, lock_timeout=SHORTLY)


class TestSqlite(InDatabase):
    adapter: ClassVar[str] = "sqlite"
    lacks: ClassVar[frozenset[Capability]] = frozenset({Capability.SCHEMAS, Capability.ENDS_SESSIONS})

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return sqlite_file(tmp_path)

    @pytest.fixture
    def open_cleaner(self, url: str) -> Making:
        return lambda: SqliteCleaner(url, lock_timeout=SHORTLY)


class TestMssql(InDatabase):
    adapter: ClassVar[str] = "mssql"
    lacks: ClassVar[frozenset[Capability]] = (
        frozenset({Capability.ENDS_SESSIONS}) if KILL in os.environ.get(MSSQL_LACKS, "") else frozenset()
    ) | declared_lacking(MSSQL_LACKS)

    @pytest.fixture
    def url(self) -> Iterator[str]:
        with fresh_database(server_named_by(MSSQL)) as url:
            yield url

    @pytest.fixture
    def open_cleaner(self, url: str) -> Making:
        cleaner = import_module("corelib.testing.database.mssql.cleaner").MssqlCleaner
        return lambda: cleaner(url, lock_timeout=SHORTLY)
