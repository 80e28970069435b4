"""A connection whose errors are corelib's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection, CursorResult, Dialect

from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.failures import translated


class TranslatingConnection:
    """Executes statements and raises corelib errors instead of the driver's."""

    __slots__ = ("_connection", "_dialect")

    def __init__(self, connection: Connection, dialect: SqlDialect) -> None:
        self._connection = connection
        self._dialect = dialect

    @property
    def dialect(self) -> Dialect:
        """Return SQLAlchemy's dialect."""
        return self._connection.dialect

    @property
    def closed(self) -> bool:
        """Return whether the connection was given back."""
        return self._connection.closed

    def execute(
        self,
        statement: sa.Executable,
        parameters: Mapping[str, object] | Sequence[Mapping[str, object]] | None = None,
        *,
        execution_options: Mapping[str, object] | None = None,
    ) -> CursorResult[tuple[object, ...]]:
        """Execute as `Connection.execute` does."""
        with translated(self._dialect):
            return self._connection.execute(statement, parameters, execution_options=execution_options)
