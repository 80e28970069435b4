"""A connection whose errors are corelib's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import sqlalchemy as sa
from sqlalchemy.engine import Connection, CursorResult, Dialect, Row

from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.failures import translated
from corelib.adapters.sqlalchemy.first_error import FirstError
from corelib.errors import MisuseError

Parameters = Mapping[str, object] | Sequence[Mapping[str, object]] | None


class TranslatingConnection:
    """Executes statements and raises corelib errors instead of the driver's, until one has failed.

    Args:
        connection: of the transaction.
        dialect: knows the engine's errors.
        first_error: of the transaction.
        read_only: refuse statements that write.
    """

    __slots__ = ("_dialect", "_first_error", "_read_only", "connection")

    def __init__(
        self,
        connection: Connection,
        dialect: SqlDialect,
        first_error: FirstError | None = None,
        *,
        read_only: bool = False,
    ) -> None:
        self.connection: Connection = connection
        self._dialect = dialect
        self._first_error = first_error or FirstError()
        self._read_only = read_only

    @property
    def dialect(self) -> Dialect:
        """Return SQLAlchemy's dialect."""
        return self.connection.dialect

    @property
    def closed(self) -> bool:
        """Return whether the connection was given back."""
        return self.connection.closed

    def execute(
        self,
        statement: sa.Executable,
        parameters: Parameters = None,
        *,
        execution_options: Mapping[str, object] | None = None,
    ) -> CursorResult[Any]:
        """Execute as `Connection.execute` does.

        The error of a query may come with its rows only: take `rows`, or fetch within `translating`.

        Raises:
            PersistenceError: what the driver's error is for corelib.
            MisuseError: if it writes, and the transaction was begun as read-only.
            UnitOfWorkClosed: if a statement has failed before.
        """
        self._first_error.check()
        if self._read_only and statement.is_dml:
            raise MisuseError(
                "Something was to be written in a unit of work that was begun as read-only.",
                hint="Leave out read_only=True, or look for what changes a loaded aggregate.",
            )
        try:
            return self.connection.execute(statement, parameters, execution_options=execution_options)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised again
            self._fail(error)

    def rows(self, statement: sa.Executable, parameters: Parameters = None) -> Sequence[Row[Any]]:
        """Execute a query, fetch all of its rows, and raise as `execute` does."""
        result = self.execute(statement, parameters)
        try:
            return result.all()
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(error)

    @contextmanager
    def translating(self) -> Iterator[None]:
        """Raise corelib errors for what the driver raises in the block, and note the first."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(error)

    def _fail(self, error: Exception) -> NoReturn:
        try:
            with translated(self._dialect):
                raise error  # noqa: TRY301 - for the block that translates it
        except Exception as known:
            self._first_error.note(known)
            raise
