"""Statements of administration: each for itself, outside of any transaction, run to its very end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.interfaces import DBAPICursor

from corelib.adapters.sqlalchemy.engine import dialect_of
from corelib.adapters.sqlalchemy.failures import translated
from corelib.adapters.sqlalchemy.mssql_errors import numbers_of

MASTER = "master"

Row = tuple[object, ...]


class Console(Protocol):
    """Runs one batch of statements at a time."""

    def rows(self, text: str, database: str = MASTER) -> Sequence[Row]:
        """Run a batch to its end and return the rows of its first result that has columns; none if there is none.

        Args:
            text: of the batch.
            database: in which it runs.

        Raises:
            ConfigurationError, PersistenceError: what the driver's error is for corelib, with the error as its cause.
        """
        ...

    def close(self) -> None:
        """Give back every connection."""
        ...


class SqlConsole:
    """Keeps the contract of `Console` with engines made by `corelib.adapters.sqlalchemy.create_engine`.

    Work in another database than master has a connection of its own, which is closed before `rows` returns: a
    connection that stayed there would keep the database from being dropped or renamed.

    Args:
        engine_of: makes the engine of a database.
    """

    def __init__(self, engine_of: Callable[[str], Engine]) -> None:
        self._engine_of = engine_of
        self.engine: Engine = engine_of(MASTER)
        """The one of master."""

    def rows(self, text: str, database: str = MASTER) -> Sequence[Row]:
        """Run a batch."""
        if database == MASTER:
            return _rows(self.engine, text)
        engine = self._engine_of(database)
        try:
            return _rows(engine, text)
        finally:
            engine.dispose()

    def close(self) -> None:
        """Close the connections to master."""
        self.engine.dispose()


def _rows(engine: Engine, text: str) -> Sequence[Row]:
    found: list[Row] = []

    def drain(_: Connection, cursor: DBAPICursor, *__: object) -> None:
        """Fetch all there is. A statement whose results are not read to the end is cut off, without an error.

        This is how BACKUP and RESTORE end half done: every message of theirs is a result of its own. Errors behind
        the first result are raised here, and here only.
        """
        taken = False
        more: bool | None = True
        while more:
            if cursor.description is not None:
                rows = [tuple(row) for row in cursor.fetchall()]
                found.extend(() if taken else rows)
                taken = True
            more = cursor.nextset()

    with translated(dialect_of(engine)), engine.connect() as connection:
        autocommitting = connection.execution_options(isolation_level="AUTOCOMMIT")
        event.listen(autocommitting, "after_cursor_execute", drain)
        autocommitting.exec_driver_sql(text)
    return found


def error_numbers(error: BaseException) -> frozenset[int]:
    """Return the native numbers of all errors that the server sent with the one that a console has raised."""
    cause = error.__cause__
    original = getattr(cause, "orig", None)
    return frozenset(numbers_of(original)) if isinstance(original, BaseException) else frozenset()


def error_text(error: BaseException) -> str:
    """Return the driver's whole message; the empty text if there is none."""
    original = getattr(error.__cause__, "orig", None)
    return max(map(str, original.args), key=len, default="") if isinstance(original, BaseException) else ""
