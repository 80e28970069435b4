"""What several checks of SQL Server ask for."""

from __future__ import annotations

from typing import Final

from corelib.adapters.sqlalchemy.diagnosis.session import Session

AZURE_SQL_DATABASE: Final = 5
MANAGED_INSTANCE: Final = 8
AZURE: Final = frozenset({AZURE_SQL_DATABASE, MANAGED_INSTANCE})
SYNAPSE: Final = frozenset({6, 11})
"""Microsoft: "SERVERPROPERTY (Transact-SQL)", under EngineEdition."""

ENGINE = "SELECT CAST(SERVERPROPERTY('EngineEdition') AS int)"
LOGIN = "SELECT SUSER_SNAME()"
DATABASE = "SELECT DB_NAME()"
BACKUP_VIEWS = "SELECT COUNT(*) FROM sys.all_objects WHERE name = N'dm_io_backup_tapes'"
"""Servers that speak T-SQL and have no BACKUP lack this view (Microsoft: "sys.dm_io_backup_tapes (Transact-SQL)")."""


def engine_edition(session: Session) -> int:
    """Return the number of the engine edition; 0 if the server does not know it."""
    return int(str(session.row(ENGINE)[0] or 0))


def login(session: Session) -> str:
    """Return the name of the login."""
    return str(session.row(LOGIN)[0])


def database(session: Session) -> str:
    """Return the name of the database."""
    return str(session.row(DATABASE)[0])


def quoted(name: str) -> str:
    """Return a name in brackets (Microsoft: "Database identifiers")."""
    return "[" + name.replace("]", "]]") + "]"


def literal(text: str) -> str:
    """Return a Unicode constant (Microsoft: "Constants (Transact-SQL)")."""
    return "N'" + text.replace("'", "''") + "'"
