"""All that is particular to PostgreSQL (15 and newer) with psycopg 3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from corelib.adapters.sqlalchemy.clock import utc_in, utc_now
from corelib.adapters.sqlalchemy.comparing import compared
from corelib.adapters.sqlalchemy.dialect import Bound, Column, Condition, S
from corelib.adapters.sqlalchemy.engine_settings import EngineSettings, in_query
from corelib.adapters.sqlalchemy.failures import refused
from corelib.adapters.sqlalchemy.lock_sessions import LockSessions, ServerLockSessions
from corelib.adapters.sqlalchemy.postgresql_errors import known_error
from corelib.adapters.sqlalchemy.postgresql_locks import PostgresqlLocking
from corelib.adapters.sqlalchemy.terms import milliseconds_of
from corelib.domain.specification import Operator
from corelib.errors import CorelibError, MissingExtra
from corelib.ports.repository import Locking
from corelib.ports.storage import Isolation, Terms

if TYPE_CHECKING:
    import psycopg

_ISOLATION = {
    Isolation.READ_COMMITTED: "READ COMMITTED",
    Isolation.SNAPSHOT: "REPEATABLE READ",
    Isolation.SERIALIZABLE: "SERIALIZABLE",
}
SCHEMA_LOCK = 0x636F7265  # "core"


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

    def engine_options(self, settings: EngineSettings) -> dict[str, object]:
        """Name the application and bound the wait for a connection; what the URL says about it stands.

        A token is as good as a password, so it goes over an encrypted connection alone.
        """
        wanted = {"application_name": settings.application_name, "connect_timeout": settings.connect_seconds}
        if settings.token is not None:
            wanted["sslmode"] = "require"
        return {"connect_args": {name: value for name, value in wanted.items() if not in_query(settings.url, name)}}

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

    inserts_or_updates = True
    streams_with_cursor = True

    def upsert(self, table: sa.Table, keys: Sequence[str], columns: Sequence[str], version: str) -> sa.Insert:
        """Add ON CONFLICT DO UPDATE."""
        insert = postgresql.insert(table)
        written: dict[str, Any] = {name: insert.excluded[name] for name in columns}
        return insert.on_conflict_do_update(index_elements=list(keys), set_={**written, version: table.c[version] + 1})

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


@compiles(utc_now, "postgresql")
def _utc_now(_: utc_now, __: SQLCompiler, **___: object) -> str:
    return "clock_timestamp()"


@compiles(utc_in, "postgresql")
def _utc_in(element: utc_in, compiler: SQLCompiler, **options: object) -> str:
    milliseconds = compiler.process(element.clauses, **options)
    return f"(clock_timestamp() + {milliseconds} * interval '1 millisecond')"
