from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.job_store import JobStoreContract


class TestMemory(OnMemory, JobStoreContract):
    """The fake."""


class TestSqlite(OnSqlite, JobStoreContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, JobStoreContract):
    """A server, if one is named."""


class TestMssql(OnMssql, JobStoreContract):
    """The reference engine, if one is named."""
