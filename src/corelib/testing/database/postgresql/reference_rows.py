"""Reference data of a clone: how many rows each table has, and a digest of what is in them."""
# ruff: noqa: S608 - names are quoted

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen
from sqlalchemy.engine import Connection

from corelib.testing.database.planning.catalogue import Table, TableName
from corelib.testing.database.postgresql.catalogue_sql import rows_of

_ROW = '"corelib: row"'
"""An alias that no column has for its name: the column would hide it."""


@frozen
class Content:
    """What a table holds: equal contents have equal counts and digests, in whatever order the rows stand."""

    count: int
    digest: str


def contents(connection: Connection, tables: Sequence[Table]) -> Mapping[TableName, Content]:
    """Return the content of each table; every row is read."""
    return {table.name: _content(connection, table) for table in tables}


def _content(connection: Connection, table: Table) -> Content:
    query = f"SELECT count(*), sum(hashtextextended({_ROW}::text, 0))::text FROM {rows_of(table)} AS {_ROW}"
    row = connection.exec_driver_sql(query, execution_options={"no_parameters": True}).one()
    return Content(row[0], row[1] or "")
