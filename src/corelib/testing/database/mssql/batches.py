"""A connection to SQL Server that runs whole batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from corelib.adapters.sqlalchemy import EngineSettings, create_engine
from corelib.adapters.sqlalchemy.engine import dialect_of
from corelib.adapters.sqlalchemy.failures import close_quietly, translated
from corelib.testing.database.mssql.rows import Result, Row

APPLICATION = "corelib cleaner"
"""How the server's lists of sessions name the connection."""


class EngineBatches:
    """Keeps the contract of `Batches`.

    The driver's own cursor is used, since SQLAlchemy hands out the first result of a batch only. In autocommit mode the
    driver begins no transaction of its own, so the batch begins and ends its one itself.

    Args:
        engine: tells how to log in; one connection is taken from it at once, and it is disposed of in the end.

    Raises:
        ConfigurationError, TransientFailure: if the server cannot be reached.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._dialect = dialect_of(engine)
        with translated(self._dialect):
            self._connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def run(self, batch: str) -> Sequence[Result]:
        """Send a batch and drain it: a batch whose results are not all taken may be cut off by the next one.

        An error of a later statement arrives with its result, not with the call that sent the batch.
        """
        driver = self._engine.dialect.loaded_dbapi
        cursor: Any = self._connection.connection.cursor()
        try:
            cursor.execute(batch)
            return _drained(cursor)
        except driver.Error as error:
            raise self._dialect.classify(sa.exc.DBAPIError("batch", None, error)) from error
        finally:
            cursor.close()

    def close(self) -> None:
        """Close the connection, and the engine with it."""
        close_quietly(self._connection)
        self._engine.dispose()


def connected(url: str) -> EngineBatches:
    """Return a connection to the database at a URL, as `create_engine` takes it."""
    return EngineBatches(create_engine(EngineSettings(url=url, pool_size=1, application_name=APPLICATION)))


def _drained(cursor: Any) -> list[Result]:
    results: list[Result] = []
    while True:
        if cursor.description is not None:
            names = [column[0] for column in cursor.description]
            results.append([Row(dict(zip(names, row, strict=True))) for row in cursor.fetchall()])
        if not cursor.nextset():
            return results
