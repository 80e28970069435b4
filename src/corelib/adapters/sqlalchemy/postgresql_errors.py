"""The errors of PostgreSQL that services meet, by SQLSTATE."""

from __future__ import annotations

import re

import sqlalchemy as sa

from corelib.adapters.sqlalchemy.known_errors import Known, error_of
from corelib.errors import (
    AlreadyExists,
    AuthenticationFailed,
    CorelibError,
    DatabaseMissing,
    InvalidData,
    PermissionDenied,
    ReadOnlyStore,
    ReferenceViolation,
    RowLocked,
    SchemaMissing,
    ServerUnreachable,
    StatementTimeout,
    StorageFull,
    TransientFailure,
)

# Titles of PostgreSQL's pages.
CODES = "PostgreSQL Error Codes"
CLIENT = "Client Connection Defaults"

CAUGHT = "Do not catch the errors of your own statements, or run them in a savepoint."

BY_STATE: dict[str, Known] = {
    # Locks and conflicts.
    "40001": Known(TransientFailure, "The transaction conflicts with another one", CODES),
    "40P01": Known(TransientFailure, "The transaction was the victim of a deadlock", CODES),
    "55P03": Known(RowLocked, "A lock was not available in time", CODES),
    "55006": Known(TransientFailure, "What is to be changed is in use", CODES),
    "72000": Known(TransientFailure, "The snapshot of the transaction is too old", CODES),
    "25P02": Known(TransientFailure, "The transaction was given up after an earlier error", CODES, CAUGHT),
    # Time.
    "57014": Known(StatementTimeout, "The statement took longer than allowed, or was cancelled", CODES),
    "25P04": Known(StatementTimeout, "The transaction took longer than allowed", CLIENT),
    "25P03": Known(TransientFailure, "The transaction stood idle for longer than allowed", CLIENT),
    "57P05": Known(TransientFailure, "The session stood idle for longer than allowed", CLIENT),
    # A server short of something, or between two states.
    "53000": Known(TransientFailure, "The server is short of resources", CODES),
    "53200": Known(TransientFailure, "The server has not enough memory just now", CODES),
    "53300": Known(TransientFailure, "The server has no connection left", CODES),
    "57P01": Known(TransientFailure, "The server ended the connection", CODES),
    "57P02": Known(TransientFailure, "The server restarts after a crash", CODES),
    "57P03": Known(TransientFailure, "The server is starting or stopping", CODES),
    "08000": Known(TransientFailure, "The connection failed", CODES),
    "08003": Known(TransientFailure, "The connection does not exist", CODES),
    "08006": Known(TransientFailure, "The connection was lost", CODES),
    "08P01": Known(TransientFailure, "The server, or a pooler before it, broke the protocol off", CODES),
    # What the data breaks.
    "23505": Known(AlreadyExists, "A row with this key exists already", CODES),
    "42P04": Known(AlreadyExists, "A database of that name exists already", CODES),
    "23P01": Known(AlreadyExists, "A row that excludes this one exists already", CODES),
    "23503": Known(ReferenceViolation, "A foreign key is violated", CODES),
    "23001": Known(ReferenceViolation, "A foreign key is violated", CODES),
    "23502": Known(InvalidData, "A required column is NULL", CODES),
    "23514": Known(InvalidData, "A check constraint is violated", CODES),
    "44000": Known(InvalidData, "The check option of a view is violated", CODES),
    "22001": Known(InvalidData, "A text is too long for its column", CODES),
    "22003": Known(InvalidData, "A number is out of range", CODES),
    "22007": Known(InvalidData, "A text is no date or time", CODES),
    "22008": Known(InvalidData, "A date or time is out of range", CODES),
    "22021": Known(InvalidData, "A text has characters that the database's encoding has not", CODES),
    "22032": Known(InvalidData, "A text is no JSON", CODES),
    "22P02": Known(InvalidData, "A text cannot be converted", CODES),
    "22P03": Known(InvalidData, "A binary value cannot be converted", CODES),
    "22P05": Known(InvalidData, "A character cannot be translated", CODES),
    "54000": Known(InvalidData, "A value is too large, as for an index", CODES),
    # No room.
    "53100": Known(StorageFull, "The server's disk is full", CODES),
    "53400": Known(
        StorageFull,
        "A limit of the server is reached",
        CODES,
        "Raise it, as temp_file_limit, or make the query smaller.",
    ),
    # Rights and read-only stores.
    "42501": Known(PermissionDenied, "The user lacks a right", CODES),
    "25006": Known(ReadOnlyStore, "The transaction, or the server, is read-only", CODES),
    # The setup.
    "42P01": Known(SchemaMissing, "A table does not exist", CODES),
    "42703": Known(SchemaMissing, "A column does not exist", CODES),
    "3F000": Known(SchemaMissing, "A schema does not exist", CODES),
    "28P01": Known(AuthenticationFailed, "The server refuses the user or the password", CODES),
    "28000": Known(AuthenticationFailed, "The server refuses the user", CODES),
    "3D000": Known(DatabaseMissing, "The server has no database of that name", CODES),
    "57P04": Known(DatabaseMissing, "The database was dropped", CODES),
    "08001": Known(ServerUnreachable, "The server cannot be reached", CODES),
    "08004": Known(ServerUnreachable, "The server refuses the connection", CODES),
}

# libpq gives no SQLSTATE for a connection that was never made; these are parts of the server's English messages.
_BY_TEXT: tuple[tuple[str, str], ...] = (
    (r"password authentication failed|no password supplied", "28P01"),
    (r"authentication failed for user|pg_hba\.conf|permission denied for database", "28000"),
    (r'role ".*" (does not exist|is not permitted to log in)', "28000"),
    (r'database ".*" does not exist', "3D000"),
    (r"too many (clients|connections)|connection slots are reserved", "53300"),
    (r"the database system is (starting up|shutting down|in recovery mode|not )", "57P03"),
)


# An internal error that is none: a row is written while whoever wrote it before is just being rolled back, as after the
# loss of his connection. He is noted as aborted then, but still counted among those who run, for a moment (PostgreSQL's
# source, heap_update and MultiXactIdExpand; met on version 18).
_INTERNAL = "XX000"
_RACE = "new multixact has more than one updating member"
_BEING_ROLLED_BACK = Known(TransientFailure, "A transaction that wrote the same row is just being rolled back", CODES)


def known_error(error: sa.exc.DBAPIError) -> CorelibError | None:
    """Classify by SQLSTATE; None for what no table knows."""
    cause = error.orig or error
    state = getattr(cause, "sqlstate", None) or _state_of_text(str(cause))
    if state in BY_STATE:
        return error_of(BY_STATE[state], cause, constraint=_constraint_of(cause))
    if state == _INTERNAL and _RACE in str(cause):
        return error_of(_BEING_ROLLED_BACK, cause)
    if state is None and isinstance(error, sa.exc.OperationalError):
        return error_of(Known(ServerUnreachable, "The PostgreSQL server does not answer", CODES), cause)
    if state is None and isinstance(error, sa.exc.DataError):
        return error_of(Known(InvalidData, "A value cannot be stored", CODES), cause)
    return None


def _state_of_text(text: str) -> str | None:
    if "FATAL" not in text and "no password supplied" not in text:
        return None
    return next((state for part, state in _BY_TEXT if re.search(part, text)), None)


def _constraint_of(cause: BaseException) -> str | None:
    """Return the name that the server sends beside its message; a column that must not be NULL has none before 18."""
    name = getattr(getattr(cause, "diag", None), "constraint_name", None)
    return name if isinstance(name, str) else None
