from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.repository_locking import LockingContract


class TestMemory(OnMemory, LockingContract):
    """The fake."""


class TestSqlite(OnSqlite, LockingContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, LockingContract):
    """A server, if one is named."""


class TestMssql(OnMssql, LockingContract):
    """The reference engine, if one is named."""
