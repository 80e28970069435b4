from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.idempotency_keys import IdempotencyKeyContract


class TestMemory(OnMemory, IdempotencyKeyContract):
    """The fake."""


class TestSqlite(OnSqlite, IdempotencyKeyContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, IdempotencyKeyContract):
    """A server, if one is named."""


class TestMssql(OnMssql, IdempotencyKeyContract):
    """The reference engine, if one is named."""
