"""All that is particular to Microsoft SQL Server (2019 and newer, Azure SQL) with pyodbc and ODBC Driver 17 or 18."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import mssql
from sqlalchemy.engine import URL, Connection, Engine, ExceptionContext
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from corelib.adapters.sqlalchemy.clock import utc_in, utc_now
from corelib.adapters.sqlalchemy.comparing import JsonArray, compared
from corelib.adapters.sqlalchemy.dialect import Bound, C, Column, Condition, S
from corelib.adapters.sqlalchemy.engine_settings import EngineSettings, in_query
from corelib.adapters.sqlalchemy.failures import brief, refused
from corelib.adapters.sqlalchemy.lock_sessions import LockSessions, ServerLockSessions
from corelib.adapters.sqlalchemy.mssql_errors import (
    ROLLING_BACK,
    SESSION_ENDED,
    is_statement_timeout,
    known_error,
    missing_driver,
    numbers_of,
    state_of,
)
from corelib.adapters.sqlalchemy.mssql_locks import BEGIN_IF_NEEDED, MssqlLocking, hold_until_end
from corelib.adapters.sqlalchemy.terms import before_return, milliseconds_of, restore_on_return
from corelib.adapters.sqlalchemy.tokens import event_horizon, new_token
from corelib.adapters.sqlalchemy.types import MICROSECONDS
from corelib.domain.specification import Operator
from corelib.errors import CorelibError, MissingDriver, MissingExtra, MisuseError, TransientFailure
from corelib.ports.repository import Locking
from corelib.ports.storage import Terms

if TYPE_CHECKING:
    from corelib.adapters.sqlalchemy.translating import TranslatingConnection

ROLLED_BACK = "corelib_rolled_back"
Hinted = TypeVar("Hinted", bound=sa.Select[Any] | sa.Update | sa.Delete)
DEFAULT_ISOLATION: Final = "READ COMMITTED"
BINARY = "Latin1_General_100_BIN2"
SNAPSHOT_ON = 1
ENCRYPTING = 18
"""The first ODBC driver that encrypts by default."""

UTC_NOW = f"CAST(SYSUTCDATETIME() AS DATETIME2({MICROSECONDS}))"
"""The present instant, as a column of instants keeps it.

The server tells it with seven decimals, and on Windows the same for up to 16 ms ("SYSUTCDATETIME (Transact-SQL)"). A
column rounds to six: an instant that was just stored would lie in the future until the clock ticks again, and a job
that is due now would not be.
"""

A_DAY_IN_MILLISECONDS = 86_400_000
SCHEMA_LOCK_MILLISECONDS = 120_000

LONGEST_UNICODE = 4_000
"""The longest NVARCHAR that has a length, other than max."""

SKIP_LOCKED = "WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)"
"""Lock what is read, pass over what others have locked.

