"""Application locks of SQL Server (Microsoft: "sp_getapplock (Transact-SQL)" and the pages it leads to)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from corelib.adapters.sqlalchemy.lock_sessions import APPLICATION
from corelib.domain.lock import LockRequest
from corelib.errors import PersistentFailure, RowLocked, TransientFailure

if TYPE_CHECKING:
    from corelib.adapters.sqlalchemy.translating import TranslatingConnection

LONGEST_PROGRAM_NAME = 128

BEGIN_IF_NEEDED = "IF @@TRANCOUNT = 0 BEGIN BEGIN TRANSACTION; IF @@TRANCOUNT > 1 COMMIT TRANSACTION; END"
"""Begin a transaction if there is none, and one only.

Microsoft's driver begins one by itself, and the next with every end of one ("[MS-TDS]: Transaction Manager Request").
With a driver that sets IMPLICIT_TRANSACTIONS instead, BEGIN TRANSACTION begins two, one within the other, and a single
COMMIT at the end would leave the outer one open (Microsoft: "SET IMPLICIT_TRANSACTIONS (Transact-SQL)", test C).
"""

TIMED_OUT = -1
_INTERRUPTED = {-2: "the request was cancelled", -3: "it was the victim of a deadlock"}
"""Return codes of sp_getapplock; 0 and 1 grant the lock, -999 is an error of parameters or of the call."""


class MssqlLocking:
    """Keeps the contract of `corelib.adapters.sqlalchemy.lock_sessions.ServerLocking`."""

    def login(self, owner: str) -> Mapping[str, object]:
        """Name the program after the owner: it cannot be renamed later.

        The driver must not replace a broken connection behind our back, since the lock would not come along
        (Microsoft: "Connection resiliency in the ODBC driver").
        """
        return {"APP": _program_name(owner), "ConnectRetryCount": 0}

    def acquire(self, connection: Connection, request: LockRequest) -> bool:
        """Wait for a lock that the session owns, and look at the return code.

        The shortest wait is a millisecond, since not every server that speaks T-SQL takes 0 for none.
        """
        event.listen(connection, "after_cursor_execute", _pass_over_messages)
        milliseconds = max(1, request.milliseconds)
        code: int = connection.execute(
            _call("sp_getapplock", request, LockMode="'Exclusive'", LockTimeout=str(milliseconds))
        ).scalar_one()
        return _granted(request.name, code)

    def holder(self, connection: Connection, request: LockRequest) -> str | None:
        """Find the session by views that need VIEW SERVER STATE, on Azure SQL Database VIEW DATABASE STATE."""
        name: str | None = connection.execute(_holder(request)).scalar()
        return name

    def is_held(self, connection: Connection, request: LockRequest) -> bool:
        """Ask for the mode in which this session holds the lock."""
        mode = f"SELECT APPLOCK_MODE('public', {_resource(request)}, 'Session')"
        return bool(connection.execute(sa.text(mode)).scalar() == "Exclusive")

    def release(self, connection: Connection, request: LockRequest) -> bool:
        """Return whether the code is 0; the release of a lock that is not held fails with error 1223."""
        return bool(connection.execute(_call("sp_releaseapplock", request)).scalar() == 0)


class HoldUntilEnd(sa.Executable, sa.ClauseElement):
    """Take an exclusive lock that ends with the transaction, and select the return code.

    It waits as long as the session waits for locks, which is the default of the procedure. The name stands in the text:
    within a statement that has parameters, no transaction can be begun.

    Args:
        name: of our own digits, letters and blanks.
    """

    inherit_cache: bool | None = False

    def __init__(self, name: str) -> None:
        self.name = name


@compiles(HoldUntilEnd, "mssql")
def _hold_until_end(element: HoldUntilEnd, _: SQLCompiler, **__: object) -> str:
    return (
        f"{BEGIN_IF_NEEDED}; DECLARE @code int; EXEC @code = sp_getapplock @Resource = N'{element.name}', "
        "@LockMode = 'Exclusive', @LockOwner = 'Transaction'; SELECT @code"
    )


def hold_until_end(connection: TranslatingConnection, name: str) -> None:
    """Wait for a lock that ends with the transaction.

    Args:
        connection: of the transaction.
        name: of our own digits, letters and blanks; at most 255 of them.

    Raises:
        RowLocked: if that takes longer than the lock timeout of the session.
        TransientFailure: if this transaction was the victim of a deadlock.
    """
    [(code,)] = connection.rows(HoldUntilEnd(name))
    with connection.translating():
        if not _granted(name, code):
            raise RowLocked(f"Another transaction held the lock {name!r} for too long.", hint="Run it again.")


def _granted(name: str, code: int) -> bool:
    """Return whether a lock was granted; False if it was not granted in time."""
    if code in _INTERRUPTED:
        raise TransientFailure(
            f"The lock {name!r} was not granted: {_INTERRUPTED[code]} (sp_getapplock returned {code})."
        )
    if code < TIMED_OUT:
        raise PersistentFailure(f"The lock {name!r} was not granted (sp_getapplock returned {code}).")
    return code != TIMED_OUT


def _pass_over_messages(_: Connection, cursor: DBAPICursor, *__: object) -> None:
    """Go on to the first result with rows: a message of the server, as that of a timeout, comes as one without."""
    while cursor.description is None and cursor.nextset():
        pass


def _resource(request: LockRequest) -> str:
    """Return the literal of the name that the server knows.

    It takes 255 UTF-16 units and cuts off what is longer, and its views show the first 32 of them. The name's digest,
    96 bits of it, fits into those, so that nothing is cut off or hashed again.
    """
    return f"N'corelib:{request.digest(12).hex()}'"


def _call(procedure: str, request: LockRequest, **arguments: str) -> sa.TextClause:
    """Call a procedure and select its return code. All that stands in the text are our own digits and letters."""
    named = {"Resource": _resource(request), **arguments, "LockOwner": "'Session'"}
    listed = ", ".join(f"@{name} = {value}" for name, value in named.items())
    return sa.text(f"SET NOCOUNT ON; DECLARE @code int; EXEC @code = {procedure} {listed}; SELECT @code")


def _holder(request: LockRequest) -> sa.TextClause:
    """Look for the resource within its description, which has more in it (Microsoft: "sys.dm_tran_locks")."""
    return sa.text(
        "SELECT TOP (1) holder.program_name FROM sys.dm_tran_locks AS held "  # noqa: S608 - our own digits and letters
        "JOIN sys.dm_exec_sessions AS holder ON holder.session_id = held.request_session_id "
        "WHERE held.resource_type = N'APPLICATION' AND held.resource_database_id = DB_ID() "
        f"AND held.request_status = N'GRANT' AND CHARINDEX({_resource(request)}, held.resource_description) > 0"
    )


def _program_name(owner: str) -> str:
    """Return a name that can stand in a connection string as it is, whatever the owner's text has in it."""
    return re.sub(r"[^\w .:/@+-]", "?", f"{APPLICATION}{owner}")[:LONGEST_PROGRAM_NAME].rstrip()
