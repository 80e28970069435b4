from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.jobs_claiming import JobClaimsContract


class TestMemory(OnMemory, JobClaimsContract):
    """The fake."""


class TestSqlite(OnSqlite, JobClaimsContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, JobClaimsContract):
    """A server, if one is named."""


class TestMssql(OnMssql, JobClaimsContract):
    """The reference engine, if one is named."""
