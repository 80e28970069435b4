"""A digest of reference data, by which a reset notices that a test changed it."""

from __future__ import annotations

from collections.abc import Sequence

from corelib.testing.database.mssql.described import Column, Reference
from corelib.testing.database.mssql.quoting import identifier, object_id, quoted

HASHED_ROWS = 1_000
"""Up to how many rows a table is read by every reset; of a larger one, the number of rows is compared alone."""

_CASTS = {"": "varbinary(max)", "image": "varbinary(max)"} | dict.fromkeys(("text", "ntext", "xml"), "nvarchar(max)")
"""Types that FOR JSON does not take, or whose text is not said (Microsoft: "How FOR JSON converts data types")."""


def digests(tables: Sequence[Reference]) -> str:
    """Return a query for a number of rows and a digest of each table, by its place in the sequence; "" for no tables.

    Each row is hashed as JSON, and the hashes are added up: so no order of rows is needed, and equal rows count.
    CHECKSUM_AGG(BINARY_CHECKSUM(*)) would be cheaper, but leaves out columns that cannot be compared, as xml, and its
    sums cancel out: the same change to an even number of rows may go unnoticed (Microsoft: "BINARY_CHECKSUM
    (Transact-SQL)", "CHECKSUM_AGG (Transact-SQL)", "HASHBYTES (Transact-SQL)").
    """
    return "\nUNION ALL ".join(_digest(number, table) for number, table in enumerate(tables))


def _digest(number: int, table: Reference) -> str:
    found = f"SELECT N'reference' AS found, {number} AS number"
    if table.rows > HASHED_ROWS:
        return (
            f"{found}, SUM(p.rows) AS quantity, CONVERT(decimal(38, 0), 0) AS digest FROM sys.partitions AS p "
            f"WHERE p.object_id = {object_id(table.name)} AND p.index_id IN (0, 1)"
        )
    hint = "SNAPSHOT" if table.in_memory else "READCOMMITTEDLOCK"
    columns = ", ".join(f"{_readable(column)} AS c{place}" for place, column in enumerate(table.columns))
    return (
        f"{found}, COUNT_BIG(*) AS quantity, COALESCE(SUM(CONVERT(decimal(38, 0), CONVERT(bigint, "
        f"SUBSTRING(HASHBYTES('SHA2_256', j.line), 1, 8)))), 0) AS digest FROM {quoted(table.name)} AS t "
        f"WITH ({hint}) CROSS APPLY (SELECT {columns} FOR JSON PATH, INCLUDE_NULL_VALUES) AS j (line)"
    )


def _readable(column: Column) -> str:
    name = f"t.{identifier(column.name)}"
    cast = _CASTS.get(column.type_name)
    return name if cast is None else f"CONVERT({cast}, {name})"
