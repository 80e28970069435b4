"""What differs between engines; each engine has a file of its own that answers this protocol."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine

from corelib.adapters.sqlalchemy.engine_settings import EngineSettings
from corelib.domain.specification import Operator
from corelib.errors import CorelibError
from corelib.ports.repository import Locking
from corelib.ports.storage import Terms

if TYPE_CHECKING:
    from corelib.adapters.sqlalchemy.lock_sessions import LockSessions
    from corelib.adapters.sqlalchemy.translating import TranslatingConnection

Column = sa.ColumnElement[Any]
Condition = sa.ColumnElement[bool]
Bound = sa.BindParameter[Any]
S = TypeVar("S", bound=sa.Select[tuple[object, ...]])
C = TypeVar("C", sa.Update, sa.Delete)


class SqlDialect(Protocol):
    """One engine's way."""

    @property
    def name(self) -> str:
        """Return SQLAlchemy's name of the dialect."""
        ...

    def url(self, url: URL) -> URL:
        """Complete a URL: the driver, and safe defaults of its options.

        Raises:
            ConfigurationError: if the URL cannot be used, or the driver is not installed.
        """
        ...

    def engine_options(self, settings: EngineSettings) -> dict[str, object]:
        """Return arguments of `sqlalchemy.create_engine`."""
        ...

    @property
    def untested_for(self) -> timedelta:
        """Return how long a pooled connection counts as tested after it was used, unless the settings say so."""
        ...

    def seems_over(self, connection: Any) -> bool:
        """Return whether a driver's connection that is idle may be over, as far as can be seen from here.

        It costs no way to the server. What has been cut without a word is not seen.
        """
        ...

    def prepare(self, engine: Engine) -> None:
        """Attach what every new connection needs."""
        ...

    def committing_each_statement(self, engine: Engine) -> Engine:
        """Return the engine with transactions of one statement each, where that saves the way to the server and back.

        Elsewhere return it as it is: the caller commits either way.
        """
        ...

    @property
    def changes_with_queries(self) -> bool:
        """Return whether one statement may change rows in several CTEs (PostgreSQL: "Data-Modifying Statements")."""
        ...

    @property
    def unhurried(self) -> Sequence[Condition]:
        """Return what a statement adds to its WHERE so that its commit does not wait for the disk, if there is such.

        For what may be forgotten in a crash of the server, as a claim: its job is then pending as it was before.
        """
        ...

    def skip_locked(self, select: S, table: sa.Table) -> S:
        """Let a query lock the rows it reads and pass over rows that others have locked."""
        ...

    def passing_over_locked(self, change: C) -> C:
        """Let an update or a deletion pass over rows that others have locked, where the engine has a word for it."""
        ...

    def asked_again(self, condition: Condition) -> Sequence[Condition]:
        """Return what a change demands of rows whose identifiers a locking query has just found by a condition.

        That is the condition once more where a server may take no notice of lock hints: of two who found the same row
        only the first may have it. Elsewhere it is nothing.
        """
        ...

    def reading_rows(self, counter: sa.Column[int]) -> Sequence[Condition]:
        """Return what makes a query that locks read the rows themselves, where it else locks in an index alone.

        Args:
            counter: a column that no index has, and which is never below 0.
        """
        ...

    def compare_texts(self, column: Column, operator: Operator, bound: Bound, *, empty: bool) -> Condition:
        """Compare a text exactly: case and trailing blanks count, order goes by code points, nothing is a wildcard.

        Args:
            column: the text.
            operator: the comparison.
            bound: the parameter that it is compared with.
            empty: whether that is the empty text.
        """
        ...

    def exactly(self, column: Column, value: Column) -> Condition:
        """Compare a text column with another expression: case and trailing blanks count."""
        ...

    def text_order(self, column: Column) -> list[Column]:
        """Return what sorts a text column by code points, as `compare_texts` orders."""
        ...

    def is_one_of(self, column: Column, name: str, values: Sequence[object]) -> Condition:
        """Compare a column with any number of values, at least one, as one parameter of this name; texts exactly."""
        ...

    def listed(self, column: Column, name: str) -> Condition:
        """Compare a column with any number of values that come as one parameter: `{name: [value, ...]}`.

        Texts are compared as the column's own collation does, so that an index serves.
        """
        ...

    def locking(self, select: S, table: sa.Table, lock: Locking) -> S:
        """Let a query lock the rows of a table that it reads."""
        ...

    def locking_keys(self, select: S, table: sa.Table) -> S:
        """Let a query lock the rows that it finds, and the places of those that it does not find, for an upsert."""
        ...

    @property
    def inserts_or_updates(self) -> bool:
        """Return whether `upsert` is there; otherwise keys are locked, and then updated or inserted."""
        ...

    def upsert(self, table: sa.Table, keys: Sequence[str], columns: Sequence[str], version: str) -> sa.Insert:
        """Return the INSERT that overwrites columns of a row that is there, and counts its version up."""
        ...

    def insert_if_free(self, table: sa.Table, unique: sa.Column[str], where: Condition) -> sa.Insert:
        """Return the INSERT that does nothing if a unique index has the value already; where `inserts_or_updates`.

        Args:
            table: into which.
            unique: the column of the index.
            where: the filter of the index.
        """
        ...

    def lock_unique_key(self, connection: TranslatingConnection, digest: str) -> None:
        """Wait for others who place jobs with this key, and keep them waiting until the transaction ends.

        Needed only where there is no `insert_if_free`, which waits by itself.

        Raises:
            RowLocked: if that takes longer than the lock timeout of the transaction.
            TransientFailure: if this transaction was the victim of a deadlock.
        """
        ...

    @property
    def one_writer(self) -> bool:
        """Return whether a transaction that writes keeps all others from writing, so that no row can be passed over."""
        ...

    @property
    def marks_rows(self) -> bool:
        """Return whether the server marks job events by itself, by the version of their row; else see `event_mark`."""
        ...

    @property
    def streams_with_cursor(self) -> bool:
        """Return whether other statements may run on a connection while a cursor of the server is open on it."""
        ...

    def set_terms(self, connection: Connection, terms: Terms) -> None:
        """Let a connection that has not begun keep to the terms in its next transaction.

        When it goes back to the pool, what was set has no effect any more.
        """
        ...

    def interrupt(self, driver_connection: Any) -> None:
        """End the transaction of a driver's connection from another thread than the one that uses it.

        A statement that is under way is cancelled where that can be done from outside. The connection is of no use
        afterwards. May raise whatever the driver raises.
        """
        ...

    def begin_for_savepoint(self, connection: Connection) -> None:
        """Make sure that the server has begun the transaction within which a savepoint is to lie."""
        ...

    def has_failed(self, connection: Connection) -> bool:
        """Return whether the server has given up the transaction, so that COMMIT would store nothing and say nothing.

        That is so after a failed statement whose error somebody caught.
        """
        ...

    def warnings(self, connection: Connection) -> Sequence[str]:
        """Return what a person should change about the database, and how; the program runs without it too."""
        ...

    def lock_schema(self, connection: Connection) -> None:
        """Wait for the right to change tables; it ends with the transaction."""
        ...

    def lock_sessions(self, engine: Engine) -> LockSessions:
        """Return what opens the sessions on which named locks hang."""
        ...

    def changing_tables(self, connection: Connection) -> AbstractContextManager[None]:
        """Run the block in a transaction that holds the lock for changing tables, and commit.

        Args:
            connection: without a transaction.

        Raises:
            ReferenceViolation: if tables were made anew, and a row then refers to nothing.
        """
        ...

    def classify(self, error: sa.exc.DBAPIError) -> CorelibError:
        """Return the corelib error for a driver's error, by native number or SQLSTATE."""
        ...
