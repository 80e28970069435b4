"""Names and texts as they stand in T-SQL."""

from __future__ import annotations

import re

from corelib.errors import InvalidSetting
from corelib.testing.database.planning.catalogue import TableName

LONGEST_NAME = 124
"""Four characters less than an identifier, since CREATE DATABASE makes the log file's name by adding `_log`.

Microsoft: "CREATE DATABASE (Transact-SQL)", "Database Identifiers".
"""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def checked_name(name: str) -> str:
    """Return the name of a database, if it is made of letters, digits and underscores, as `planning.names` makes it.

    Raises:
        InvalidSetting: if it is not. It may become part of a file's name on the server.
    """
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise InvalidSetting(
            f"{name!r} cannot be the name of a test database.",
            hint=f"Take letters of ASCII, digits and underscores, a letter first, {LONGEST_NAME} characters at most.",
        )
    return name


def identifier(name: str) -> str:
    """Return a name in brackets, whatever it has in it (Microsoft: "Database Identifiers").

    Example:
        >>> identifier("odd]name")
        '[odd]]name]'
    """
    return f"[{name.replace(']', ']]')}]"


def literal(text: str) -> str:
    """Return a Unicode constant (Microsoft: "Constants (Transact-SQL)").

    Example:
        >>> literal("it's")
        "N'it''s'"
    """
    return "N'" + text.replace("'", "''") + "'"


def quoted(table: TableName) -> str:
    """Return the name of a table with its schema, both in brackets."""
    return f"{identifier(table.schema)}.{identifier(table.name)}"


def object_id(table: TableName) -> str:
    """Return an expression for the identifier of a table."""
    return f"OBJECT_ID({literal(quoted(table))})"
