from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.job_event_log import JobEventLogContract


class TestMemory(OnMemory, JobEventLogContract):
    """The fake."""


class TestSqlite(OnSqlite, JobEventLogContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, JobEventLogContract):
    """A server, if one is named."""


class TestMssql(OnMssql, JobEventLogContract):
    """The reference engine, if one is named."""
