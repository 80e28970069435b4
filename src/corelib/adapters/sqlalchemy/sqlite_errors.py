"""The errors of SQLite that services meet, by result code, and the names of violated constraints."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import ExceptionContext

from corelib.adapters.sqlalchemy.known_errors import Known, error_of
from corelib.errors import (
    AlreadyExists,
    CorelibError,
    DatabaseMissing,
    IntegrityViolation,
    InvalidData,
    PermissionDenied,
    PersistentFailure,
    ReadOnlyStore,
    ReferenceViolation,
    RowLocked,
    SchemaMissing,
    StatementTimeout,
    StorageFull,
    TransientFailure,
)

CODES = "Result and Error Codes"
"""Title of SQLite's page, https://www.sqlite.org/rescode.html"""

PRIMARY = 0xFF
"""The part of an extended result code that is the primary one, the kind of error."""

CONSTRAINT_DATATYPE = 3091
"""SQLITE_CONSTRAINT_DATATYPE, which the standard library does not name in Python 3.11."""

CONSTRAINT = "corelib_constraint"
"""Attribute of an error: the name of the violated constraint."""

NO_FILE = "Look at the path, and at the rights of the folder."

# Extended result codes, or primary ones that stand for all their extensions.
BY_CODE: dict[int, Known] = {
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: Known(AlreadyExists, "A row with this primary key exists already", CODES),
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: Known(AlreadyExists, "A row with this unique key exists already", CODES),
    sqlite3.SQLITE_CONSTRAINT_ROWID: Known(AlreadyExists, "A row with this primary key exists already", CODES),
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: Known(ReferenceViolation, "A foreign key is violated", CODES),
    sqlite3.SQLITE_CONSTRAINT_NOTNULL: Known(InvalidData, "A required column is NULL", CODES),
    sqlite3.SQLITE_CONSTRAINT_CHECK: Known(InvalidData, "A check constraint is violated", CODES),
    CONSTRAINT_DATATYPE: Known(InvalidData, "A value has not the type of its column", CODES),
    sqlite3.SQLITE_CONSTRAINT: Known(IntegrityViolation, "A constraint is violated", CODES),
    sqlite3.SQLITE_MISMATCH: Known(InvalidData, "A value has not the type of its column", CODES),
    sqlite3.SQLITE_TOOBIG: Known(InvalidData, "A value is too long", CODES),
    sqlite3.SQLITE_BUSY: Known(RowLocked, "Another process holds the write lock of the database file", CODES),
    sqlite3.SQLITE_BUSY_SNAPSHOT: Known(TransientFailure, "Another process wrote since this transaction read", CODES),
    sqlite3.SQLITE_LOCKED: Known(RowLocked, "A table is locked", CODES),
    sqlite3.SQLITE_PROTOCOL: Known(TransientFailure, "The lock of the write-ahead log was not to be had", CODES),
    sqlite3.SQLITE_SCHEMA: Known(TransientFailure, "The tables changed meanwhile", CODES),
    sqlite3.SQLITE_NOMEM: Known(TransientFailure, "There is not enough memory just now", CODES),
    sqlite3.SQLITE_INTERRUPT: Known(StatementTimeout, "The statement was interrupted", CODES),
    sqlite3.SQLITE_FULL: Known(StorageFull, "The disk is full, or the file has reached its largest size", CODES),
    sqlite3.SQLITE_IOERR: Known(
        PersistentFailure, "The disk failed", CODES, "Look at the disk and at the system's log."
    ),
    sqlite3.SQLITE_CORRUPT: Known(
        PersistentFailure, "The database file is damaged", CODES, "Restore it; PRAGMA integrity_check says more."
    ),
    sqlite3.SQLITE_PERM: Known(PermissionDenied, "The database file may not be used in this way", CODES, NO_FILE),
    sqlite3.SQLITE_AUTH: Known(PermissionDenied, "The statement is not allowed", CODES),
    sqlite3.SQLITE_READONLY: Known(ReadOnlyStore, "The database file cannot be written", CODES, NO_FILE),
    sqlite3.SQLITE_READONLY_DBMOVED: Known(DatabaseMissing, "The database file was moved or deleted", CODES, NO_FILE),
    sqlite3.SQLITE_CANTOPEN: Known(
        DatabaseMissing, "The database file cannot be opened; its folder must exist and be writable", CODES, NO_FILE
    ),
    sqlite3.SQLITE_NOTADB: Known(DatabaseMissing, "The file is not an SQLite database", CODES, NO_FILE),
}

