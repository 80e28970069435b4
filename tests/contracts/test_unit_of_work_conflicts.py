from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.unit_of_work_conflicts import ConflictContract


class TestMemory(OnMemory, ConflictContract):
    """The fake."""


class TestSqlite(OnSqlite, ConflictContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, ConflictContract):
    """A server, if one is named."""


class TestMssql(OnMssql, ConflictContract):
    """The reference engine, if one is named."""
