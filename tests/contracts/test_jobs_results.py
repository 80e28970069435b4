from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.jobs_results import JobResultsContract


class TestMemory(OnMemory, JobResultsContract):
    """The fake."""


class TestSqlite(OnSqlite, JobResultsContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, JobResultsContract):
    """A server, if one is named."""


class TestMssql(OnMssql, JobResultsContract):
    """The reference engine, if one is named."""
