from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.unit_of_work_terms import TermsContract


class TestMemory(OnMemory, TermsContract):
    """The fake."""


class TestSqlite(OnSqlite, TermsContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, TermsContract):
    """A server, if one is named."""


class TestMssql(OnMssql, TermsContract):
    """The reference engine, if one is named."""
