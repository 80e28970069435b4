"""Dropping a database to which others are connected."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from corelib.errors import CorelibError, PermissionDenied, PersistenceError, PersistentFailure
from corelib.testing.database.mssql import admin_sql
from corelib.testing.database.mssql.console import Console, error_numbers
from corelib.testing.database.mssql.patience import Patience
from corelib.testing.database.mssql.views import Views

NOT_THERE = frozenset({911, 3701, 5011})
"""The database does not exist, or the login may not drop it: the server does not tell which, so that it is looked for
again (Microsoft: "Database engine events and errors", as the numbers below)."""

REFERRED_TO = 3709
"""A snapshot of the database has come up since we looked."""

IN_USE = frozenset({924, 1205, 1222, 3702, REFERRED_TO, 5052, 5061, 5064, 5070})
"""Somebody is connected, has got in between SINGLE_USER and DROP, or is at the same as we."""

NO_SUCH_SESSION = frozenset({6106})
MAY_NOT_KILL = frozenset({6102})


class Dropping:
    """Drops databases, however often others get in between.

    There is no statement that drops a database under load. SINGLE_USER throws everybody out, but the next to connect
    may be somebody else, so the two statements are sent as one, and again if that was too slow (Microsoft: "DROP
    DATABASE (Transact-SQL)"). A database that is being restored, is suspect or offline cannot be altered, but dropped.
    Azure SQL Database has no SINGLE_USER (Microsoft: "ALTER DATABASE SET options (Transact-SQL)"). Where another server
    refuses it, the sessions are ended one by one.

    A database is not dropped while it has snapshots, error 3709, so these go first, whoever made them: they show
    nothing but its own pages (Microsoft: "Database snapshots (SQL Server)"). Thus what a killed run leaves needs no
    records.

    Args:
        console: of the server.
        views: of the server.
        patience: with the others.
        is_azure: whether it is Azure SQL Database.
    """

    def __init__(self, console: Console, views: Views, patience: Patience, is_azure: Callable[[], bool]) -> None:
        self._console = console
        self._views = views
        self._patience = patience
        self._is_azure = is_azure
        self._has_other_errors = False

    def drop(self, name: str) -> None:
        """Drop a database; no error if there is none.

        Raises:
            PermissionDenied: if the login may not.
            PersistenceError: if it is still in use after all patience has ended.
        """
        self._patience.retry(lambda: self._drop_once(name), self._is_in_use)

    def drop_snapshots(self, name: str) -> None:
        """Drop the snapshots of a database; no error if there are none. Errors as for `drop`.

        Who is connected to one does not keep it (Microsoft: "Drop a database snapshot (Transact-SQL)").
        """
        self._patience.retry(lambda: self._drop_snapshots_once(name), self._is_in_use)

    def _drop_snapshots_once(self, name: str) -> None:
        for snapshot in self._views.snapshots(name):
            try:
                self._console.rows(admin_sql.drop(snapshot))
            except CorelibError as error:
                if not error_numbers(error) & NOT_THERE:
                    raise
                self._require_gone(snapshot, error)

    def _drop_once(self, name: str) -> None:
        state = self._views.state(name)
        if state is None:
            return
        self._drop_snapshots_once(name)
        try:
            self._send(name, state)
        except CorelibError as error:
            if error_numbers(error) & NOT_THERE:
                self._require_gone(name, error)
                return
            if self._is_in_use(error):
                self._end_sessions(name)
            raise

    def _require_gone(self, name: str, error: CorelibError) -> None:
        if self._views.state(name) is not None:
            raise PermissionDenied(
                f"The database {name} cannot be dropped: {error.message}",
                hint="Run the tests with the login that made it, or grant it CONTROL on the database.",
            ) from error

    def _is_in_use(self, error: CorelibError) -> bool:
        """Return whether another attempt may do; a server with error numbers of its own does not tell."""
        other = self._has_other_errors and isinstance(error, PersistenceError)
        return other or bool(error_numbers(error) & IN_USE)

    def _send(self, name: str, state: str) -> None:
        if state != "ONLINE" or self._is_azure():
            self._console.rows(admin_sql.drop(name))
            return
        try:
            self._console.rows(admin_sql.close_and_drop(name))
        except PersistentFailure as error:
            if error_numbers(error) & (NOT_THERE | IN_USE):
                raise
            self._has_other_errors = True
            self._end_sessions(name)
            self._console.rows(admin_sql.drop(name))

    def _end_sessions(self, name: str) -> None:
        for session in self._views.sessions(name):
            with suppress(CorelibError):  # it may have ended, or be out of reach: the next attempt tells
                end_session(self._console, session.number)


def end_session(console: Console, number: int) -> None:
    """End a session; no error if there is none any more."""
    try:
        console.rows(admin_sql.kill(number))
    except PersistentFailure as error:
        numbers = error_numbers(error)
        if numbers & MAY_NOT_KILL:
            raise PermissionDenied(
                f"The login may not end the session {number}: {error.message}",
                hint="Run as an administrator: GRANT ALTER ANY CONNECTION TO ...",
            ) from error
        if not numbers & NO_SUCH_SESSION and console.rows(admin_sql.session(number)):
            raise
