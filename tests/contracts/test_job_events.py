from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.job_events import JobTellingContract


class TestMemory(OnMemory, JobTellingContract):
    """The fake."""


class TestSqlite(OnSqlite, JobTellingContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, JobTellingContract):
    """A server, if one is named."""


class TestMssql(OnMssql, JobTellingContract):
    """The reference engine, if one is named."""
