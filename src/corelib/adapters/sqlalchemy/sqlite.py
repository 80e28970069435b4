"""All that is particular to SQLite: the embedded default, for a single machine."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from corelib.adapters.sqlalchemy.clock import utc_in, utc_now
from corelib.adapters.sqlalchemy.comparing import JsonArray, compared
from corelib.adapters.sqlalchemy.dialect import Bound, C, Column, Condition, S
from corelib.adapters.sqlalchemy.engine_settings import EngineSettings
from corelib.adapters.sqlalchemy.failures import refused
from corelib.adapters.sqlalchemy.lock_sessions import LockSessions
from corelib.adapters.sqlalchemy.sqlite_errors import PRIMARY, known_error, remember_constraint
from corelib.adapters.sqlalchemy.sqlite_locks import LockFile
from corelib.adapters.sqlalchemy.terms import before_return, milliseconds_of, restore_on_return
from corelib.adapters.sqlalchemy.tokens import event_horizon, event_mark, new_token
from corelib.domain.specification import Operator
from corelib.errors import CorelibError, DatabaseMissing, InvalidSetting, ReferenceViolation
from corelib.ports.repository import Locking
from corelib.ports.storage import Terms

if TYPE_CHECKING:
    from corelib.adapters.sqlalchemy.translating import TranslatingConnection

READ_ONLY = "corelib_read_only"
"""Execution option of a connection that will not write: it takes no write lock."""

BUSY_SECONDS = 30
BUSY_PAUSE_SECONDS = 0.01
STEPS_BETWEEN_LOOKS = 1000


class SqliteDialect:
    """Keeps the contract of `SqlDialect`."""

    name = "sqlite"
    untested_for: timedelta = timedelta(0)

    def url(self, url: URL) -> URL:
        """Demand a file: a database in memory would be another one for every connection."""
        if not url.database or url.database == ":memory:":
            raise InvalidSetting(
                "An SQLite database in memory cannot be shared by connections.",
                hint="Name a file, as sqlite:///kitlab.sqlite, or use the memory adapters with memory:.",
            )
        folder = Path(url.database).absolute().parent
        if not folder.is_dir():
            raise DatabaseMissing(f"The folder {folder} of the database file does not exist.", hint="Create it first.")
        return url.set(drivername="sqlite+pysqlite")

    def engine_options(self, settings: EngineSettings) -> dict[str, object]:  # noqa: ARG002 - the protocol's signature
        """Let connections move between threads; SQLite's own locks order their work."""
        return {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}

    def seems_over(self, connection: Any) -> bool:  # noqa: ARG002 - the protocol's signature
        """Return False: the driver does not tell."""
        return False

    def prepare(self, engine: Engine) -> None:
        """Take over transactions from the driver, which would begin them too late, and switch on foreign keys."""
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
        event.listen(engine, "handle_error", remember_constraint)
        restore_on_return(engine)

    def committing_each_statement(self, engine: Engine) -> Engine:
        """Change nothing: there is no way to a server to save."""
        return engine

    @property
    def unhurried(self) -> Sequence[Condition]:
        """Return nothing: its log is not waited for anyway."""
        return ()

    def skip_locked(self, select: S, table: sa.Table) -> S:  # noqa: ARG002 - the protocol's signature
        """Change nothing: there is one writer at a time."""
        return select

    def passing_over_locked(self, change: C) -> C:
        """Change nothing: the rows were locked by the query that found them."""
        return change

    def asked_again(self, condition: Condition) -> Sequence[Condition]:
        """Return the condition."""
        return [condition]

    def reading_rows(self, counter: sa.Column[int]) -> Sequence[Condition]:  # noqa: ARG002 - the protocol's signature
        """Return nothing: rows are locked, whatever index leads to them."""
        return ()

    def compare_texts(self, column: Column, operator: Operator, bound: Bound, *, empty: bool) -> Condition:  # noqa: ARG002
        """Compare byte by byte, as the collation BINARY does; LIKE would ignore the case of ASCII letters."""
        if operator is Operator.STARTS_WITH:
            return sa.func.substr(column, 1, sa.func.length(bound)) == bound
        if operator is Operator.CONTAINS:
            return sa.func.instr(column, bound) > 0
        return compared(column, operator, bound)

    def by_code_points(self, column: Column) -> Column:
        """Change nothing: the collation BINARY sorts UTF-8 by its bytes."""
        return column

    def exactly(self, column: Column, value: Column) -> Condition:
        """Compare as the column's collation does, which takes nothing for the same that differs."""
        return column == value

    def text_order(self, column: Column) -> list[Column]:
        """Sort by the collation BINARY."""
        return [self.by_code_points(column)]

    def is_one_of(self, column: Column, name: str, values: Sequence[object]) -> Condition:
        """Send the values as one JSON array."""
        array = sa.bindparam(name, list(values), JsonArray(column.type))
        listed = sa.func.json_each(array).table_valued("value")
        return column.in_(sa.select(listed.c.value))

    def listed(self, column: Column, name: str) -> Condition:
        """Send the values as one JSON array."""
        values = sa.func.json_each(sa.bindparam(name, type_=JsonArray(column.type))).table_valued("value")
        return column.in_(sa.select(values.c.value))

    def locking(self, select: S, table: sa.Table, lock: Locking) -> S:  # noqa: ARG002 - the protocol's signature
        """Change nothing: whoever may write holds the lock of the whole file."""
        return select

    def locking_keys(self, select: S, table: sa.Table) -> S:  # noqa: ARG002 - the protocol's signature
        """Change nothing: whoever may write holds the lock of the whole file."""
        return select

    changes_with_queries = False
    inserts_or_updates = True
    one_writer = True
    marks_rows = False
    streams_with_cursor = True

    def upsert(self, table: sa.Table, keys: Sequence[str], columns: Sequence[str], version: str) -> sa.Insert:
        """Add ON CONFLICT DO UPDATE."""
        insert = sqlite.insert(table)
        written: dict[str, Any] = {name: insert.excluded[name] for name in columns}
        return insert.on_conflict_do_update(index_elements=list(keys), set_={**written, version: table.c[version] + 1})

    def insert_if_free(self, table: sa.Table, unique: sa.Column[str], where: Condition) -> sa.Insert:
        """Add ON CONFLICT DO NOTHING for that index alone; it waits for a transaction that has inserted the value."""
        return sqlite.insert(table).on_conflict_do_nothing(index_elements=[unique], index_where=where)

    def lock_unique_key(self, connection: TranslatingConnection, digest: str) -> None:
        """Do nothing: `insert_if_free` waits."""

    def set_terms(self, connection: Connection, terms: Terms) -> None:
        """Begin as the terms say; every isolation level is met, since there is one writer at a time."""
        driver = cast("sqlite3.Connection", connection.connection.driver_connection)
        if terms.read_only:
            connection.execution_options(**{READ_ONLY: True})
            before_return(connection, _reset_query_only)
            driver.execute("PRAGMA query_only = ON")
        if terms.lock_timeout is not None:
            before_return(connection, _reset_busy_timeout)
            driver.execute(f"PRAGMA busy_timeout = {milliseconds_of(terms.lock_timeout)}")
        if terms.statement_timeout is not None:
            before_return(connection, _remove_progress_handler)
            _interrupt_after(connection, driver, terms.statement_timeout.total_seconds())

    def interrupt(self, driver_connection: sqlite3.Connection) -> None:
        """Interrupt the statement, roll back, and close: nothing of what its thread does next may be stored by itself.

        (SQLite: "Interrupt A Long-Running Query"; the module is compiled for use by several threads.)
        """
        driver_connection.interrupt()
        driver_connection.rollback()
        driver_connection.close()

    def begin_for_savepoint(self, connection: Connection) -> None:
        """Do nothing: BEGIN is sent before the first statement, whatever that is."""

    def has_failed(self, connection: Connection) -> bool:
        """Return whether SQLite has rolled the transaction back, as it does when the disk is full.

        COMMIT would then do nothing and say nothing (SQLite: "Response To Errors Within A Transaction").
        """
        driver = cast("sqlite3.Connection", connection.connection.driver_connection)
        try:
            return connection.in_transaction() and not driver.in_transaction
        except sqlite3.ProgrammingError:
            return False  # it is closed, which COMMIT will say

    def warnings(self, connection: Connection) -> Sequence[str]:  # noqa: ARG002 - the protocol's signature
        """Return none."""
        return ()

    def lock_schema(self, connection: Connection) -> None:
        """Do nothing: the transaction holds the write lock."""

    def lock_sessions(self, engine: Engine) -> LockSessions:
        """Lock files in the folder `<database>-locks`."""
        folder = Path(f"{engine.url.database}-locks").absolute()
        return lambda request: LockFile(folder, request)

    @contextmanager
    def changing_tables(self, connection: Connection) -> Iterator[None]:
        """Begin and commit, without foreign keys in between, which are checked at the end.

        SQLite changes most things of a table by making it anew: with foreign keys, dropping the old one would delete or
        refuse the rows that refer to it (SQLite: "ALTER TABLE", section 7; the switch does nothing in a transaction).
        """
        driver = cast("sqlite3.Connection", connection.connection.driver_connection)
        driver.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                before = _schema_version(connection)
                yield
                if _schema_version(connection) != before:
                    _refuse_lost_references(connection)
        finally:
            driver.execute("PRAGMA foreign_keys = ON")

    def classify(self, error: sa.exc.DBAPIError) -> CorelibError:
        """Classify by extended result code."""
        return known_error(error) or refused(error.orig or error)


