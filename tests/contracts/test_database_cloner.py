from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import pytest
import sqlalchemy as sa
from attrs import frozen
from tests.contracts.kit_servers import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.database_cloner import DatabaseClonerContract
from corelib.testing.database.memory.cloner import MemoryCloner
from corelib.testing.database.memory.server import MemoryServer
from corelib.testing.database.mssql.backup_restore import BackupRestoreCloner
from corelib.testing.database.mssql.facts import YES
from corelib.testing.database.mssql.migrating import MigratingCloner
from corelib.testing.database.mssql.server import MssqlServer
from corelib.testing.database.ports.cloner import Cloner
from corelib.testing.database.postgresql.cloner import PostgresqlCloner
from corelib.testing.database.postgresql.server import PostgresqlServer
from corelib.testing.database.sqlite.cloner import SqliteCloner
from corelib.testing.database.sqlite.server import SqliteServer


class TestMemory(OnMemory, DatabaseClonerContract):
    """A process that shares a world with others."""

    @pytest.fixture
    def cloner(self, server: MemoryServer) -> Cloner:
        return MemoryCloner(server.process)


class TestSqlite(OnSqlite, DatabaseClonerContract):
    """By a copy of the file."""

    @pytest.fixture
    def cloner(self, server: SqliteServer) -> Cloner:
        return SqliteCloner(server)


class TestPostgresql(OnPostgresql, DatabaseClonerContract):
    """By CREATE DATABASE ... TEMPLATE."""

    @pytest.fixture
    def cloner(self, server: PostgresqlServer) -> Cloner:
        return PostgresqlCloner(server)


class TestMssql(OnMssql, DatabaseClonerContract):
    """By BACKUP and RESTORE."""

    @pytest.fixture
    def cloner(self, server: MssqlServer) -> Cloner:
        backup = server.facts().traits["backup"]
        if backup != YES:
            pytest.skip(backup)
        return BackupRestoreCloner(server)


class TestMssqlByMigrations(OnMssql, DatabaseClonerContract):
    """By migrations for each clone."""

    adapter: ClassVar[str] = "SQL Server, by migrations"

    @pytest.fixture
    def cloner(self, server: MssqlServer, write: Callable[[str, str], None]) -> Cloner:
        return MigratingCloner(server, Seeding(write))


@frozen
class Seeding:
    """Builds what the suite writes into a template."""

    write: Callable[[str, str], None]

    @property
    def label(self) -> str:
        return "a seed"

    def fingerprint(self) -> str:
        return "f00d"

    def build(self, url: str) -> None:
        self.write(str(sa.make_url(url).database), "seed")
