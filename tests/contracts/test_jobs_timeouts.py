from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.jobs_timeouts import TransactionAbandonContract


class TestMemory(OnMemory, TransactionAbandonContract):
    """The fake."""


class TestSqlite(OnSqlite, TransactionAbandonContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, TransactionAbandonContract):
    """A server, if one is named."""


class TestMssql(OnMssql, TransactionAbandonContract):
    """The reference engine, if one is named."""
