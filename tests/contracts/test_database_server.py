from __future__ import annotations

from tests.contracts.kit_servers import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.database_server import DatabaseServerContract


class TestMemory(OnMemory, DatabaseServerContract):
    """A process that shares a world with others."""


class TestSqlite(OnSqlite, DatabaseServerContract):
    """A folder with files."""


class TestPostgresql(OnPostgresql, DatabaseServerContract):
    """A server with databases."""


class TestMssql(OnMssql, DatabaseServerContract):
    """A server with databases."""
