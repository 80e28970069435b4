from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.unit_of_work_savepoints import SavepointContract


class TestMemory(OnMemory, SavepointContract):
    """The fake."""


class TestSqlite(OnSqlite, SavepointContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, SavepointContract):
    """A server, if one is named."""


class TestMssql(OnMssql, SavepointContract):
    """The reference engine, if one is named."""
