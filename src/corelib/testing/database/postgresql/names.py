"""Names and texts as PostgreSQL reads them in a statement."""

from __future__ import annotations

from corelib.testing.database.planning.catalogue import TableName


def quoted(name: str) -> str:
    """Return an identifier between double quotes, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def qualified(name: TableName) -> str:
    """Return a table or a sequence with its schema."""
    return f"{quoted(name.schema)}.{quoted(name.name)}"


def literal(text: str) -> str:
    """Return a text between single quotes; backslashes stand for themselves (standard_conforming_strings)."""
    return "'" + text.replace("'", "''") + "'"


def dollar_quoted(body: str) -> str:
    """Return a text between dollar quotes whose tag does not occur in it."""
    tag = "$corelib$"
    number = 0
    while tag in body:
        number += 1
        tag = f"$corelib{number}$"
    return f"{tag}\n{body}\n{tag}"
