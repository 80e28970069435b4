"""All that is particular to Microsoft SQL Server (2019 and newer, Azure SQL) with pyodbc and ODBC Driver 17 or 18."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import mssql
from sqlalchemy.engine import URL, Connection, Engine, ExceptionContext
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from corelib.adapters.sqlalchemy.clock import utc_in, utc_now
from corelib.adapters.sqlalchemy.comparing import JsonArray, compared
from corelib.adapters.sqlalchemy.dialect import Bound, Column, Condition, S
from corelib.adapters.sqlalchemy.failures import SQLSTATE, brief, refused
from corelib.domain.specification import Operator
from corelib.errors import (
    AlreadyExists,
    AuthenticationFailed,
    CorelibError,
    DatabaseMissing,
    InvalidData,
    MissingDriver,
    MissingExtra,
    MisuseError,
    ReferenceViolation,
    SchemaMissing,
    ServerUnreachable,
    TransientFailure,
)
from corelib.ports.repository import Locking

ROLLED_BACK = "corelib_rolled_back"
_ROLLING_BACK = frozenset({1205, 3960, 3961, 41301, 41302, 41305, 41325})
"""Errors after which the transaction is gone, whoever catches them."""

Hinted = TypeVar("Hinted", bound=sa.Select[Any] | sa.Update)
BINARY = "Latin1_General_100_BIN2"
CONNECT_SECONDS = 10
SCHEMA_LOCK_MILLISECONDS = 120_000

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

# Native error numbers, Microsoft: "Database engine events and errors"; the 4xxxx ones of Azure SQL from "Transient
# connectivity errors in Azure SQL Database".
_BY_NUMBER: dict[int, tuple[type[CorelibError], str]] = {
    1205: (TransientFailure, "The transaction was the victim of a deadlock"),
    1204: (TransientFailure, "The server has no room for another lock"),
    1222: (TransientFailure, "A lock was not available in time"),
    3960: (TransientFailure, "The snapshot transaction conflicts with another one"),
    3961: (TransientFailure, "The snapshot transaction met a changed table"),
    41301: (TransientFailure, "The transaction depends on one that failed"),
    41302: (TransientFailure, "The row was changed by another transaction"),
    41305: (TransientFailure, "A repeatable read could not be kept"),
    41325: (TransientFailure, "A serializable read could not be kept"),
    40197: (TransientFailure, "The service is being moved"),
    40501: (TransientFailure, "The service is busy"),
    40613: (TransientFailure, "The database is not available just now"),
    10928: (TransientFailure, "The database's limit of requests is reached"),
    10929: (TransientFailure, "The server is too busy"),
    49918: (TransientFailure, "The service has not enough resources just now"),
    49919: (TransientFailure, "The service has too many operations in progress"),
    49920: (TransientFailure, "The service has too many operations in progress"),
    2601: (AlreadyExists, "A row with this unique key exists already"),
    2627: (AlreadyExists, "A row with this key exists already"),
    547: (ReferenceViolation, "A foreign key is violated"),
    515: (InvalidData, "A required column is NULL"),
    2628: (InvalidData, "A text is too long for its column"),
    8152: (InvalidData, "A text is too long for its column"),
    8115: (InvalidData, "A number is out of range"),
    220: (InvalidData, "A number is out of range"),
    208: (SchemaMissing, "A table does not exist"),
    207: (SchemaMissing, "A column does not exist"),
    18456: (AuthenticationFailed, "The server refuses the user or the password"),
    4060: (DatabaseMissing, "The server has no database of that name, or the user may not open it"),
    911: (DatabaseMissing, "The server has no database of that name"),
}
_NUMBER = re.compile(r"\((\d+)\)(?: \(SQL\w+\))?(?:; \[|$)")

# What the driver itself finds wrong has no number, only a SQLSTATE.
_BY_STATE: dict[str, tuple[type[CorelibError], str]] = {
    "40001": (TransientFailure, "The transaction was the victim of a deadlock"),
    "22001": (InvalidData, "A text is too long for its column"),
    "22003": (InvalidData, "A number is out of range"),
}
_UNREACHABLE = {"08001", "08S01", "HYT00", "HYT01"}


class MssqlDialect:
    """Keeps the contract of `SqlDialect`."""

    name = "mssql"

    def url(self, url: URL) -> URL:
        """Choose pyodbc and the newest installed Microsoft driver; encryption stays on, as the driver has it."""
        installed = _installed_drivers()
        query = dict(url.query)
        if "driver" not in query and "odbc_connect" not in query:
            query["driver"] = _newest(installed)
        return url.set(drivername="mssql+pyodbc", query=query)

    def engine_options(self) -> dict[str, object]:
        """Bound the wait for a login and send many rows in one go."""
        return {"connect_args": {"timeout": CONNECT_SECONDS, "APP": "corelib"}, "fast_executemany": True}

    def prepare(self, engine: Engine) -> None:
        """Switch off the driver manager's own pool, which would hand out connections behind SQLAlchemy's back."""
        setattr(engine.dialect.loaded_dbapi, "pooling", False)  # noqa: B010 - an attribute of pyodbc alone
        event.listen(engine, "handle_error", _tell_unreachable_from_lost)
        event.listen(engine, "handle_error", _remember_rollback)
        event.listen(engine, "begin", lambda connection: connection.info.pop(ROLLED_BACK, None))

    def skip_locked(self, select: S, table: sa.Table) -> S:
        """Add the table hints, and make sure that they stand in the statement.

        SQLAlchemy compiles `with_for_update` to nothing here, and drops hints for a table that the statement names
        only by an alias, so the compiled text is looked at.
        """
        hinted = select.with_hint(table, SKIP_LOCKED, "mssql")
        return require_hint(hinted, SKIP_LOCKED)

    def passing_over_locked(self, update: sa.Update) -> sa.Update:
        """Hint the target as well: the server reads it once more, and must not wait there either."""
        return require_hint(update.with_hint(SKIP_LOCKED, dialect_name="mssql"), SKIP_LOCKED)

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
        same = sa.and_(column == bound, exact == bound, sa.func.datalength(column) == sa.func.datalength(bound))
        if operator is Operator.EQUAL:
            return same
        if operator is Operator.NOT_EQUAL:
            return sa.not_(same)
        strict = Operator.LESS if operator in (Operator.LESS, Operator.AT_MOST) else Operator.GREATER
        shorter = compared(sa.func.datalength(column), strict, sa.func.datalength(bound))
        beyond = sa.or_(compared(exact, strict, bound), sa.and_(exact == bound, shorter))
        return beyond if operator is strict else sa.or_(beyond, same)

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
        return column.in_(sa.select(rows.c.v))

    def locking(self, select: S, table: sa.Table, lock: Locking) -> S:
        """Add the table hints, and make sure that they stand in the statement (see `skip_locked`)."""
        hint = _LOCKING[lock]
        return require_hint(select.with_hint(table, hint, "mssql"), hint)

    def locking_keys(self, select: S, table: sa.Table) -> S:
        """Lock the range of keys as well, so that nobody inserts one that was not there."""
        return require_hint(select.with_hint(table, LOCK_KEYS, "mssql"), LOCK_KEYS)

    inserts_or_updates = False
    streams_with_cursor = False

    def upsert(self, *_: object) -> sa.Insert:
        """Refuse: MERGE has too many known defects; keys are locked instead.

        Raises:
            MisuseError: always.
        """
        raise MisuseError("SQL Server has no INSERT that overwrites.", hint="Lock the keys, then update or insert.")

    def has_failed(self, connection: Connection) -> bool:
        """Return whether an error of this transaction was one that the server answers with a rollback of its own."""
        return bool(connection.info.get(ROLLED_BACK))

    def lock_schema(self, connection: Connection) -> None:
        """Take an application lock that ends with the transaction; a return code below 0 means that it was refused."""
        result = connection.execute(
            sa.text(
                "DECLARE @code int; "
                "EXEC @code = sp_getapplock @Resource = N'corelib schema', @LockMode = 'Exclusive', "
                f"@LockOwner = 'Transaction', @LockTimeout = {SCHEMA_LOCK_MILLISECONDS}; SELECT @code"
            )
        ).scalar_one()
        if result < 0:
            raise TransientFailure(f"The lock for changing tables was not granted (sp_getapplock returned {result}).")

    def classify(self, error: sa.exc.DBAPIError) -> CorelibError:
        """Classify by native number, then by SQLSTATE."""
        cause = error.orig or error
        texts = list(map(str, cause.args))
        text = max(texts, key=len, default="")
        numbers = [number for number in map(int, _NUMBER.findall(text)) if number in _BY_NUMBER]
        if numbers:
            # A login that fails because of its database reports 18456 first.
            return _known(4060 if 4060 in numbers else numbers[0], cause)
        state = next(filter(SQLSTATE.fullmatch, texts), "")
        if "right truncation" in text:
            state = "22001"
        if state in _BY_STATE:
            kind, what = _BY_STATE[state]
            return kind(f"{what} ({brief(cause)}).")
        if state == "IM002" or "Can't open lib" in text:
            return _no_driver(brief(cause))
        if state in _UNREACHABLE:
            return ServerUnreachable(
                f"The SQL Server does not answer: {brief(cause)}.",
                hint="Check host and port, and that the server runs; a certificate problem is named in the message.",
            )
        return refused(cause)


def require_hint(statement: Hinted, hint: str) -> Hinted:
    """Return the statement, having checked that its T-SQL carries the hint.

    Raises:
        MisuseError: if SQLAlchemy dropped it.
    """
    compiled = statement.compile(dialect=mssql.dialect())  # type: ignore[no-untyped-call]
    if hint not in str(compiled):
        raise MisuseError(f"The hint {hint} was dropped from a statement.", hint="Hint the table that FROM names.")
    return statement


def _known(number: int, cause: BaseException) -> CorelibError:
    kind, text = _BY_NUMBER[number]
    if number == 547 and "CHECK constraint" in str(cause):
        kind, text = InvalidData, "A check constraint is violated"
    hints: dict[type[CorelibError], str] = {
        AuthenticationFailed: "Check user and password of the database URL.",
        DatabaseMissing: "Create it with CREATE DATABASE, or correct its name in the URL.",
        SchemaMissing: "Create the tables first.",
    }
    return kind(f"{text} (error {number}: {brief(cause)}).", hint=hints.get(kind, ""))


def _tell_unreachable_from_lost(context: ExceptionContext) -> None:
    """Keep SQLAlchemy from taking a connection that was never made for one that was lost.

    It judges by SQLSTATE alone. The test of a pooled connection has no connection here either, but needs its judgment.
    """
    if context.connection is None and not context.is_pre_ping:
        context.is_disconnect = False


def _remember_rollback(context: ExceptionContext) -> None:
    """Note on the connection that the server has rolled its transaction back (Microsoft: "error 1205, 3960, ...")."""
    text = str(context.original_exception)
    if context.connection is not None and any(int(number) in _ROLLING_BACK for number in _NUMBER.findall(text)):
        context.connection.info[ROLLED_BACK] = True


def _installed_drivers() -> list[str]:
    """Return the names of the drivers that the ODBC driver manager knows."""
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


def _newest(installed: Sequence[str]) -> str:
    """Return the newest of Microsoft's drivers."""
    found = sorted(name for name in installed if re.fullmatch(r"ODBC Driver \d+ for SQL Server", name))
    if not found:
        raise _no_driver("the driver manager lists none")
    return found[-1]


