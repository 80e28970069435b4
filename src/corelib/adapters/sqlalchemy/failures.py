"""Driver errors become corelib errors here, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.errors import AmbiguousCommit, CorelibError, InvalidData, PersistentFailure, TransientFailure


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


def _classified(dialect: SqlDialect, error: sa.exc.StatementError, *, committing: bool) -> CorelibError:
    if isinstance(error.orig, CorelibError):
        return error.orig
    if not isinstance(error, sa.exc.DBAPIError):
        return InvalidData(f"A value cannot be stored: {brief(error.orig or error)}")
    if error.connection_invalidated:
        if committing:
            return AmbiguousCommit(
                "The connection was lost while the answer to COMMIT was awaited.",
                hint="Read the data to see whether the change holds before repeating it.",
            )
        return TransientFailure("The connection to the database was lost.", hint="Run the unit of work again.")
    return dialect.classify(error)


def close_quietly(connection: Connection) -> None:
    """Close a connection, rolling back what it has begun; one that cannot even do that is thrown away.

    An error here would hide the one that made the rollback necessary.
    """
    try:
        connection.close()
    except sa.exc.DBAPIError:
        connection.invalidate()
        connection.close()


def refused(error: BaseException) -> PersistentFailure:
    """Return the error for a failure that no table knows."""
    return PersistentFailure(f"The database refused a statement: {brief(error)}")


def brief(error: BaseException) -> str:
    """Return the first line of a driver's message; drivers put no passwords there, but may add the statement."""
    text = str(error.args[-1]) if error.args else type(error).__name__
    return text.strip().splitlines()[0][:300] if text.strip() else type(error).__name__
