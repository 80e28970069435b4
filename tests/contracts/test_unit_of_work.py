from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.unit_of_work import UnitOfWorkContract


class TestMemory(OnMemory, UnitOfWorkContract):
    """The fake."""


class TestSqlite(OnSqlite, UnitOfWorkContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, UnitOfWorkContract):
    """A server, if one is named."""


class TestMssql(OnMssql, UnitOfWorkContract):
    """The reference engine, if one is named."""
