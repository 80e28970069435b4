from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.unit_of_work_hooks import HookContract


class TestMemory(OnMemory, HookContract):
    """The fake."""


class TestSqlite(OnSqlite, HookContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, HookContract):
    """A server, if one is named."""


class TestMssql(OnMssql, HookContract):
    """The reference engine, if one is named."""
