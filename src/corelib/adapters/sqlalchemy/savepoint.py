"""A place within a database transaction to which it can go back."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.first_error import FirstError
from corelib.adapters.sqlalchemy.repositories import Repositories
from corelib.adapters.sqlalchemy.translating import TranslatingConnection
from corelib.errors import TransientFailure


class SqlSavepoint:
    """Keeps the contract of `corelib.ports.storage.Savepoint`; the repositories must have been flushed.

    Args:
        connection: of the transaction.
        dialect: of the engine.
        repositories: of the transaction.
        first_error: of the transaction; there is none yet.
        undo: is called when it goes back.
    """

    def __init__(
        self,
        connection: TranslatingConnection,
        dialect: SqlDialect,
        repositories: Repositories,
        first_error: FirstError,
        undo: Callable[[], None] = lambda: None,
    ) -> None:
        self._undo = undo
        self._connection = connection
        self._dialect = dialect
        self._repositories = repositories
        self._first_error = first_error
        with connection.translating():
            dialect.begin_for_savepoint(connection.connection)
            self._nested = connection.connection.begin_nested()
        self._checkpoints = repositories.checkpoints()

    def release(self) -> None:
        """Release it; SQL Server has no word for that and keeps it until the end of the transaction."""
        self._first_error.check()
        refuse_given_up(self._connection.connection, self._dialect)
        with self._connection.translating():
            self._nested.commit()

    def rollback(self) -> None:
        """Go back, unless the server has rolled back the whole transaction: then it stays as failed as it is."""
        try:
            self._nested.rollback()
            refuse_given_up(self._connection.connection, self._dialect)
        except (sa.exc.SQLAlchemyError, TransientFailure) as error:
            self._first_error.note(error)
        else:
            self._first_error.forget()
        self._repositories.return_to(self._checkpoints)
        self._undo()


def refuse_given_up(connection: Connection, dialect: SqlDialect) -> None:
    """Raise a TransientFailure if nothing can be committed, because the server has given up the transaction."""
    if connection.invalidated or dialect.has_failed(connection):
        raise TransientFailure(
            "The transaction was given up by the server after a statement failed, so nothing can be committed.",
            hint="Do not catch the errors of your own statements, or run them in a savepoint.",
        )
