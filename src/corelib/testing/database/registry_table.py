"""The table of the registry."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import mssql
from sqlalchemy.engine import Row

from corelib.adapters.sqlalchemy import UtcDateTime
from corelib.testing.database.model import Kind, OwnedDatabase

LONGEST_NOTE = 1000
"""Characters; SQL Server's NVARCHAR counts UTF-16 units, of which a character may need two."""

_EXACT = "Latin1_General_100_BIN2"
"""Compares by code points, whatever the server's own collation takes for equal."""


def _note() -> sa.types.TypeEngine[str]:
    return sa.Unicode(LONGEST_NOTE).with_variant(mssql.NVARCHAR(2 * LONGEST_NOTE), "mssql")


metadata: sa.MetaData = sa.MetaData()

# The number belongs to the name: kits of different versions share a server, and one that wants other columns takes
# another table. Each then drops what it made itself, and knows nothing of the other's.
table: sa.Table = sa.Table(
    "corelib_test_database_1",
    metadata,
    sa.Column("name", sa.Unicode(128).with_variant(mssql.NVARCHAR(128, collation=_EXACT), "mssql"), primary_key=True),
    sa.Column("kind", sa.Unicode(16), nullable=False),
    sa.Column("run", sa.Unicode(32), nullable=False),
    sa.Column("fingerprint", sa.Unicode(128), nullable=False),
    sa.Column("made_at", UtcDateTime, nullable=False),
    sa.Column("used_at", UtcDateTime, nullable=False),
    sa.Column("keep_until", UtcDateTime),
    sa.Column("note", _note(), nullable=False),
)


def owned(row: Row[tuple[object, ...]]) -> OwnedDatabase:
    """Return the record that a row of the table is."""
    values = row._mapping
    return OwnedDatabase(**{**values, "kind": Kind(values["kind"])})