READPAST needs READCOMMITTEDLOCK where READ_COMMITTED_SNAPSHOT is on; where it is off, that hint changes nothing
(Microsoft: "Table hints (Transact-SQL)").
"""

LOCK_KEYS = "WITH (UPDLOCK, SERIALIZABLE)"
"""Lock rows and the gaps between them until the transaction ends (Microsoft: "Table hints (Transact-SQL)")."""

_LOCKING = {
    Locking.WAIT: "WITH (UPDLOCK, ROWLOCK)",
    Locking.SKIP: SKIP_LOCKED,
    Locking.FAIL: "WITH (UPDLOCK, ROWLOCK, NOWAIT)",
}

_SNAPSHOTS = sa.text(
    "SELECT name, is_read_committed_snapshot_on, snapshot_isolation_state FROM sys.databases "
    "WHERE database_id = DB_ID()"
)


class MssqlDialect:
    """Keeps the contract of `SqlDialect`."""

    name = "mssql"
    untested_for: timedelta = timedelta(0)

    def url(self, url: URL) -> URL:
        """Choose pyodbc and the newest installed Microsoft driver, and encryption unless the URL says otherwise.

        Driver 18 encrypts by itself, older ones have to be told (Microsoft: "DSN and Connection String Keywords").
        """
        installed = installed_drivers()
        query = dict(url.query)
        if "driver" not in query and "odbc_connect" not in query:
            query["driver"] = newest_of(installed)
        if 0 < _generation(str(query.get("driver"))) < ENCRYPTING and not in_query(url, "Encrypt"):
            query["Encrypt"] = "yes"
        return url.set(drivername="mssql+pyodbc", query=query)

    def engine_options(self, settings: EngineSettings) -> dict[str, object]:
        """Name the application, bound the wait for a login, and send many rows in one go."""
        named = {} if in_query(settings.url, "APP") else {"APP": settings.application_name}
        return {"connect_args": {"timeout": settings.connect_seconds, **named}, "fast_executemany": True}

    def seems_over(self, connection: Any) -> bool:  # noqa: ARG002 - the protocol's signature
        """Return False: the driver does not tell."""
        return False

    def prepare(self, engine: Engine) -> None:
        """Switch off the driver manager's own pool, which would hand out connections behind SQLAlchemy's back."""
        setattr(engine.dialect.loaded_dbapi, "pooling", False)  # noqa: B010 - an attribute of pyodbc alone
        event.listen(engine, "handle_error", _tell_lost_from_healthy)
        event.listen(engine, "handle_error", _remember_rollback)
        restore_on_return(engine)
        event.listen(engine, "begin", lambda connection: connection.info.pop(ROLLED_BACK, None))
        event.listen(engine, "connect", lambda *_: _assume_default_isolation(engine))
        event.listen(engine, "savepoint", lambda connection, _: _begin_if_needed(connection))

    def committing_each_statement(self, engine: Engine) -> Engine:
        """Change nothing: what the driver sends to switch to and fro would cost as much."""
        return engine

    @property
    def unhurried(self) -> Sequence[Condition]:
        """Return nothing: a database has to allow it first (Microsoft: "Control transaction durability")."""
        return ()

    def skip_locked(self, select: S, table: sa.Table) -> S:
        """Add the table hints, and make sure that they stand in the statement.

        SQLAlchemy compiles `with_for_update` to nothing here, and drops hints for a table that the statement names
        only by an alias, so the compiled text is looked at.
        """
        hinted = select.with_hint(table, SKIP_LOCKED, "mssql")
        return require_hint(hinted, SKIP_LOCKED)

    def passing_over_locked(self, change: C) -> C:
        """Hint the target as well: the server reads it once more, and must not wait there either."""
        return require_hint(change.with_hint(SKIP_LOCKED, dialect_name="mssql"), SKIP_LOCKED)

    def asked_again(self, condition: Condition) -> Sequence[Condition]:
        """Return the condition."""
        return [condition]

    def reading_rows(self, counter: sa.Column[int]) -> Sequence[Condition]:
        """Return a condition that is always true, which the server has to look up in the row, and so locks it too.

        A query that finds all that it needs in an index locks there alone. It would pick rows that others have locked,
        and which the update then passes over, instead of the next best (Microsoft: "Transaction locking and row
        versioning guide").
        """
        return (counter >= sa.literal_column("0"),)

    def compare_texts(self, column: Column, operator: Operator, bound: Bound, *, empty: bool) -> Condition:
        """Compare exactly: the column's own collation, which an index serves, finds candidates that are then checked.

        Trailing blanks are equal to none for `=` under every collation (Microsoft: "String comparison"), so the lengths
        are compared too. `CHARINDEX` knows no wildcards, and does not find the empty text.
        """
        exact = self.by_code_points(column)
        if operator.looks_into_texts:
            place = sa.func.charindex(bound, exact)
            if empty:
                return sa.case((column.is_(None), sa.null()), else_=1) == 1
            return place == 1 if operator is Operator.STARTS_WITH else place > 0
        same = self.exactly(column, bound)
        if operator is Operator.EQUAL:
            return same
        if operator is Operator.NOT_EQUAL:
            return sa.not_(same)
        strict = Operator.LESS if operator in (Operator.LESS, Operator.AT_MOST) else Operator.GREATER
        shorter = compared(sa.func.datalength(column), strict, sa.func.datalength(bound))
        beyond = sa.or_(compared(exact, strict, bound), sa.and_(exact == bound, shorter))
        return beyond if operator is strict else sa.or_(beyond, same)

    def exactly(self, column: Column, value: Column) -> Condition:
        """Compare by the column's collation, for the sake of an index, and then by code points and length."""
        lengths = sa.func.datalength(column) == sa.func.datalength(value)
        return sa.and_(column == value, self.by_code_points(column) == value, lengths)

    def by_code_points(self, column: Column) -> Column:
        """Sort by a binary collation."""
        return sa.collate(column, BINARY)

    def text_order(self, column: Column) -> list[Column]:
        """Sort by a binary collation, and then by length: trailing blanks make no difference to the first."""
        return [self.by_code_points(column), sa.func.datalength(column)]

    def is_one_of(self, column: Column, name: str, values: Sequence[object]) -> Condition:
        """Send the values as one JSON array, which OPENJSON turns into rows of the column's type."""
        array = sa.bindparam(name, list(values), JsonArray(column.type))
        rows = _JsonRows(array, column.type).table_valued(sa.column("v", column.type), name="listed")
        if not isinstance(column.type, sa.String):
            return column.in_(sa.select(rows.c.v))
        lengths = sa.func.datalength(rows.c.v) == sa.func.datalength(column)
        found = sa.exists(sa.select(sa.literal(1)).where(self.by_code_points(rows.c.v) == column, lengths))
        return sa.case((column.is_(None), sa.null()), (found, 1), else_=0) == 1

    def listed(self, column: Column, name: str) -> Condition:
        """Send the values as one JSON array, which OPENJSON turns into rows of the column's type."""
        kind = column.type
        rows = _JsonRows(sa.bindparam(name, type_=JsonArray(kind)), kind).table_valued(
            sa.column("v", kind), name="listed"
        )
        value = rows.c.v
        collation = _collation(kind)
        return column.in_(sa.select(value if collation is None else sa.collate(value, collation)))

    def locking(self, select: S, table: sa.Table, lock: Locking) -> S:
        """Add the table hints, and make sure that they stand in the statement (see `skip_locked`)."""
        hint = _LOCKING[lock]
        return require_hint(select.with_hint(table, hint, "mssql"), hint)

    def locking_keys(self, select: S, table: sa.Table) -> S:
        """Lock the range of keys as well, so that nobody inserts one that was not there."""
        return require_hint(select.with_hint(table, LOCK_KEYS, "mssql"), LOCK_KEYS)

    changes_with_queries = False
    inserts_or_updates = False
    one_writer = False
    marks_rows = True
    streams_with_cursor = False

    def upsert(self, *_: object) -> sa.Insert:
        """Refuse: MERGE has too many known defects; keys are locked instead.

        Raises:
            MisuseError: always.
        """
        raise MisuseError("SQL Server has no INSERT that overwrites.", hint="Lock the keys, then update or insert.")

    def insert_if_free(self, *_: object) -> sa.Insert:
        """Refuse: there is no such INSERT; the key is locked instead.

        Raises:
            MisuseError: always.
        """
        raise MisuseError("SQL Server has no INSERT that passes over a key.", hint="Lock the key, then insert.")

    def lock_unique_key(self, connection: TranslatingConnection, digest: str) -> None:
        """Take an application lock of the transaction, by one statement.

        Locks of rows would not do: that of the row of a job that runs would keep its heartbeat away, and that of a key
        that is not there is the lock of a whole range between keys, where others wait for no reason
        (Microsoft: "Transaction locking and row versioning guide", key-range locking).
        """
        hold_until_end(connection, f"corelib unique job {digest}")

    def set_terms(self, connection: Connection, terms: Terms) -> None:
        """Set the isolation level, the lock timeout of the session, and the driver's query timeout in whole seconds.

        There is no read-only transaction here: what a flush would write is refused before it is sent.
        """
        if terms.isolation is not None:
            connection.execution_options(isolation_level=terms.isolation.value.upper())
        if terms.lock_timeout is not None:
            before_return(connection, _reset_lock_timeout)
            connection.exec_driver_sql(f"SET LOCK_TIMEOUT {milliseconds_of(terms.lock_timeout)}")
        limits = [limit for limit in (terms.statement_timeout, terms.time_limit) if limit is not None]
        if limits:
            before_return(connection, _reset_statement_timeout)
            driver: Any = connection.connection.driver_connection
            driver.timeout = math.ceil(min(limits).total_seconds())

    def interrupt(self, driver_connection: Any) -> None:
        """Close the connection, upon which the server rolls back.

        SQLDisconnect refuses while a statement runs (HY010; Microsoft: "SQLDisconnect Function"): that one ends by its
        query timeout, which `set_terms` takes from the time limit, and whatever comes after it is refused.
        """
        driver_connection.close()

    def begin_for_savepoint(self, connection: Connection) -> None:
        """Do nothing: `prepare` sees to it for every savepoint, also for those that a host sets itself."""

    def has_failed(self, connection: Connection) -> bool:
        """Return whether an error of this transaction was one that the server answers with a rollback of its own."""
        return bool(connection.info.get(ROLLED_BACK))

    def warnings(self, connection: Connection) -> Sequence[str]:
        """Look at the two options of a database that let readers go on while others write.

        Microsoft: "sys.databases", "Snapshot isolation in SQL Server". Azure SQL has both on.
        """
        row = connection.execute(_SNAPSHOTS).one_or_none()
        if row is None:
            return ()
        name, committed, snapshot = row
        quoted = "[" + str(name).replace("]", "]]") + "]"
        found = []
        if not committed:
            found.append(
                f"READ_COMMITTED_SNAPSHOT is off in the database {name}: readers and writers wait for each other and "
                f"may end in deadlocks. Run, while nobody else is connected: ALTER DATABASE {quoted} "
                "SET READ_COMMITTED_SNAPSHOT ON"
            )
        if snapshot != SNAPSHOT_ON:
            found.append(
                f"Snapshot isolation is not allowed in the database {name}: a unit of work that asks for it fails with "
                f"error 3952. Run: ALTER DATABASE {quoted} SET ALLOW_SNAPSHOT_ISOLATION ON"
            )
        return found

    def lock_schema(self, connection: Connection) -> None:
        """Take an application lock that ends with the transaction; a return code below 0 means that it was refused.

        The procedure fails without a transaction (Microsoft: "sp_getapplock (Transact-SQL)").
        """
        _begin_if_needed(connection)
        result = connection.execute(
            sa.text(
                "DECLARE @code int; "
                "EXEC @code = sp_getapplock @Resource = N'corelib schema', @LockMode = 'Exclusive', "
                f"@LockOwner = 'Transaction', @LockTimeout = {SCHEMA_LOCK_MILLISECONDS}; SELECT @code"
            )
        ).scalar_one()
        if result < 0:
            raise TransientFailure(f"The lock for changing tables was not granted (sp_getapplock returned {result}).")

    def lock_sessions(self, engine: Engine) -> LockSessions:
        """Lock by application locks that a session owns."""
        return ServerLockSessions(engine, self, MssqlLocking())

    @contextmanager
    def changing_tables(self, connection: Connection) -> Iterator[None]:
        """Begin, take the lock, commit: the server rolls back changes of tables too."""
        with connection.begin():
            self.lock_schema(connection)
            yield

    def classify(self, error: sa.exc.DBAPIError) -> CorelibError:
        """Classify by native number, then by SQLSTATE."""
        cause = error.orig or error
        if state_of(cause) == "IM002" or "Can't open lib" in str(cause):
            return missing_driver(brief(cause))
        return known_error(error) or refused(cause)


def require_hint(statement: Hinted, hint: str) -> Hinted:
    """Return the statement, having checked that its T-SQL carries the hint.

    Raises:
        MisuseError: if SQLAlchemy dropped it.
    """
    compiled = statement.compile(dialect=mssql.dialect())  # type: ignore[no-untyped-call]
    if hint not in str(compiled):
        raise MisuseError(f"The hint {hint} was dropped from a statement.", hint="Hint the table that FROM names.")
    return statement


def _tell_lost_from_healthy(context: ExceptionContext) -> None:
    """Correct SQLAlchemy, which judges by SQLSTATE alone whether a connection is lost.

    - HYT00 means that a statement, or the wait for a lock, took longer than allowed: the connection is well. During
      COMMIT it leaves the outcome unknown, and the test of a pooled connection needs the judgment as it is.
    - A connection that was never made cannot be lost.
    - Of a session that was killed or moved, the SQLSTATE says nothing.
    """
    cause = context.original_exception
    had_connection = context.connection is not None or context.is_pre_ping
    if had_connection and (state_of(cause) == "HYT01" or SESSION_ENDED.intersection(numbers_of(cause))):
        context.is_disconnect = True
    elif not had_connection or (context.statement is not None and is_statement_timeout(cause)):
        context.is_disconnect = False


def _assume_default_isolation(engine: Engine) -> None:
    """Let SQLAlchemy set the level back also where the server does not tell it which one that is."""
    if engine.dialect.default_isolation_level is None:
        engine.dialect.default_isolation_level = DEFAULT_ISOLATION


def _begin_if_needed(connection: Connection) -> None:
    connection.exec_driver_sql(BEGIN_IF_NEEDED)


def _remember_rollback(context: ExceptionContext) -> None:
    """Note on the connection that the server has rolled its transaction back.

    Asked, it would tell of another one: the driver begins the next before the next statement.
    """
    if context.connection is not None and ROLLING_BACK.intersection(numbers_of(context.original_exception)):
        context.connection.info[ROLLED_BACK] = True


def _reset_lock_timeout(driver: Any) -> None:
    """Wait for locks without limit again; the setting is the session's, not the transaction's."""
    cursor = driver.cursor()
    cursor.execute("SET LOCK_TIMEOUT -1")
    cursor.close()


def _reset_statement_timeout(driver: Any) -> None:
    driver.timeout = 0


def installed_drivers() -> list[str]:
    """Return the names of the drivers that the ODBC driver manager knows.

    Raises:
        MissingExtra: if pyodbc is not installed.
        MissingDriver: if its system library is not.
    """
    try:
        import pyodbc  # noqa: PLC0415 - needs the system library libodbc, so nothing else may import it
    except ModuleNotFoundError:
        raise MissingExtra("pyodbc", extra="mssql", purpose="An mssql:// database") from None
    except ImportError as error:
        raise MissingDriver(
            f"pyodbc is installed, but its system library is not: {error}.",
            hint="Install unixODBC, on Debian: apt-get install libodbc2.",
        ) from None
    return list(pyodbc.drivers())


def newest_of(installed: Sequence[str]) -> str:
    """Return the newest of Microsoft's drivers.

    Raises:
        MissingDriver: if none is among them.
    """
    found = [(_generation(name), name) for name in installed if _generation(name)]
    if not found:
        raise missing_driver("the driver manager lists none")
    return max(found)[1]


def _generation(driver: str) -> int:
    """Return 18 for `ODBC Driver 18 for SQL Server`, and 0 for a driver of anybody else."""
    match = re.fullmatch(r"ODBC Driver (\d+) for SQL Server", driver)
    return int(match[1]) if match else 0


class _JsonRows(FunctionElement[Any]):
    """The values of a JSON array as rows of one column `v`."""

    name = "json_rows"
    inherit_cache: bool | None = False  # the type of the column stands in the text

    def __init__(self, array: sa.ColumnElement[Any], kind: TypeEngine[Any]) -> None:
        super().__init__(array)
        self.kind = kind


def _of_server(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return the type that a column has here, where variants and decorators are followed."""
    found = kind.dialect_impl(mssql.dialect())  # type: ignore[no-untyped-call]
    return found.impl_instance if isinstance(found, TypeDecorator) else found


def _collation(kind: TypeEngine[Any]) -> str | None:
    found = _of_server(kind)
    return found.collation if isinstance(found, sa.String) else None


def _roomy(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return the type with room for more than the column takes: WITH cuts off, and what is left might be found."""
    found = _of_server(kind)
    if not isinstance(found, sa.String) or isinstance(found, sa.Enum) or found.length is None:
        return found
    longer = found.copy()
    longer.length = found.length + 1 if found.length < LONGEST_UNICODE else None
    return longer


@compiles(_JsonRows, "mssql")
def _json_rows(element: _JsonRows, compiler: SQLCompiler, **options: Any) -> str:
    kind = _roomy(element.kind).compile(dialect=compiler.dialect).partition(" COLLATE ")[0]  # which WITH does not know
    return f"OPENJSON({compiler.process(element.clauses, **options)}) WITH (v {kind} '$')"


@compiles(new_token, "mssql")
def _new_token(_: new_token, __: SQLCompiler, **___: object) -> str:
    return "NEWID()"


@compiles(event_horizon, "mssql")
def _event_horizon(_: event_horizon, __: SQLCompiler, **___: object) -> str:
    """Return the lowest row version of a transaction that goes on (Microsoft: "MIN_ACTIVE_ROWVERSION")."""
    return "CAST(MIN_ACTIVE_ROWVERSION() AS bigint)"


@compiles(utc_now, "mssql")
def _utc_now(_: utc_now, __: SQLCompiler, **___: object) -> str:
    return UTC_NOW


@compiles(utc_in, "mssql")
def _utc_in(element: utc_in, compiler: SQLCompiler, **options: object) -> str:
    """Count whole days first: DATEADD takes an int, which as milliseconds would end after 24 days.

    A parameter without a type would be taken for an int as well, since 1000 is one.
    """
    milliseconds = f"CAST({compiler.process(element.clauses, **options)} AS bigint)"
    days = f"CAST({milliseconds} / {A_DAY_IN_MILLISECONDS} AS int)"
    rest = f"CAST({milliseconds} % {A_DAY_IN_MILLISECONDS} AS int)"
    return f"DATEADD(millisecond, {rest}, DATEADD(day, {days}, {UTC_NOW}))"
