from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.repository_pages import CursorPagesContract


class TestMemory(OnMemory, CursorPagesContract):
    """The fake."""


class TestSqlite(OnSqlite, CursorPagesContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, CursorPagesContract):
    """A server, if one is named."""


class TestMssql(OnMssql, CursorPagesContract):
    """The reference engine, if one is named."""
