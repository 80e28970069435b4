from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.jobs_steering import JobSteeringContract


class TestMemory(OnMemory, JobSteeringContract):
    """The fake."""


class TestSqlite(OnSqlite, JobSteeringContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, JobSteeringContract):
    """A server, if one is named."""


class TestMssql(OnMssql, JobSteeringContract):
    """The reference engine, if one is named."""
