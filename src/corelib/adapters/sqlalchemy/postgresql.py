"""All that is particular to PostgreSQL (15 and newer) with psycopg 3."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from corelib.adapters.sqlalchemy.clock import utc_in, utc_now
from corelib.adapters.sqlalchemy.comparing import compared
from corelib.adapters.sqlalchemy.dialect import Bound, C, Column, Condition, S
from corelib.adapters.sqlalchemy.engine_settings import EngineSettings, in_query
from corelib.adapters.sqlalchemy.failures import refused
from corelib.adapters.sqlalchemy.lock_sessions import LockSessions, ServerLockSessions
from corelib.adapters.sqlalchemy.postgresql_errors import known_error
from corelib.adapters.sqlalchemy.postgresql_locks import PostgresqlLocking
from corelib.adapters.sqlalchemy.socket_state import has_something_to_read
from corelib.adapters.sqlalchemy.terms import milliseconds_of
from corelib.adapters.sqlalchemy.tokens import event_horizon, event_mark, new_token, state_apart, unhurried_commit
from corelib.domain.specification import Operator
from corelib.errors import CorelibError, MissingExtra
from corelib.ports.repository import Locking
from corelib.ports.storage import Isolation, Terms

if TYPE_CHECKING:
    import psycopg

    from corelib.adapters.sqlalchemy.translating import TranslatingConnection

_ISOLATION = {
    Isolation.READ_COMMITTED: "READ COMMITTED",
    Isolation.SNAPSHOT: "REPEATABLE READ",
    Isolation.SERIALIZABLE: "SERIALIZABLE",
}
SCHEMA_LOCK = 0x636F7265  # "core"
CANCEL_SECONDS = 5.0


class PostgresqlDialect:
    """Keeps the contract of `SqlDialect`."""

    name = "postgresql"
    untested_for: timedelta = timedelta(milliseconds=500)

    def url(self, url: URL) -> URL:
        """Choose psycopg 3."""
        try:
            import psycopg  # noqa: F401, PLC0415 - an optional driver
        except ImportError:
            raise MissingExtra("psycopg", extra="postgresql", purpose="A postgresql:// database") from None
        return url.set(drivername="postgresql+psycopg")

    def engine_options(self, settings: EngineSettings) -> dict[str, object]:
        """Name the application and bound the wait for a connection; what the URL says about it stands.

        A token is as good as a password, so it goes over an encrypted connection alone.
        """
        wanted = {"application_name": settings.application_name, "connect_timeout": settings.connect_seconds}
        if settings.token is not None:
            wanted["sslmode"] = "require"
        return {"connect_args": {name: value for name, value in wanted.items() if not in_query(settings.url, name)}}

    def seems_over(self, connection: Any) -> bool:
        """Look whether there is something to read: a server says good-bye, and its end closes the connection."""
        return bool(connection.closed) or has_something_to_read(connection.fileno())

    def prepare(self, engine: Engine) -> None:
        """Do nothing: the defaults are right."""

    def committing_each_statement(self, engine: Engine) -> Engine:
        """Let the driver send neither BEGIN nor COMMIT: the server commits each statement by itself."""
        return engine.execution_options(isolation_level="AUTOCOMMIT")

    @property
    def unhurried(self) -> Sequence[Condition]:
        """Set `synchronous_commit` for this transaction (PostgreSQL: "Asynchronous Commit"), once, by a subquery."""
        return [unhurried_commit()]

    def skip_locked(self, select: S, table: sa.Table) -> S:
        """Add FOR UPDATE SKIP LOCKED."""
        return select.with_for_update(of=table, skip_locked=True)

    def passing_over_locked(self, change: C) -> C:
        """Change nothing: the rows were locked by the query that found them."""
        return change

    def asked_again(self, condition: Condition) -> Sequence[Condition]:  # noqa: ARG002
        """Return nothing: the rows are locked, and are looked up by their key.

        By the condition PostgreSQL would find all rows of which it is true if its statistics were made when there were
        hardly any, as those of a queue often are: a claim of four jobs then read every job that waits.
        """
        return ()

    def reading_rows(self, counter: sa.Column[int]) -> Sequence[Condition]:  # noqa: ARG002 - the protocol's signature
        """Return nothing: rows are locked, whatever index leads to them."""
        return ()

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

    def exactly(self, column: Column, value: Column) -> Condition:
        """Compare as the column's collation does, which takes nothing for the same that differs."""
        return column == value

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
        """Add FOR NO KEY UPDATE, which leaves alone those who only refer to a row by a foreign key."""
        return select.with_for_update(
            of=table, skip_locked=lock is Locking.SKIP, nowait=lock is Locking.FAIL, key_share=True
        )

    def locking_keys(self, select: S, table: sa.Table) -> S:
        """Add FOR UPDATE; `upsert` needs no more."""
        return select.with_for_update(of=table)

    changes_with_queries = True
    inserts_or_updates = True
    one_writer = False
    marks_rows = False
    streams_with_cursor = True

    def upsert(self, table: sa.Table, keys: Sequence[str], columns: Sequence[str], version: str) -> sa.Insert:
        """Add ON CONFLICT DO UPDATE."""
        insert = postgresql.insert(table)
        written: dict[str, Any] = {name: insert.excluded[name] for name in columns}
        return insert.on_conflict_do_update(index_elements=list(keys), set_={**written, version: table.c[version] + 1})

    def insert_if_free(self, table: sa.Table, unique: sa.Column[str], where: Condition) -> sa.Insert:
        """Add ON CONFLICT DO NOTHING for that index alone; it waits for a transaction that has inserted the value."""
        return postgresql.insert(table).on_conflict_do_nothing(index_elements=[unique], index_where=where)

    def lock_unique_key(self, connection: TranslatingConnection, digest: str) -> None:
        """Do nothing: `insert_if_free` waits."""

    def set_terms(self, connection: Connection, terms: Terms) -> None:
        """Begin as the terms say, and set the timeouts for this transaction, both in one statement.

        SNAPSHOT is REPEATABLE READ here (PostgreSQL: "Transaction isolation"). The driver puts isolation and READ ONLY
        into its BEGIN.
        """
        options: dict[str, object] = {"postgresql_readonly": True} if terms.read_only else {}
        if terms.isolation is not None:
            options["isolation_level"] = _ISOLATION[terms.isolation]
        if options:
            connection.execution_options(**options)
        timeouts = {"statement_timeout": terms.statement_timeout, "lock_timeout": terms.lock_timeout}
        settings = [
            sa.func.set_config(name, str(milliseconds_of(timeout)), True)  # noqa: FBT003 - for this transaction only
            for name, timeout in timeouts.items()
            if timeout is not None
        ]
        if settings:
            connection.execute(sa.select(*settings))

    def interrupt(self, driver_connection: Any) -> None:
        """Cancel the statement and cut the connection, upon which the server rolls back.

        The socket is shut down rather than the connection closed, which would free what its thread may be using.
        """
        with suppress(Exception):  # the server may be away; the connection has to be cut all the more
            driver_connection.cancel_safe(timeout=CANCEL_SECONDS)
        with socket.fromfd(driver_connection.fileno(), socket.AF_INET, socket.SOCK_STREAM) as same:
            same.shutdown(socket.SHUT_RDWR)

    def begin_for_savepoint(self, connection: Connection) -> None:
        """Do nothing: the driver sends BEGIN before the first statement, whatever that is."""

    def has_failed(self, connection: Connection) -> bool:
        """Return whether libpq knows the transaction as failed."""
        from psycopg.pq import TransactionStatus  # noqa: PLC0415 - an optional driver, there by now

        driver = cast("psycopg.Connection[object]", connection.connection.driver_connection)
        return driver.info.transaction_status is TransactionStatus.INERROR

    def warnings(self, connection: Connection) -> Sequence[str]:  # noqa: ARG002 - the protocol's signature
        """Return none."""
        return ()

    def lock_schema(self, connection: Connection) -> None:
        """Take an advisory lock that ends with the transaction."""
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(SCHEMA_LOCK)))

    def lock_sessions(self, engine: Engine) -> LockSessions:
        """Lock by advisory locks of a session."""
        return ServerLockSessions(engine, self, PostgresqlLocking())

    @contextmanager
    def changing_tables(self, connection: Connection) -> Iterator[None]:
        """Begin, take the lock, commit: the server rolls back changes of tables too."""
        with connection.begin():
            self.lock_schema(connection)
            yield

    def classify(self, error: sa.exc.DBAPIError) -> CorelibError:
        """Classify by SQLSTATE."""
        return known_error(error) or refused(error.orig or error)


