"""The errors of SQL Server that services meet, by native number, and of its ODBC driver, by SQLSTATE."""

from __future__ import annotations

import re

import sqlalchemy as sa

from corelib.adapters.sqlalchemy.failures import SQLSTATE
from corelib.adapters.sqlalchemy.known_errors import Known, error_of
from corelib.errors import (
    AlreadyExists,
    AuthenticationFailed,
    CorelibError,
    DatabaseMissing,
    InvalidData,
    InvalidSetting,
    MissingDriver,
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

# Titles of Microsoft's pages.
EVENTS = "Database engine events and errors"
RETRIES = "SqlConfigurableRetryFactory.BaselineTransientErrors"
AZURE = "Troubleshoot connectivity issues and other errors with Azure SQL Database"
IN_MEMORY = "Transactions with memory-optimized tables"
ODBC = "ODBC error codes"

BY_NUMBER: dict[int, Known] = {
    # Locks, conflicts, and transactions that the server has given up.
    1205: Known(TransientFailure, "The transaction was the victim of a deadlock", EVENTS),
    1222: Known(RowLocked, "A lock was not available in time", EVENTS),
    1204: Known(TransientFailure, "The server has no room for another lock", EVENTS),
    3960: Known(TransientFailure, "The snapshot transaction conflicts with another one", EVENTS),
    3961: Known(TransientFailure, "The snapshot transaction met a changed table", EVENTS),
    3966: Known(TransientFailure, "The row versions of the transaction had to make room", EVENTS),
    3902: Known(TransientFailure, "There is no transaction to commit, the server has rolled it back", EVENTS),
    3903: Known(TransientFailure, "There is no transaction to roll back, the server has done it", EVENTS),
    3930: Known(TransientFailure, "The transaction was given up after an earlier error", EVENTS),
    3998: Known(TransientFailure, "The transaction was given up and rolled back", EVENTS),
    13535: Known(TransientFailure, "A row of a temporal table was changed by a younger transaction", EVENTS),
    4891: Known(TransientFailure, "The table was changed during a bulk insert", EVENTS),
    41301: Known(TransientFailure, "The transaction depends on one that failed", IN_MEMORY),
    41302: Known(TransientFailure, "The row was changed by another transaction", IN_MEMORY),
    41305: Known(TransientFailure, "A repeatable read could not be kept", IN_MEMORY),
    41325: Known(TransientFailure, "A serializable read could not be kept", IN_MEMORY),
    41839: Known(TransientFailure, "The transaction depends on too many others", IN_MEMORY),
    # A server without memory, or between two states.
    701: Known(TransientFailure, "The server has not enough memory just now", EVENTS),
    802: Known(TransientFailure, "The server's buffer pool has not enough memory just now", EVENTS),
    8645: Known(TransientFailure, "The statement waited too long for memory", EVENTS),
    8651: Known(TransientFailure, "The server cannot give the statement its memory just now", EVENTS),
    17142: Known(TransientFailure, "The server is paused", EVENTS),
    18401: Known(TransientFailure, "The server is being upgraded", EVENTS),
    6005: Known(TransientFailure, "The server is shutting down", EVENTS),
    596: Known(TransientFailure, "The session was killed", EVENTS),
    921: Known(TransientFailure, "The database is still being recovered", EVENTS),
    922: Known(TransientFailure, "The database is being recovered", EVENTS),
    924: Known(TransientFailure, "The database is in use by its single user", EVENTS),
    983: Known(TransientFailure, "The replica is changing its role", EVENTS),
    4221: Known(TransientFailure, "The replica is not ready for reading yet", RETRIES),
    40143: Known(TransientFailure, "The service is being moved", RETRIES),
    40166: Known(TransientFailure, "The service is being moved", AZURE),
    40197: Known(TransientFailure, "The service is being moved", AZURE),
    40501: Known(TransientFailure, "The service is busy", AZURE),
    40540: Known(TransientFailure, "The service is being moved", RETRIES),
    40613: Known(TransientFailure, "The database is not available just now", AZURE),
    42109: Known(TransientFailure, "The database is waking up", RETRIES),
    10928: Known(TransientFailure, "The database's limit of requests is reached", AZURE),
    10929: Known(TransientFailure, "The server is too busy", AZURE),
    49918: Known(TransientFailure, "The service has not enough resources just now", AZURE),
    49919: Known(TransientFailure, "The service has too many operations in progress", AZURE),
    49920: Known(TransientFailure, "The service has too many operations in progress", AZURE),
    # The network. While logging in, these mean that nobody answers.
    64: Known(TransientFailure, "The connection to the server was cut", RETRIES),
    121: Known(TransientFailure, "The network did not answer in time", EVENTS),
    233: Known(TransientFailure, "The server closed the connection", RETRIES),
    10053: Known(TransientFailure, "The connection was aborted by this machine", RETRIES),
    10054: Known(TransientFailure, "The connection was reset by the server", RETRIES),
    10060: Known(TransientFailure, "The server did not answer in time", RETRIES),
    # What the data breaks.
    2601: Known(AlreadyExists, "A row with this unique key exists already", EVENTS),
    2627: Known(AlreadyExists, "A row with this key exists already", EVENTS),
    547: Known(ReferenceViolation, "A foreign key is violated", EVENTS),
    515: Known(InvalidData, "A required column is NULL", EVENTS),
    2628: Known(InvalidData, "A text is too long for its column", EVENTS),
    8152: Known(InvalidData, "A text is too long for its column", EVENTS),
    8115: Known(InvalidData, "A number is out of range", EVENTS),
    220: Known(InvalidData, "A number is out of range", EVENTS),
    232: Known(InvalidData, "A number is out of range", EVENTS),
    241: Known(InvalidData, "A text is no date or time", EVENTS),
    242: Known(InvalidData, "A date is out of range", EVENTS),
    245: Known(InvalidData, "A text cannot be converted", EVENTS),
    8114: Known(InvalidData, "A value cannot be converted", EVENTS),
    8169: Known(InvalidData, "A text is no UUID", EVENTS),
    # No room.
    1101: Known(StorageFull, "The filegroup has no room for another page", EVENTS),
    1105: Known(StorageFull, "The filegroup is full", EVENTS),
    9002: Known(StorageFull, "The transaction log is full", EVENTS, "Back up the log or make room for it."),
    3958: Known(StorageFull, "A row version is missing, tempdb may be full", EVENTS),
    40544: Known(StorageFull, "The database has reached its size quota", AZURE),
    # Rights.
    229: Known(PermissionDenied, "The user lacks a right on an object", EVENTS),
    230: Known(PermissionDenied, "The user lacks a right on a column", EVENTS),
    262: Known(PermissionDenied, "The user lacks a right in the database", EVENTS),
    297: Known(PermissionDenied, "The user lacks a right", EVENTS),
    300: Known(PermissionDenied, "The user lacks a right on the server", EVENTS),
    916: Known(PermissionDenied, "The user may not open the database", EVENTS),
    33504: Known(PermissionDenied, "A block predicate of row-level security refuses the row", EVENTS),
    # Replicas and read-only databases.
    3906: Known(ReadOnlyStore, "The database is read-only", EVENTS),
    978: Known(
        ReadOnlyStore,
        "The replica takes readers only",
        EVENTS,
        "Name the listener and not the replica, or add ApplicationIntent=ReadOnly to a URL that only reads.",
    ),
    3952: Known(
        InvalidSetting,
        "The database does not allow snapshot isolation",
        EVENTS,
        "Run: ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON",
    ),
    334: Known(
        InvalidSetting,
        "The table has a trigger, so the server gives back no identifiers by OUTPUT",
        EVENTS,
        "Declare it with sa.Table(..., implicit_returning=False): then they are asked for one by one.",
    ),
    # The setup.
    208: Known(SchemaMissing, "A table does not exist", EVENTS),
    207: Known(SchemaMissing, "A column does not exist", EVENTS),
    2812: Known(SchemaMissing, "A stored procedure does not exist", EVENTS),
    18456: Known(AuthenticationFailed, "The server refuses the user or the password", EVENTS),
    18452: Known(AuthenticationFailed, "The server refuses the domain of the user", EVENTS),
    18470: Known(AuthenticationFailed, "The account is disabled", EVENTS, "Enable it: ALTER LOGIN ... ENABLE."),
    18486: Known(AuthenticationFailed, "The account is locked out", EVENTS, "Unlock it: ALTER LOGIN ... UNLOCK."),
    18487: Known(AuthenticationFailed, "The password has expired", EVENTS, "Give the account a new password."),
    18488: Known(AuthenticationFailed, "The password must be changed", EVENTS, "Give the account a new password."),
    40615: Known(AuthenticationFailed, "The firewall of the service refuses this machine", AZURE, "Add its address."),
    4060: Known(DatabaseMissing, "The server has no database of that name, or the user may not open it", EVENTS),
    911: Known(DatabaseMissing, "The server has no database of that name", EVENTS),
}

# What the driver itself finds wrong has no number, only a SQLSTATE.
BY_STATE: dict[str, Known] = {
    "40001": Known(TransientFailure, "The transaction was the victim of a deadlock", ODBC),
    "22001": Known(InvalidData, "A text is too long for its column", ODBC),
    "22003": Known(InvalidData, "A number is out of range", ODBC),
    "22007": Known(InvalidData, "A date or time cannot be read", ODBC),
    "22008": Known(InvalidData, "A date or time is out of range", ODBC),
    "22018": Known(InvalidData, "A text cannot be converted", ODBC),
}

QUERY_TIMEOUT = Known(StatementTimeout, "The statement took longer than allowed", ODBC)
CHECK = Known(InvalidData, "A check constraint is violated", EVENTS)
UNREACHABLE_STATES = frozenset({"08001", "08S01", "HYT00", "HYT01"})

NETWORK = frozenset({64, 121, 233, 10053, 10054, 10060})
SESSION_ENDED = NETWORK | {596, 6005, 40143, 40166, 40197, 40540}
"""Errors after which the server or the network has ended the session, whatever SQLSTATE the driver gives them."""

CONVERSION = frozenset({241, 245, 8114, 8169})
ROLLING_BACK = CONVERSION | {1205, 3609, 3616, 3930, 3958, 3960, 3961, 3966, 3998, 41301, 41302, 41305, 41325, 41839}
"""Errors after which the transaction is gone or can only be rolled back, whoever catches them.

Also with XACT_ABORT off, which it is by default, some errors roll back (Microsoft: "SET XACT_ABORT (Transact-SQL)"):
those of conversions end the batch and with it the transaction.
"""

_NUMBER = re.compile(r"\((\d+)\)(?: \(SQL\w+\))?(?:; \[|$)")
_QUOTED = re.compile(r"(?<!\w)'([^']+)'(?!\w)|\"([^\"]+)\"")


def numbers_of(cause: BaseException) -> list[int]:
    """Return the native numbers in a message of the driver; those inside the data do not count."""
    text = max(map(str, cause.args), key=len, default="")
    return [int(number) for number in _NUMBER.findall(text)]


def state_of(cause: BaseException) -> str:
    """Return the SQLSTATE; pyodbc puts it first, in errors of its own making last."""
    return next(filter(SQLSTATE.fullmatch, map(str, cause.args)), "")


def is_statement_timeout(cause: BaseException) -> bool:
    """Return whether the driver gave a statement up; the wait for a lock ends with the same SQLSTATE, and a number."""
    return state_of(cause) == "HYT00"


def known_error(error: sa.exc.DBAPIError) -> CorelibError | None:
    """Classify by native number, then by SQLSTATE; None for what no table knows."""
    cause = error.orig or error
    numbers = [number for number in numbers_of(cause) if number in BY_NUMBER]
    if numbers:
        # A login that fails because of its database reports 18456 first.
        number = 4060 if 4060 in numbers else numbers[0]
        if number in NETWORK and error.statement is None:
            return unreachable(cause)
        known = CHECK if number == 547 and _is_check(cause) else BY_NUMBER[number]
        return error_of(known, cause, number=number, constraint=constraint_of(number, cause))
    state = "22001" if "right truncation" in str(cause) else state_of(cause)
    if state in BY_STATE:
        return error_of(BY_STATE[state], cause)
    if error.statement is not None and is_statement_timeout(cause):
        return error_of(QUERY_TIMEOUT, cause)
    return unreachable(cause) if state in UNREACHABLE_STATES else None


def unreachable(cause: BaseException) -> CorelibError:
    """Return the error for a server that does not answer."""
    known = Known(
        ServerUnreachable,
        "The SQL Server does not answer",
        ODBC,
        "Check host and port, and that the server runs; a certificate problem is named in the message.",
    )
    return error_of(known, cause)


def constraint_of(number: int, cause: BaseException) -> str | None:
    """Return the name of the violated constraint or index, which the messages of every language quote.

    Beside it they quote the table, as `dbo.ware`, with a dot. 2601 names the table first, 2627 and 547 the constraint.
    """
    if number not in (547, 2601, 2627):
        return None
    text = max(map(str, cause.args), key=len, default="")
    names = [single or double for single, double in _QUOTED.findall(text)]
    undotted = [name for name in names if "." not in name]
    return next(iter(undotted or names), None)


def _is_check(cause: BaseException) -> bool:
    """Return whether 547 means a check constraint: the kind is no part of the text that is translated."""
    return re.search(r"\bCHECK\b", _QUOTED.sub("", str(cause.args[-1]))) is not None


def missing_driver(reason: str) -> MissingDriver:
    """Return the error for a machine without a usable ODBC driver."""
    return MissingDriver(
        f"There is no Microsoft ODBC driver for SQL Server: {reason}.",
        hint="Install msodbcsql18 (Microsoft: 'Download ODBC Driver for SQL Server'), or name another with ?driver=.",
    )
