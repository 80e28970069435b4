from __future__ import annotations

from tests.contracts.storages import OnMemory, OnMssql, OnPostgresql, OnSqlite

from corelib.testing.contracts.specifications import SpecificationContract


class TestMemory(OnMemory, SpecificationContract):
    """The fake."""


class TestSqlite(OnSqlite, SpecificationContract):
    """The embedded default."""


class TestPostgresql(OnPostgresql, SpecificationContract):
    """A server, if one is named."""


class TestMssql(OnMssql, SpecificationContract):
    """The reference engine, if one is named."""
