"""Asking a server, one question at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import frozen
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.engine.interfaces import DBAPICursor

from corelib.adapters.sqlalchemy.diagnosis.model import Judgement, Purpose
from corelib.adapters.sqlalchemy.engine import dialect_of
from corelib.adapters.sqlalchemy.failures import translated

Row = tuple[object, ...]


@frozen
class Session:
    """A server to which a login was possible.

    Args:
        engine: connects to it.
        url: as given, with its options.
        purpose: what the server is there for; None for anything.
    """

    engine: Engine
    url: URL
    purpose: Purpose | None = None

    def rows(self, text: str) -> Sequence[Row]:
        """Run a statement outside of a transaction, where one that fails leaves nothing behind.

        Raises:
            ConfigurationError, PersistenceError: what the driver's error is for corelib.
        """
        with translated(dialect_of(self.engine)), self.engine.connect() as connection:
            result = connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(text)
            return [tuple(row) for row in result] if result.returns_rows else []

    def drained(self, text: str) -> None:
        """Run a statement to the very end of its results: SQL Server cuts BACKUP off otherwise, without an error.

        Raises as `rows`.
        """

        def drain(_: Connection, cursor: DBAPICursor, *__: object) -> None:
            more: bool | None = True
            while more:
                more = cursor.nextset()

        with translated(dialect_of(self.engine)), self.engine.connect() as connection:
            autocommitting = connection.execution_options(isolation_level="AUTOCOMMIT")
            event.listen(autocommitting, "after_cursor_execute", drain)
            autocommitting.exec_driver_sql(text)

    def row(self, text: str) -> Row:
        """Return the only row of the answer; an empty one if there is none. Raises as `rows`."""
        return next(iter(self.rows(text)), ())


Judge = Callable[[Session], Judgement]


@frozen
class Check:
    """One thing to look at.

    Args:
        name: a short phrase.
        judge: asks and judges; what it raises makes the outcome unknown.
        view: what of the server's catalogue it reads, if that is not there everywhere.
        right: that reading it takes, if not everybody has it.
    """

    name: str
    judge: Judge
    view: str = ""
    right: str = ""
