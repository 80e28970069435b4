from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.jobs_queues import QueueControlContract


class TestMemory(OnMemory, QueueControlContract):
    """The fake."""


class TestSqlite(OnSqlite, QueueControlContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, QueueControlContract):
    """A server, if one is named."""


class TestMssql(OnMssql, QueueControlContract):
    """The reference engine, if one is named."""
