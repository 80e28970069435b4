"""An engine whose commits are savepoints of one transaction, which is rolled back in the end.

All connections of the engine are one connection to the server, so this serves whatever works on the engine: corelib's
storage, sessions of the ORM, statements of Core. Beginning a transaction sets a savepoint, COMMIT releases it, ROLLBACK
goes back to it. Transactions may lie within one another, as when a test reads while the code under test writes.

What it cannot do, since nothing is ever committed:

* A second connection, as another process or engine has, sees nothing of what the test does. Locks, deadlocks and
  isolation between transactions cannot be tested.
* Of two transactions at once, the one that began last has to end first, or the earlier one must not be undone. All see
  one another's changes, and after a failed statement on PostgreSQL none can go on until the inner one is rolled back.
* Constraints that are checked at COMMIT are: PostgreSQL's are checked at each commit here too. SQLite's are not.
* An error that ends the whole transaction, as a deadlock (1205) or a doomed transaction (3930, 3931) on SQL Server,
  ends all that the test has done.
* The isolation level cannot be changed within the test, there is no autocommit, and the server does not enforce that a
  unit of work only reads.
* Generated keys and sequences go on counting; `now()` of PostgreSQL stands still.

Take reset="delete" for such tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

from attrs import define, field, frozen
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import PoolProxiedConnection, StaticPool

from corelib.testing.database.errors import WrongMode
from corelib.testing.plugin.savepoint_words import SavepointWords, words_of

_HINT = 'Use @pytest.mark.db(reset="delete") for this test.'


class OneConnection(StaticPool):
    """Hands out one connection to everybody, and closes it only when its test is over: `Engine.dispose` does not."""

    def dispose(self) -> None:
        """Do nothing: a storage that the test closes disposes of the engine."""

    def recreate(self) -> OneConnection:
        """Return this one."""
        return self

    def end(self) -> None:
        """Close the connection."""
        super().dispose()


@frozen
class _Begun:
    connection: object
    savepoint: str


@define
class Savepoints:
    """Stands in for the transactions of one connection.

    Args:
        words: how the engine spells them.
    """

    words: SavepointWords
    _open: list[_Begun] = field(factory=list, init=False)
    _number: int = field(default=0, init=False)

    def begin(self, connection: PoolProxiedConnection) -> None:
        """Set a savepoint."""
        self._number += 1
        name = f"corelib_{self._number}"
        self._run(connection, self.words.begin(name))
        self._open.append(_Begun(connection, name))

    def commit(self, connection: PoolProxiedConnection) -> None:
        """Release the savepoint, and those that were set after it; nothing if it is gone already."""
        found = self._find(connection)
        if found is None:
            return
        name = self._open[found].savepoint
        if self.words.has_failed(connection.driver_connection):  # then the server's COMMIT is a ROLLBACK as well
            self._run(connection, self.words.rollback(name))
        else:
            self._run(connection, self.words.commit(name))
        del self._open[found:]

    def rollback(self, connection: PoolProxiedConnection) -> None:
        """Go back to the savepoint; nothing if there is none.

        Raises:
            WrongMode: if another transaction began after it and has not ended: its work would be undone too.
        """
        found = self._find(connection)
        if found is None:
            return
        if found < len(self._open) - 1:
            raise WrongMode(
                'With reset="rollback", a transaction was to be rolled back while a later one was open.', hint=_HINT
            )
        self._run(connection, self.words.rollback(self._open[found].savepoint))
        del self._open[found:]

    def forget(self) -> None:
        """Begin anew: the connection is another one."""
        self._open.clear()

    def _find(self, connection: PoolProxiedConnection) -> int | None:
        places = [place for place, begun in enumerate(self._open) if begun.connection is connection]
        return places[0] if places else None

    @staticmethod
    def _run(connection: PoolProxiedConnection, statements: str) -> None:
        if statements:
            cursor = connection.cursor()
            try:
                cursor.execute(statements)
            finally:
                cursor.close()


@contextmanager
def rolled_back(make: Callable[[], Engine], isolation: str | None = None) -> Iterator[Engine]:
    """Give an engine to the block whose work is rolled back after it.

    Args:
        make: makes an engine that nobody else uses.
        isolation: of the one transaction; None for the server's default.
    """
    engine = make()
    pool = _share_one_connection(engine)
    _replace_transactions(engine, Savepoints(words_of(engine.dialect.name)), isolation)
    try:
        yield engine
    finally:
        with suppress(Exception):  # the server ends the transaction with the connection, whatever state that is in
            cast("Any", pool.connection.dbapi_connection).rollback()
        pool.end()


def _share_one_connection(engine: Engine) -> OneConnection:
    """Replace the pool as `Pool.recreate` does, so that all that listens to it goes on listening."""
    pool = OneConnection(engine.pool._creator, dialect=engine.dialect, _dispatch=engine.pool.dispatch)
    engine.pool = pool
    return pool


def _replace_transactions(engine: Engine, savepoints: Savepoints, isolation: str | None) -> None:
    """Replace what the engine's own copy of its dialect does to begin and to end a transaction."""
    dialect: Any = engine.dialect
    set_isolation_level = dialect.set_isolation_level

    def connected(driver_connection: Any, _: object) -> None:
        savepoints.forget()
        driver_connection.rollback()  # what SQLAlchemy asked the new connection may have begun a transaction
        if isolation is not None:
            set_isolation_level(driver_connection, isolation)
        cursor = driver_connection.cursor()
        cursor.execute(savepoints.words.outermost)
        cursor.close()

    def keep_isolation(_: object, level: str) -> None:
        if level != isolation:
            raise WrongMode(
                f'With reset="rollback", the isolation level cannot become {level} within a test.', hint=_HINT
            )

    event.listen(engine, "connect", connected)
    dialect.do_begin = savepoints.begin
    dialect.do_commit = savepoints.commit
    dialect.do_rollback = savepoints.rollback
    dialect.set_isolation_level = keep_isolation
    dialect.reset_isolation_level = lambda _: None
    for name in ("set_readonly", "set_deferrable"):  # PostgreSQL's; they cannot change within a transaction either
        setattr(dialect, name, lambda *_: None)
    if engine.dialect.name == "sqlite":
        _drop_begin(dialect)


def _drop_begin(dialect: Any) -> None:
    """Leave out the BEGIN that corelib sends for each transaction: there is one already."""
    execute, execute_bare = dialect.do_execute, dialect.do_execute_no_params

    def do_execute(cursor: object, statement: str, parameters: object, context: object = None) -> None:
        if not statement.startswith("BEGIN"):
            execute(cursor, statement, parameters, context)

    def do_execute_no_params(cursor: object, statement: str, context: object = None) -> None:
        if not statement.startswith("BEGIN"):
            execute_bare(cursor, statement, context)

    dialect.do_execute, dialect.do_execute_no_params = do_execute, do_execute_no_params
