"""The statements of copying by BACKUP and RESTORE.

DBCC CLONEDATABASE is of no use here: it copies the schema without the rows (Microsoft: "DBCC CLONEDATABASE").
"""

from __future__ import annotations

from collections.abc import Sequence

from corelib.testing.database.mssql.files import Move
from corelib.testing.database.mssql.quoting import identifier, literal

FLUSH_LOG = "EXEC sys.sp_flush_log"
"""A backup has only transactions that are durable (Microsoft: "Control transaction durability", "sys.sp_flush_log")."""


def backup(database: str, path: str, *, compressed: bool) -> str:
    """Return the statement that writes a whole backup over whatever stands in the file (Microsoft: "BACKUP").

    COPY_ONLY leaves the backups of others as they were; FORMAT with INIT makes the file anew; without STATS there are
    fewer messages between us and the end.
    """
    compression = ", COMPRESSION" if compressed else ""
    return (
        f"BACKUP DATABASE {identifier(database)} TO DISK = {literal(path)} "
        f"WITH COPY_ONLY, FORMAT, INIT, CHECKSUM{compression}"
    )


def verify(path: str) -> str:
    """Return the statement that reads a backup through, and its checksums (Microsoft: "RESTORE VERIFYONLY")."""
    return f"RESTORE VERIFYONLY FROM DISK = {literal(path)} WITH CHECKSUM"


def file_list(path: str) -> str:
    """Return the query for the files of a backup."""
    return f"RESTORE FILELISTONLY FROM DISK = {literal(path)}"


def restore(database: str, path: str, moves: Sequence[Move]) -> str:
    """Return the statement that makes a database from a backup, every file in a place of its own.

    There is no REPLACE: it would write over a database, and over files, that belong to others (Microsoft: "RESTORE
    Statements - Arguments (Transact-SQL)").
    """
    moved = "".join(f", MOVE {literal(move.logical_name)} TO {literal(move.path)}" for move in moves)
    return f"RESTORE DATABASE {identifier(database)} FROM DISK = {literal(path)} WITH CHECKSUM, RECOVERY{moved}"


def restored_files(database: str) -> str:
    """Return the query for the files that a database has on the server, and the state of each."""
    return (
        "SELECT name, state_desc FROM sys.master_files "  # noqa: S608 - quoted
        f"WHERE database_id = DB_ID({literal(database)})"
    )


def delete_file(path: str) -> str:
    """Return the batch that deletes a file on the server, where it has a procedure for that.

    The procedure came with SQL Server 2019; Microsoft does not document it. There is no documented one.
    """
    return (
        "IF EXISTS (SELECT 1 FROM sys.all_objects WHERE name = N'xp_delete_files') "  # noqa: S608 - quoted
        f"EXEC master.sys.xp_delete_files {literal(path)}"
    )
