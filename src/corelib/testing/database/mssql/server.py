"""SQL Server as the kit administers it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property

from corelib.adapters.sqlalchemy import SqlLocks
from corelib.errors import (
    AlreadyExists,
    CorelibError,
    DatabaseMissing,
    InvalidSetting,
    PermissionDenied,
    PersistenceError,
    PersistentFailure,
    SchemaMismatch,
)
from corelib.ports.lock import Locks
from corelib.testing.database.model import Mark, ServerFacts, Session
from corelib.testing.database.mssql import admin_sql
from corelib.testing.database.mssql import options as settings
from corelib.testing.database.mssql.address import Address
from corelib.testing.database.mssql.console import MASTER, Console, SqlConsole, error_numbers
from corelib.testing.database.mssql.dropping import Dropping, end_session
from corelib.testing.database.mssql.facts import AZURE_SQL_DATABASE, MASTER_FILES, MODEL, PROPERTIES, RIGHTS, facts_of
from corelib.testing.database.mssql.marks import READ_MARK, write_mark
from corelib.testing.database.mssql.patience import Patience, has_number
from corelib.testing.database.mssql.quoting import checked_name
from corelib.testing.database.mssql.views import Views
from corelib.testing.database.planning.mark_text import mark_in
from corelib.testing.database.registry_database import REGISTRY_DATABASE

EXISTS = 1801
BUSY_MODEL = frozenset({1807, 1205})
"""CREATE DATABASE locks `model`, which it copies, so that one waits for the other (Microsoft: "MSSQLSERVER_1807")."""

NOT_ALONE = frozenset({5030, 5061, 1205})
"""Somebody has the database open (Microsoft: "Database engine events and errors")."""

ONLINE = "ONLINE"


class MssqlServer:
    """Keeps the contract of `corelib.testing.database.ports.server.DatabaseServer` on SQL Server and Azure SQL.

    A server that speaks T-SQL with less is administered as far as it goes. All work is done from master, with
    connections that commit by themselves; marks are written and read on a short connection to their database.

    Args:
        url: of any database of the server, with host and database in their own places.
        options: of test databases, but not of the registry's, by the names that ALTER DATABASE ... SET has for them, as
            `{"READ_COMMITTED_SNAPSHOT": "ON"}`, and `COLLATE`; part of the fingerprint of a template. What is not told
            is as the server's `model` has it, but for `options.QUICK`.
        console: runs the statements; by default on connections to the server.
        patience: with what others keep from being done.

    Raises:
        InvalidSetting: if the URL or an option cannot be used.
        MissingExtra, MissingDriver: if the driver is not installed.
    """

    def __init__(
        self,
        url: str,
        *,
        options: Mapping[str, str] | None = None,
        console: Console | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._address = Address(url)
        self._options = settings.checked_options(options or {})
        self.patience: Patience = patience or Patience()
        self.console: Console = console or SqlConsole(self._address.engine_of)
        self._views = Views(self.console)
        self._dropping = Dropping(self.console, self._views, self.patience, self._is_azure)

    @property
    def host(self) -> str:
        """Return the host of the URL."""
        return self._address.host

    @cached_property
    def locks(self) -> Locks:
        """Return application locks of master, which all who log in share.

        Locks belong to the database in which they are taken; every login may use master, as its guest
        (Microsoft: "sp_getapplock (Transact-SQL)", "Principals (Database Engine)").
        """
        return SqlLocks(self._address.engine_of(MASTER))

    def facts(self) -> ServerFacts:
        """Ask once, and remember the answer."""
        return self._facts

    @cached_property
    def _facts(self) -> ServerFacts:
        return facts_of(
            self.console.rows(PROPERTIES)[0],
            rights=self._views.rows_if_seen(RIGHTS),
            master_files=self._views.rows_if_seen(MASTER_FILES),
            model=self._views.rows_if_seen(MODEL),
            options={**dict(settings.quick_options(self._options)), **self._options},
        )

    def _is_azure(self) -> bool:
        return self.facts().traits["engine edition"] == str(AZURE_SQL_DATABASE)

    def url(self, name: str) -> str:
        """Return the URL of a database, with its password."""
        return self._address.url_of(name)

    def names(self, prefix: str) -> Sequence[str]:
        """Return the databases whose names begin so, upper and lower case told apart."""
        rows = self.console.rows(admin_sql.databases_like(prefix))
        return sorted(name for (name,) in rows if isinstance(name, str) and name.startswith(prefix))

    def state(self, name: str) -> str | None:
        """Return the state of a database, as `ONLINE` or `RESTORING`; None if there is none."""
        return self._views.state(name)

    def create(self, name: str) -> None:
        """Make a database and set its options, those for speed as far as the server knows them.

        Raises:
            InvalidSetting: if the server does not take an option that was told.
        """
        told = {} if name == REGISTRY_DATABASE else self._options  # that one serves other projects too
        text = settings.create_database(checked_name(name), told)
        with self._exists_already(name):
            self.patience.retry(lambda: self.console.rows(text), has_number(BUSY_MODEL))
        try:
            for option, value in settings.quick_options(told):
                with suppress(PersistentFailure):
                    self.console.rows(settings.set_option(name, option, value))
            for option, value in settings.told_options(told):
                self._set_as_told(name, option, value)
        except BaseException:
            self._drop_after_failure(name)
            raise

    def _set_as_told(self, name: str, option: str, value: str) -> None:
        try:
            self.console.rows(settings.set_option(name, option, value))
        except PersistentFailure as error:
            raise InvalidSetting(
                f"{self.facts().product} does not take the option {option} = {value}: {error.message}",
                hint="Correct it, or leave it out; ALTER DATABASE ... SET says which options a version has.",
            ) from error

    def drop(self, name: str) -> None:
        """Drop a database in any state, its snapshots with it, and whoever is connected to it."""
        self._dropping.drop(checked_name(name))

    def snapshots(self, name: str) -> Sequence[str]:
        """Return the names of the snapshots of a database, whoever made them."""
        return self._views.snapshots(name)

    def drop_snapshots(self, name: str) -> None:
        """Drop the snapshots of a database, whoever made them and is connected to them."""
        self._dropping.drop_snapshots(checked_name(name))

    def rename(self, name: str, new_name: str) -> None:
        """Rename a database; the names of its files stay."""
        text = admin_sql.rename(checked_name(name), checked_name(new_name))
        with self._exists_already(new_name):
            self.patience.retry(lambda: self.console.rows(text), has_number(NOT_ALONE))

    def seal(self, name: str) -> None:
        """Make a database read-only, as far as the server can.

        Clones are made from the backup, or from migrations, so a template has only to stay as it is. Taken OFFLINE it
        would take no connections either, but DROP DATABASE then leaves its files behind, and nobody could read its
        mark (Microsoft: "DROP DATABASE (Transact-SQL)").
        """
        with suppress(PersistentFailure):
            self.console.rows(admin_sql.set_read_only(checked_name(name)))

    def mark(self, name: str, mark: Mark) -> None:
        """Write the mark, over that of the template from which a clone has it; a sealed database is opened for it."""
        with self._writable(checked_name(name)):
            self.console.rows(write_mark(mark), name)

    @contextmanager
    def _writable(self, name: str) -> Iterator[None]:
        sealed = self._views.is_read_only(name)
        if sealed:
            self.console.rows(admin_sql.set_read_write(name))
        try:
            yield
        finally:
            if sealed:
                self.seal(name)

    def mark_of(self, name: str) -> Mark | None:
        """Return the mark; None also while the database is being restored, or is broken."""
        if self.state(checked_name(name)) != ONLINE:
            return None
        try:
            rows = self.console.rows(READ_MARK, name)
        except (DatabaseMissing, PermissionDenied, PersistenceError, SchemaMismatch):
            return None
        return mark_in(str(rows[0][0])) if rows else None

    def is_being_made(self, name: str) -> bool:
        """Look for the statement among those that run; without VIEW SERVER STATE only the login's own are seen."""
        rows = self._views.rows_if_seen(admin_sql.being_made(name))
        return bool(rows and rows[0][0])

    def sessions(self, name: str) -> Sequence[Session]:
        """Return who is connected; without VIEW SERVER STATE only the login's own sessions."""
        return self._views.sessions(name)

    def end_session(self, number: int) -> None:
        """End a session by KILL, which needs ALTER ANY CONNECTION (Microsoft: "KILL (Transact-SQL)")."""
        end_session(self.console, number)

    def close(self) -> None:
        """Close the connections."""
        self.console.close()

    @contextmanager
    def _exists_already(self, name: str) -> Iterator[None]:
        """Raise AlreadyExists for the server's error; of a server with other numbers, it is asked for the database."""
        try:
            yield
        except PersistentFailure as error:
            if EXISTS in error_numbers(error) or self.state(name) is not None:
                raise AlreadyExists(
                    f"There is a database {name} already.", hint="Take another name, or drop it."
                ) from error
            raise

    def _drop_after_failure(self, name: str) -> None:
        with suppress(CorelibError):  # the error that made it necessary is the one to tell
            self.drop(name)


def require_online(server: MssqlServer, name: str) -> None:
    """Make sure that a new database takes connections.

    Raises:
        PersistentFailure: if it does not.
    """
    state = server.state(name)
    if state != ONLINE:
        raise PersistentFailure(f"The new database {name} is {state or 'not there'} instead of {ONLINE}.")
