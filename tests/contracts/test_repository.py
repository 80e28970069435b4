from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.repository import RepositoryContract


class TestMemory(OnMemory, RepositoryContract):
    """The fake."""


class TestSqlite(OnSqlite, RepositoryContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, RepositoryContract):
    """A server, if one is named."""


class TestMssql(OnMssql, RepositoryContract):
    """The reference engine, if one is named."""
