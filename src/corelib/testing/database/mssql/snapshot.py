"""The snapshot of one clone: made, reverted to, dropped."""

from __future__ import annotations

from contextlib import suppress

from corelib.errors import CorelibError, PersistentFailure
from corelib.testing.database.errors import CannotReset
from corelib.testing.database.mssql import snapshot_sql
from corelib.testing.database.mssql.backup_errors import explaining
from corelib.testing.database.mssql.console import error_numbers
from corelib.testing.database.mssql.dropping import IN_USE
from corelib.testing.database.mssql.patience import has_number
from corelib.testing.database.mssql.quoting import checked_name
from corelib.testing.database.mssql.server import BUSY_MODEL, ONLINE, MssqlServer
from corelib.testing.database.mssql.snapshot_sql import DatabaseFile

OCCUPIED = IN_USE | {3101}
"""Somebody is connected, or has got in between SINGLE_USER and RESTORE (Microsoft: "Database engine events and errors",
as 3137 and 3138)."""

CANNOT_REVERT = frozenset({3137, 3138})
"""There is another snapshot, or none of this name, or files are missing; or the database has FILESTREAM data."""


class Snapshot:
    """A database snapshot, by whose name its clone is found, and the other way round.

    Everything is done from master, outside of any transaction, and drained to the end.

    Args:
        server: that has the clone.
        database: the clone.
    """

    def __init__(self, server: MssqlServer, database: str) -> None:
        self._server = server
        self._database = checked_name(database)

    def files(self) -> list[DatabaseFile]:
        """Return the files of the clone, as far as the login may see them."""
        return snapshot_sql.files_from(self._server.console.rows(snapshot_sql.files(self._database)))

    def make(self, files: list[DatabaseFile]) -> None:
        """Make the snapshot.

        Args:
            files: of the clone.

        Raises:
            AlreadyExists: if there is one.
            StorageFull, PermissionDenied: with the folder that is meant.
            PersistenceError, ConfigurationError: otherwise.
        """
        text = snapshot_sql.create(self._database, files)
        place = next(snapshot_sql.sparse_file(self._database, file) for file in files)
        with explaining(f"Making the snapshot of {self._database}", place):
            self._server.patience.retry(lambda: self._server.console.rows(text), has_number(BUSY_MODEL))

    def revert(self) -> None:
        """Bring the clone back; whoever is connected to it is not any more.

        Raises:
            CannotReset: if there is another snapshot of the clone, or what cannot be reverted.
            PersistenceError: if the clone stays in use after all patience has ended, or is not online afterwards.
        """
        try:
            self._server.patience.retry(self._revert_once, has_number(OCCUPIED))
        except CorelibError as error:
            with suppress(CorelibError):  # the error that made it necessary is the one to tell
                self._open_to_all()
            if error_numbers(error) & CANNOT_REVERT:
                raise self._refused(error) from error
            raise
        self._open_to_all()
        self._require_online()

    def drop(self) -> None:
        """Drop the snapshot, and any other one of the clone; no error if there is none.

        Raises:
            PermissionDenied: if the login may not.
            PersistenceError: if it cannot be dropped.
        """
        self._server.drop_snapshots(self._database)

    def _revert_once(self) -> None:
        try:
            self._server.console.rows(snapshot_sql.revert(self._database))
        except CorelibError as error:
            if error_numbers(error) & OCCUPIED:
                self._end_sessions()
            raise

    def _end_sessions(self) -> None:
        """End the sessions of the clone, and those of the snapshot, which SINGLE_USER does not end."""
        for name in (self._database, snapshot_sql.snapshot_name(self._database)):
            for session in self._server.sessions(name):
                with suppress(CorelibError):  # it may have ended, or be out of reach: the next attempt tells
                    self._server.end_session(session.number)

    def _open_to_all(self) -> None:
        """Let the tests in again, also where the revert has brought back the mode of the time of the snapshot."""
        self._server.console.rows(snapshot_sql.open_to_all(self._database))

    def _require_online(self) -> None:
        state = self._server.state(self._database)
        if state != ONLINE:
            raise PersistentFailure(
                f"{self._database} was reverted to its snapshot, and is {state or 'not there'} instead of {ONLINE}.",
                hint="Drop it: the next clone is whole.",
            )

    def _refused(self, error: CorelibError) -> CannotReset:
        found = ", ".join(self._server.snapshots(self._database)) or "none"
        return CannotReset(
            f"{self._database} cannot be reverted to {snapshot_sql.snapshot_name(self._database)}: {error.message} "
            f"Snapshots found: {found}.",
            hint="A database is reverted while it has one snapshot only: let no test make another one of its clone.",
        )
