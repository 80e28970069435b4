from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.jobs_schedules import ScheduleStoreContract


class TestMemory(OnMemory, ScheduleStoreContract):
    """The fake."""


class TestSqlite(OnSqlite, ScheduleStoreContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, ScheduleStoreContract):
    """A server, if one is named."""


class TestMssql(OnMssql, ScheduleStoreContract):
    """The reference engine, if one is named."""
