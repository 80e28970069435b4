from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.job_queue import JobQueueContract


class TestMemory(OnMemory, JobQueueContract):
    """The fake."""


class TestSqlite(OnSqlite, JobQueueContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, JobQueueContract):
    """A server, if one is named."""


class TestMssql(OnMssql, JobQueueContract):
    """The reference engine, if one is named."""