_FAILED = re.compile(r"^(?:UNIQUE|CHECK) constraint failed: (?P<what>.+)$", re.DOTALL)
_INDEX = re.compile(r"index '(?P<name>.+)'")
_NAMED_KEY = re.compile(
    r"CONSTRAINT\s+(?P<name>\"[^\"]+\"|\w+)\s+(?:UNIQUE|PRIMARY\s+KEY)\s*\((?P<columns>[^)]*)\)", re.IGNORECASE
)


def known_error(error: sa.exc.DBAPIError) -> CorelibError | None:
    """Classify by extended result code, then by the primary one; None for what no table knows."""
    cause = error.orig or error
    if "no such table" in str(cause) or "no such column" in str(cause):
        return error_of(Known(SchemaMissing, "The database lacks a table or column", CODES), cause)
    code = getattr(cause, "sqlite_errorcode", None)
    known = (BY_CODE.get(code) or BY_CODE.get(code & PRIMARY)) if isinstance(code, int) else None
    return None if known is None else error_of(known, cause, constraint=getattr(cause, CONSTRAINT, None))


def remember_constraint(context: ExceptionContext) -> None:
    """Note the name of the violated constraint on an error, while there is a connection to ask for it."""
    cause = context.original_exception
    failed = _FAILED.match(str(cause)) if isinstance(cause, sqlite3.IntegrityError) else None
    if failed is not None and context.connection is not None:
        driver = context.connection.connection.driver_connection
        name = constraint_of(driver, failed["what"]) if isinstance(driver, sqlite3.Connection) else failed["what"]
        setattr(cause, CONSTRAINT, name)


def constraint_of(connection: sqlite3.Connection, what: str) -> str:
    """Return the name of a unique key or check constraint that SQLite says was violated.

    SQLite names a check and an index on an expression, but of other unique keys the columns, as `ware.name`; their name
    stands in the schema. A key without a name is called by its columns.
    """
    index = _INDEX.fullmatch(what)
    if index is not None:
        return index["name"]
    table, *columns = _parted(what)
    if not columns:
        return what
    named = [*_named_in_table(connection, table), *_indexes_of(connection, table)]
    return next((name for name, found in named if found == columns), what)


def _parted(what: str) -> list[str]:
    """Return `["ware", "name", "size"]` for `ware.name, ware.size`, and just the text for anything else."""
    pairs = [part.partition(".") for part in what.split(", ")]
    if not all(dot for _, dot, _ in pairs) or len({table for table, _, _ in pairs}) != 1:
        return [what]
    return [pairs[0][0], *(column for _, _, column in pairs)]


def _named_in_table(connection: sqlite3.Connection, table: str) -> Iterable[tuple[str, list[str]]]:
    statement = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
    for (sql,) in connection.execute(statement, (table,)).fetchall():
        for found in _NAMED_KEY.finditer(sql):
            columns = [column.strip().strip('"') for column in found["columns"].split(",")]
            yield found["name"].strip('"'), columns


def _indexes_of(connection: sqlite3.Connection, table: str) -> Iterable[tuple[str, list[str]]]:
    statement = "SELECT name FROM pragma_index_list(?) WHERE \"unique\" AND origin = 'c'"
    for (name,) in connection.execute(statement, (table,)).fetchall():
        columns = connection.execute("SELECT name FROM pragma_index_info(?) ORDER BY seqno", (name,)).fetchall()
        yield name, [column for (column,) in columns]
