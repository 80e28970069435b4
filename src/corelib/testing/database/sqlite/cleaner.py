"""Emptying the tables of a clone in SQLite."""
# ruff: noqa: S608 - names are quoted

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy import create_engine
from corelib.adapters.sqlalchemy.engine import dialect_named
from corelib.adapters.sqlalchemy.failures import close_quietly, translated
from corelib.errors import RowLocked
from corelib.testing.database.errors import TransactionLeaked
from corelib.testing.database.model import Identity, ResetOutcome
from corelib.testing.database.planning.catalogue import Table, TableName
from corelib.testing.database.planning.ownership import taken_by_others
from corelib.testing.database.sqlite import marks
from corelib.testing.database.sqlite.catalogue import Definition, filled_tables, read_last_values
from corelib.testing.database.sqlite.files import files_of
from corelib.testing.database.sqlite.names import SCHEMA, qualified, quoted
from corelib.testing.database.sqlite.template import Template

LOCK_TIMEOUT = timedelta(seconds=2)


class SqliteCleaner:
    """Keeps the contract of `Cleaner`, as far as the file tells who uses it.

    Only a transaction that writes is noticed as leaked; SQLite does not tell whose it is, and nobody can end it. Only
    keys of AUTOINCREMENT tables can be spread: others go on from the largest key in the table.

    Each reset compares reference data of up to 10,000 rows in all; larger tables are compared when the cleaner is
    closed.

    Args:
        url: of the file, as for `create_engine`; the cleaner opens it, reads the catalogue and makes its plan now.
        lock_timeout: how long a reset waits for the write lock before it takes its holder for leaked.

    Raises:
        CannotReset: if there is a table that cannot be emptied.
        ConfigurationError: if the file cannot be opened.
    """

    def __init__(self, url: str, *, lock_timeout: timedelta = LOCK_TIMEOUT) -> None:
        self._dialect = dialect_named("sqlite")
        self._engine = create_engine(url)
        self._files = files_of(Path(self._engine.url.database or ""))
        self._mark = marks.read(self._files)
        with translated(self._dialect), ExitStack() as undoing:
            undoing.callback(self._engine.dispose)
            self._connection = _connect(self._engine, lock_timeout)
            undoing.callback(close_quietly, self._connection)
            with self._connection.begin():
                self._template = Template.read(self._connection)
            undoing.pop_all()

    def reset(self, test: str, *, identity: Identity) -> ResetOutcome:
        """Empty what has rows, set back the counters, and look what else the test has left.

        Args:
            test: the test that has just run, for messages.
            identity: what becomes of the counters of generated keys.

        Raises:
            TransactionLeaked: if somebody holds the write lock of the file; nothing was emptied then.
            ReferenceDataChanged: if rows of the template were changed.
            CannotReset: if a test made a table, or changed one.
            NotOwned: if the file has another mark, or is another one, than when the cleaner was made.
        """
        mark = marks.read(self._files)
        if mark != self._mark:
            raise taken_by_others(self._files.name, mark)
        try:
            with translated(self._dialect), self._connection.begin():
                self._template.verify(self._connection, test)
                emptied = self._empty()
                self._set_counters(identity)
        except RowLocked as error:
            raise TransactionLeaked(test, ["somebody holds the write lock of the file"], ended=False) from error
        return ResetOutcome(tuple(map(str, emptied)))

    def close(self) -> None:
        """Compare the reference tables that are too large to be looked at every time, and give back the connection.

        Raises:
            ReferenceDataChanged: if one of them was changed by any of the tests.
        """
        if self._connection.closed:
            return
        try:
            with translated(self._dialect):
                self._template.compare_large_tables(self._connection)
        finally:
            self._give_back()

    def _give_back(self) -> None:
        close_quietly(self._connection)
        self._engine.dispose()

    def _empty(self) -> Sequence[TableName]:
        tables = {table.name: table for table in self._template.emptied}
        filled = filled_tables(self._connection, list(tables))
        for name in filled:
            self._empty_table(tables[name])
        return filled

    def _empty_table(self, table: Table) -> None:
        """Delete all rows, without the triggers: SQLite cannot disable one, so they are dropped and made again."""
        triggers: Sequence[Definition] = self._template.triggers.get(table.name.name.lower(), ())
        for trigger in triggers:
            self._run(f"DROP TRIGGER {quoted(SCHEMA)}.{quoted(trigger.name)}")
        self._run(f"DELETE FROM {qualified(table.name)}")
        for trigger in triggers:
            self._run(trigger.statement)

    def _set_counters(self, identity: Identity) -> None:
        """Set back the counters that stand elsewhere; one that was never used has no row."""
        if identity is Identity.KEEP:
            return
        wanted: Mapping[str, int | None] = self._template.last_values(identity)
        found = read_last_values(self._connection)
        for name in wanted:
            if wanted[name] == found.get(name):
                continue
            self._run("DELETE FROM main.sqlite_sequence WHERE name = ?", name)
            if wanted[name] is not None:
                self._run("INSERT INTO main.sqlite_sequence (name, seq) VALUES (?, ?)", name, wanted[name])

    def _run(self, statement: str, *values: object) -> None:
        self._connection.exec_driver_sql(statement, values or None)


def _connect(engine: sa.Engine, lock_timeout: timedelta) -> Connection:
    """Open a connection that checks no foreign keys, waits for locks as long as told, and never for the disk."""
    connection = engine.connect()
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute("PRAGMA foreign_keys = OFF")
    driver.execute("PRAGMA synchronous = OFF")
    driver.execute(f"PRAGMA busy_timeout = {round(lock_timeout.total_seconds() * 1000)}")
    return connection
