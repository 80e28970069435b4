from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.repository_bulk import BulkContract


class TestMemory(OnMemory, BulkContract):
    """The fake."""


class TestSqlite(OnSqlite, BulkContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, BulkContract):
    """A server, if one is named."""


class TestMssql(OnMssql, BulkContract):
    """The reference engine, if one is named."""
