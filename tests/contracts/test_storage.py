from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.storage import StorageContract


class TestMemory(OnMemory, StorageContract):
    """The fake."""


class TestSqlite(OnSqlite, StorageContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, StorageContract):
    """A server, if one is named."""


class TestMssql(OnMssql, StorageContract):
    """The reference engine, if one is named."""