def _no_driver(reason: str) -> MissingDriver:
    return MissingDriver(
        f"There is no Microsoft ODBC driver for SQL Server: {reason}.",
        hint="Install msodbcsql18 (Microsoft: 'Download ODBC Driver for SQL Server'), or name another with ?driver=.",
    )


class _JsonRows(FunctionElement[Any]):
    """The values of a JSON array as rows of one column `v`."""

    name = "json_rows"
    inherit_cache = False  # the type of the column stands in the text

    def __init__(self, array: sa.ColumnElement[Any], kind: TypeEngine[Any]) -> None:
        super().__init__(array)
        self.kind = kind


@compiles(_JsonRows, "mssql")
def _json_rows(element: _JsonRows, compiler: SQLCompiler, **options: Any) -> str:
    kind = element.kind.compile(dialect=compiler.dialect)
    return f"OPENJSON({compiler.process(element.clauses, **options)}) WITH (v {kind} '$')"


@compiles(utc_now, "mssql")
def _utc_now(_: utc_now, __: SQLCompiler, **___: object) -> str:
    return "SYSUTCDATETIME()"


@compiles(utc_in, "mssql")
def _utc_in(element: utc_in, compiler: SQLCompiler, **options: object) -> str:
    """Count whole seconds first: DATEADD takes an int, which as milliseconds would end after 24 days.

    A parameter without a type would be taken for an int as well, since 1000 is one.
    """
    milliseconds = f"CAST({compiler.process(element.clauses, **options)} AS bigint)"
    seconds = f"CAST({milliseconds} / 1000 AS int)"
    rest = f"CAST({milliseconds} % 1000 AS int)"
    return f"DATEADD(millisecond, {rest}, DATEADD(second, {seconds}, SYSUTCDATETIME()))"
