from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.unit_of_work_events import EventContract


class TestMemory(OnMemory, EventContract):
    """The fake."""


class TestSqlite(OnSqlite, EventContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, EventContract):
    """A server, if one is named."""


class TestMssql(OnMssql, EventContract):
    """The reference engine, if one is named."""
