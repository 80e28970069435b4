from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.repository_stream import StreamContract


class TestMemory(OnMemory, StreamContract):
    """The fake."""


class TestSqlite(OnSqlite, StreamContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, StreamContract):
    """A server, if one is named."""


class TestMssql(OnMssql, StreamContract):
    """The reference engine, if one is named."""
