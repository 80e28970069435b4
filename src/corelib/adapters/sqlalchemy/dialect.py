"""What differs between engines; each engine has a file of its own that answers this protocol."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
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

Column = sa.ColumnElement[Any]
Condition = sa.ColumnElement[bool]
Bound = sa.BindParameter[Any]
S = TypeVar("S", bound=sa.Select[tuple[object, ...]])


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

    def prepare(self, engine: Engine) -> None:
        """Attach what every new connection needs."""
        ...

    def skip_locked(self, select: S, table: sa.Table) -> S:
        """Let a query lock the rows it reads and pass over rows that others have locked."""
        ...

    def passing_over_locked(self, update: sa.Update) -> sa.Update:
        """Let an update pass over rows that others have locked, where the engine has a word for it in UPDATE."""
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

    @property
    def streams_with_cursor(self) -> bool:
        """Return whether other statements may run on a connection while a cursor of the server is open on it."""
        ...

    def set_terms(self, connection: Connection, terms: Terms) -> None:
        """Let a connection that has not begun keep to the terms in its next transaction.

        When it goes back to the pool, what was set has no effect any more.
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
