from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.jobs_runs import JobRunsContract


class TestMemory(OnMemory, JobRunsContract):
    """The fake."""


class TestSqlite(OnSqlite, JobRunsContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, JobRunsContract):
    """A server, if one is named."""


class TestMssql(OnMssql, JobRunsContract):
    """The reference engine, if one is named."""
