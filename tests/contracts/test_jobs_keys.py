from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.jobs_keys import JobKeysContract


class TestMemory(OnMemory, JobKeysContract):
    """The fake."""


class TestSqlite(OnSqlite, JobKeysContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, JobKeysContract):
    """A server, if one is named."""


class TestMssql(OnMssql, JobKeysContract):
    """The reference engine, if one is named."""
