from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.jobs_progress import JobProgressContract


class TestMemory(OnMemory, JobProgressContract):
    """The fake."""


class TestSqlite(OnSqlite, JobProgressContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, JobProgressContract):
    """A server, if one is named."""


class TestMssql(OnMssql, JobProgressContract):
    """The reference engine, if one is named."""
