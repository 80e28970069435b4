"""Driver errors become corelib errors here, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.errors import (
    AmbiguousCommit,
    CorelibError,
    InvalidData,
    PersistentFailure,
    StatementTimeout,
    TransientFailure,
)

SQLSTATE = re.compile("[0-9A-Z]{5}")


@contextmanager
def translated(dialect: SqlDialect, *, committing: bool = False) -> Iterator[None]:
    """Raise corelib errors for whatever the database raises within the block.

    Args:
        dialect: knows the engine's numbers.
        committing: the block sends COMMIT, so that a lost connection leaves the outcome unknown.
    """
    try:
        yield
    except sa.exc.StatementError as error:
        raise _classified(dialect, error, committing=committing) from error
    except sa.exc.TimeoutError as error:
        raise TransientFailure(
            "No connection became free in the pool.", hint="Raise pool_size, or look for units of work that never end."
        ) from error
    except (OverflowError, UnicodeEncodeError) as error:  # sqlite3, psycopg and pyodbc let these through
        raise InvalidData(f"A value cannot be stored: {error}.") from error


def _classified(dialect: SqlDialect, error: sa.exc.StatementError, *, committing: bool) -> CorelibError:
    if isinstance(error.orig, CorelibError):
        return error.orig
    if not isinstance(error, sa.exc.DBAPIError):
        return InvalidData(f"A value cannot be stored: {brief(error.orig or error)}")
    if not error.connection_invalidated:
        return dialect.classify(error)
    if committing:
        return AmbiguousCommit(
            "The connection was lost while the answer to COMMIT was awaited.",
            hint="Read the data to see whether the change holds before repeating it.",
        )
    told = dialect.classify(error)  # a server may say why it ends a session
    if isinstance(told, StatementTimeout):
        return told
    return TransientFailure(
        f"The connection to the database was lost: {brief(error.orig or error)}.", hint="Run the unit of work again."
    )


def close_quietly(connection: Connection) -> None:
    """Close a connection, rolling back what it has begun; one that cannot even do that is thrown away.

    An error here would hide the one that made the rollback necessary.
    """
    try:
        connection.close()
    except sa.exc.DBAPIError:
        with suppress(sa.exc.ResourceClosedError):  # newer versions of SQLAlchemy have closed it by now
            connection.invalidate()
            connection.close()


def refused(error: BaseException) -> PersistentFailure:
    """Return the error for a failure that no table knows."""
    return PersistentFailure(f"The database refused a statement: {brief(error)}")


def brief(error: BaseException) -> str:
    """Return the first line of a driver's message; drivers put no passwords there, but may add the statement.

    pyodbc puts the SQLSTATE before the message; in errors of its own making, behind it.
    """
    texts = [str(argument) for argument in error.args if not SQLSTATE.fullmatch(str(argument))]
    text = texts[-1].strip() if texts else ""
    return text.splitlines()[0][:300] if text else type(error).__name__
