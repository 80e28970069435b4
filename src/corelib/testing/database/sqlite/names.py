"""Names as SQLite reads them in a statement."""

from __future__ import annotations

from corelib.testing.database.planning.catalogue import TableName

SCHEMA = "main"
"""The schema of the file that a connection opened; files that it attached are not the cleaner's."""


def quoted(name: str) -> str:
    """Return an identifier between double quotes, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def qualified(name: TableName) -> str:
    """Return a table with its schema."""
    return f"{quoted(name.schema)}.{quoted(name.name)}"
