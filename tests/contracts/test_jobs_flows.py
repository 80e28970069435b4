from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.jobs_flows import JobFlowsContract


class TestMemory(OnMemory, JobFlowsContract):
    """The fake."""


class TestSqlite(OnSqlite, JobFlowsContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, JobFlowsContract):
    """A server, if one is named."""


class TestMssql(OnMssql, JobFlowsContract):
    """The reference engine, if one is named."""