@compiles(new_token, "postgresql")
def _new_token(_: new_token, __: SQLCompiler, **___: object) -> str:
    return "gen_random_uuid()"


@compiles(state_apart, "postgresql")
def _state_apart(element: state_apart, compiler: SQLCompiler, **options: object) -> str:
    """Name a collation: an index serves a comparison of its own collation alone (PostgreSQL: "Indexes and Collations").

    The condition of a partial index is compared with that of the query as it is written.
    """
    (column,) = element.clauses
    return compiler.process(sa.collate(column, "C"), **options)


@compiles(unhurried_commit, "postgresql")
def _unhurried_commit(_: unhurried_commit, __: SQLCompiler, **___: object) -> str:
    return "(SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL"


@compiles(event_mark, "postgresql")
def _event_mark(_: event_mark, __: SQLCompiler, **___: object) -> str:
    """Return the transaction's number, of 64 bits (PostgreSQL: "Transaction ID and Snapshot Information")."""
    return "CAST(CAST(pg_current_xact_id() AS text) AS bigint)"


@compiles(event_horizon, "postgresql")
def _event_horizon(_: event_horizon, __: SQLCompiler, **___: object) -> str:
    """Return the lowest number of a transaction that goes on; all below it have ended, and are seen or rolled back."""
    return "CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)"


@compiles(utc_now, "postgresql")
def _utc_now(_: utc_now, __: SQLCompiler, **___: object) -> str:
    return "statement_timestamp()"


@compiles(utc_in, "postgresql")
def _utc_in(element: utc_in, compiler: SQLCompiler, **options: object) -> str:
    milliseconds = compiler.process(element.clauses, **options)
    return f"(statement_timestamp() + {milliseconds} * interval '1 millisecond')"
