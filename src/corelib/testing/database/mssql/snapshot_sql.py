"""The statements of database snapshots, as T-SQL; nothing here connects.

A snapshot is a read-only view of a database as it was, kept in sparse files to which the server copies each page before
it is changed for the first time (Microsoft: "Database snapshots (SQL Server)").
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from corelib.testing.database.mssql.console import Row
from corelib.testing.database.mssql.facts import folder_of
from corelib.testing.database.mssql.quoting import identifier, literal

ROWS = "ROWS"
LOG = "LOG"

FULL_TEXT_CATALOGUES = "SELECT c.name FROM sys.fulltext_catalogs AS c ORDER BY c.name"
"""Microsoft: "sys.fulltext_catalogs (Transact-SQL)"."""

COUNTERS = (
    "SELECT s.name AS schema_name, t.name AS table_name, i.name AS column_name, "
    "CONVERT(decimal(38, 0), i.last_value) AS last_value FROM sys.identity_columns AS i "
    "JOIN sys.tables AS t ON t.object_id = i.object_id JOIN sys.schemas AS s ON s.schema_id = t.schema_id "
    "WHERE i.last_value IS NOT NULL"
)
"""The counters that have generated a value, by names: a table that a test made anew has another number."""


@frozen
class DatabaseFile:
    """A row of sys.master_files (Microsoft: "sys.master_files (Transact-SQL)").

    Args:
        number: unique within its database.
        name: the logical one.
        kind: `ROWS`, `LOG`, `FILESTREAM` (of memory-optimized tables too) or `FULLTEXT`.
        path: on the server.
        read_only: whether it takes no changes.
    """

    number: int
    name: str
    kind: str
    path: str
    read_only: bool = False


def snapshot_name(database: str) -> str:
    """Return the name of the snapshot of a clone; no name of a database of the kit ends so.

    Example:
        >>> snapshot_name("corelib_test_c_0123456789ab_gw0_1")
        'corelib_test_c_0123456789ab_gw0_1_s'
    """
    return f"{database}_s"


def files(database: str) -> str:
    """Return the query for the files of a database."""
    return (
        "SELECT file_id, name, type_desc, physical_name, is_read_only FROM sys.master_files "  # noqa: S608 - quoted
        f"WHERE database_id = DB_ID({literal(database)}) ORDER BY file_id"
    )


def files_from(rows: Sequence[Row]) -> list[DatabaseFile]:
    """Return the answer to `files`."""
    return [
        DatabaseFile(int(str(number)), str(name), str(kind), str(path), bool(read_only))
        for number, name, kind, path, read_only in rows
    ]


def sparse_file(database: str, file: DatabaseFile) -> str:
    r"""Return where the snapshot keeps the old pages of a file: beside it, where the service may write.

    Example:
        >>> sparse_file("shop_c_1", DatabaseFile(1, "shop", "ROWS", "/var/opt/mssql/data/shop_c_1_1.mdf"))
        '/var/opt/mssql/data/shop_c_1_s_1.ss'
    """
    return f"{folder_of(file.path)}{snapshot_name(database)}_{file.number}.ss"


def create(database: str, files: Sequence[DatabaseFile]) -> str:
    """Return the statement that makes the snapshot; it takes every data file and not the log.

    Microsoft: "Create a database snapshot (Transact-SQL)", "CREATE DATABASE (Transact-SQL)".
    """
    placed = ", ".join(
        f"(NAME = {identifier(file.name)}, FILENAME = {literal(sparse_file(database, file))})"
        for file in files
        if file.kind == ROWS
    )
    return f"CREATE DATABASE {identifier(snapshot_name(database))} ON {placed} AS SNAPSHOT OF {identifier(database)}"


def revert(database: str) -> str:
    """Return the batch that throws everybody out and brings the database back, before somebody else gets in.

    RESTORE needs the database for itself, error 3101. Who is thrown out is rolled back (Microsoft: "Revert a database
    to a database snapshot", "ALTER DATABASE SET options (Transact-SQL)").
    """
    return (
        f"ALTER DATABASE {identifier(database)} SET SINGLE_USER WITH ROLLBACK IMMEDIATE; "
        f"RESTORE DATABASE {identifier(database)} FROM DATABASE_SNAPSHOT = {_plain(snapshot_name(database))}"
    )


def open_to_all(database: str) -> str:
    """Return the statement after which more than one may connect again; it does no harm where they may."""
    return f"ALTER DATABASE {identifier(database)} SET MULTI_USER"


def snapshots_of(database: str) -> str:
    """Return the query for the names of all snapshots of a database, whoever made them.

    Microsoft: "View a database snapshot (SQL Server)": source_database_id of sys.databases.
    """
    return f"SELECT name FROM sys.databases WHERE source_database_id = DB_ID({literal(database)}) ORDER BY name"  # noqa: S608 - quoted


def _plain(name: str) -> str:
    """Return a constant that is not of Unicode, as Microsoft's page writes it; the kit's names are of ASCII."""
    return literal(name).removeprefix("N")
