"""All that is particular to PostgreSQL (15 and newer) with psycopg 3."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from corelib.adapters.sqlalchemy.clock import utc_in, utc_now
from corelib.adapters.sqlalchemy.comparing import compared
from corelib.adapters.sqlalchemy.dialect import Bound, Column, Condition, S
from corelib.adapters.sqlalchemy.failures import brief, refused
from corelib.domain.specification import Operator
from corelib.errors import (
    AlreadyExists,
    AuthenticationFailed,
    CorelibError,
    DatabaseMissing,
    InvalidData,
    MissingExtra,
    ReferenceViolation,
    SchemaMissing,
    ServerUnreachable,
    TransientFailure,
)
from corelib.ports.repository import Locking

if TYPE_CHECKING:
    import psycopg

SCHEMA_LOCK = 0x636F7265  # "core"
CONNECT_SECONDS = 10

# SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html
_BY_STATE: dict[str, tuple[type[CorelibError], str]] = {
    "40001": (TransientFailure, "The transaction conflicts with another one"),
    "40P01": (TransientFailure, "The transaction was the victim of a deadlock"),
    "55P03": (TransientFailure, "A lock was not available in time"),
    "53300": (TransientFailure, "The server has no connection left"),
    "57P01": (TransientFailure, "The server ended the connection"),
    "57P03": (TransientFailure, "The server is starting or stopping"),
    "23505": (AlreadyExists, "A row with this key exists already"),
    "23503": (ReferenceViolation, "A foreign key is violated"),
    "23502": (InvalidData, "A required column is NULL"),
    "23514": (InvalidData, "A check constraint is violated"),
    "22001": (InvalidData, "A text is too long for its column"),
    "22003": (InvalidData, "A number is out of range"),
    "22021": (InvalidData, "A text has characters that the database's encoding has not"),
    "42P01": (SchemaMissing, "A table does not exist"),
    "42703": (SchemaMissing, "A column does not exist"),
    "28P01": (AuthenticationFailed, "The server refuses the user or the password"),
    "28000": (AuthenticationFailed, "The server refuses the user"),
    "3D000": (DatabaseMissing, "The server has no database of that name"),
}

# libpq gives no SQLSTATE for a connection that was never made; these are parts of the server's English messages.
_BY_TEXT: tuple[tuple[str, str], ...] = (
    (r"password authentication failed|no password supplied", "28P01"),
    (r"authentication failed for user|pg_hba\.conf|permission denied for database", "28000"),
    (r'role ".*" (does not exist|is not permitted to log in)', "28000"),
    (r'database ".*" does not exist', "3D000"),
    (r"too many (clients|connections)|connection slots are reserved", "53300"),
    (r"the database system is (starting up|shutting down|in recovery mode|not )", "57P03"),
)


class PostgresqlDialect:
    """Keeps the contract of `SqlDialect`."""

    name = "postgresql"

    def url(self, url: URL) -> URL:
        """Choose psycopg 3."""
        try:
            import psycopg  # noqa: F401, PLC0415 - an optional driver
        except ImportError:
            raise MissingExtra("psycopg", extra="postgresql", purpose="A postgresql:// database") from None
        return url.set(drivername="postgresql+psycopg")

    def engine_options(self) -> dict[str, object]:
        """Name the application and bound the wait for a connection."""
        return {"connect_args": {"application_name": "corelib", "connect_timeout": CONNECT_SECONDS}}

    def prepare(self, engine: Engine) -> None:
        """Do nothing: the defaults are right."""

    def skip_locked(self, select: S, table: sa.Table) -> S:
        """Add FOR UPDATE SKIP LOCKED."""
        return select.with_for_update(of=table, skip_locked=True)

    def passing_over_locked(self, update: sa.Update) -> sa.Update:
        """Change nothing: the rows were locked by the query that found them."""
        return update

    def compare_texts(self, column: Column, operator: Operator, bound: Bound, *, empty: bool) -> Condition:  # noqa: ARG002
        """Compare exactly, as equality does under every deterministic collation; order by the collation C."""
        if operator is Operator.STARTS_WITH:
            return sa.func.starts_with(column, bound)
        if operator is Operator.CONTAINS:
            return sa.func.strpos(column, bound) > 0
        return compared(self.by_code_points(column) if operator.orders else column, operator, bound)

    def by_code_points(self, column: Column) -> Column:
        """Sort by the collation C: UTF-8 by its bytes."""
        return sa.collate(column, "C")

    def text_order(self, column: Column) -> list[Column]:
        """Sort by the collation C: UTF-8 by its bytes."""
        return [self.by_code_points(column)]

    def is_one_of(self, column: Column, name: str, values: Sequence[object]) -> Condition:
        """Send the values as one array."""
        return column == sa.any_(sa.bindparam(name, list(values), postgresql.ARRAY(column.type)))

    def listed(self, column: Column, name: str) -> Condition:
        """Send the values as one array."""
        return column == sa.any_(sa.bindparam(name, type_=postgresql.ARRAY(column.type)))

    def locking(self, select: S, table: sa.Table, lock: Locking) -> S:
        """Add FOR UPDATE, which leaves alone those who only refer to a row by a foreign key."""
        return select.with_for_update(
            of=table, skip_locked=lock is Locking.SKIP, nowait=lock is Locking.FAIL, key_share=False
        )

    def locking_keys(self, select: S, table: sa.Table) -> S:
        """Add FOR UPDATE; `upsert` needs no more."""
        return select.with_for_update(of=table)

    inserts_or_updates = True
    streams_with_cursor = True

    def upsert(self, table: sa.Table, keys: Sequence[str], columns: Sequence[str], version: str) -> sa.Insert:
        """Add ON CONFLICT DO UPDATE."""
        insert = postgresql.insert(table)
        written: dict[str, Any] = {name: insert.excluded[name] for name in columns}
        return insert.on_conflict_do_update(index_elements=list(keys), set_={**written, version: table.c[version] + 1})

    def has_failed(self, connection: Connection) -> bool:
        """Return whether libpq knows the transaction as failed."""
        from psycopg.pq import TransactionStatus  # noqa: PLC0415 - an optional driver, there by now

        driver = cast("psycopg.Connection[object]", connection.connection.driver_connection)
        return driver.info.transaction_status is TransactionStatus.INERROR

    def lock_schema(self, connection: Connection) -> None:
        """Take an advisory lock that ends with the transaction."""
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(SCHEMA_LOCK)))

    def classify(self, error: sa.exc.DBAPIError) -> CorelibError:
        """Classify by SQLSTATE."""
        cause = error.orig or error
        state = getattr(cause, "sqlstate", None) or _state_of_text(str(cause))
        if state is None and isinstance(error, sa.exc.OperationalError):
            return ServerUnreachable(
                f"The PostgreSQL server does not answer: {brief(cause)}.",
                hint="Check host and port, and that the server runs.",
            )
        if state is None and isinstance(error, sa.exc.DataError):
            return InvalidData(f"A value cannot be stored: {brief(cause)}.")
        known = _BY_STATE.get(state or "")
        if known is None:
            return refused(cause)
        kind, text = known
        return kind(f"{text} ({brief(cause)}).", hint=_hint(kind))


def _state_of_text(text: str) -> str | None:
    if "FATAL" not in text and "no password supplied" not in text:
        return None
    return next((state for part, state in _BY_TEXT if re.search(part, text)), None)


def _hint(kind: type[CorelibError]) -> str:
    hints: dict[type[CorelibError], str] = {
        AuthenticationFailed: "Check user and password of the database URL.",
        DatabaseMissing: "Create it with CREATE DATABASE, or correct its name in the URL.",
        SchemaMissing: "Create the tables first.",
    }
    return hints.get(kind, "")


@compiles(utc_now, "postgresql")
def _utc_now(_: utc_now, __: SQLCompiler, **___: object) -> str:
    return "clock_timestamp()"


@compiles(utc_in, "postgresql")
def _utc_in(element: utc_in, compiler: SQLCompiler, **options: object) -> str:
    milliseconds = compiler.process(element.clauses, **options)
    return f"(clock_timestamp() + {milliseconds} * interval '1 millisecond')"