def _interrupt_after(connection: Connection, driver: sqlite3.Connection, seconds: float) -> None:
    """Interrupt each statement that has not ended in time; SQLite asks after so many steps of its machine."""
    until = [math.inf]

    def begin(*_: object) -> None:
        until[0] = time.monotonic() + seconds

    event.listen(connection, "before_cursor_execute", begin)
    driver.set_progress_handler(lambda: time.monotonic() > until[0], STEPS_BETWEEN_LOOKS)


def _reset_query_only(driver: sqlite3.Connection) -> None:
    driver.execute("PRAGMA query_only = OFF")


def _reset_busy_timeout(driver: sqlite3.Connection) -> None:
    driver.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")


def _remove_progress_handler(driver: sqlite3.Connection) -> None:
    driver.set_progress_handler(None, 0)


def _configure(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    _switch_to_wal(cursor)
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _switch_to_wal(cursor: sqlite3.Cursor) -> None:
    """Switch, again and again while another connection does so too: for this, SQLite does not wait by itself."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & PRIMARY != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(BUSY_PAUSE_SECONDS)
        else:
            return


def _begin(connection: Connection) -> None:
    """Take the write lock at once: a transaction that read first could not get it later while others write."""
    reading = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _schema_version(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA schema_version").scalar_one())


def _refuse_lost_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise ReferenceViolation(
            f"The change of tables was undone: a row of {broken[0]} refers to a row of {broken[2]} that is not there."
        )


_FORMAT = "'%Y-%m-%d %H:%M:%f'"


@compiles(new_token, "sqlite")
def _new_token(_: new_token, __: SQLCompiler, **___: object) -> str:
    return "lower(hex(randomblob(16)))"


@compiles(event_mark, "sqlite")
def _event_mark(_: event_mark, __: SQLCompiler, **___: object) -> str:
    """Return the same for all: of one writer at a time, numbers are in the order of commits."""
    return "0"


@compiles(event_horizon, "sqlite")
def _event_horizon(_: event_horizon, __: SQLCompiler, **___: object) -> str:
    return "1"


@compiles(utc_now, "sqlite")
def _utc_now(_: utc_now, __: SQLCompiler, **___: object) -> str:
    return f"strftime({_FORMAT}, 'now') || '000'"


@compiles(utc_in, "sqlite")
def _utc_in(element: utc_in, compiler: SQLCompiler, **options: object) -> str:
    milliseconds = compiler.process(element.clauses, **options)
    return f"(strftime({_FORMAT}, 'now', ({milliseconds} / 1000.0) || ' seconds') || '000')"
