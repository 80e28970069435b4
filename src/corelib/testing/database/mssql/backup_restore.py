"""Clones by BACKUP, once, and RESTORE, for each."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from corelib.errors import AlreadyExists, CorelibError, PersistenceError, PersistentFailure
from corelib.testing.database.mssql import backup_sql
from corelib.testing.database.mssql.backup_errors import ANOTHER_DATABASE, explaining, is_missing
from corelib.testing.database.mssql.console import error_numbers
from corelib.testing.database.mssql.facts import YES
from corelib.testing.database.mssql.files import BackedUpFile, Folders, files_from, joined, moves
from corelib.testing.database.mssql.patience import has_number
from corelib.testing.database.mssql.quoting import checked_name
from corelib.testing.database.mssql.server import BUSY_MODEL, ONLINE, MssqlServer, require_online

LABEL: Final = "BACKUP/RESTORE"


class BackupRestoreCloner:
    """Keeps the contract of `corelib.testing.database.ports.cloner.Cloner`.

    The backup is a file on the server, named after the template, in its folder for backups. A version that does not
    tell that folder (before SQL Server 2019) takes a bare name as one in it (Microsoft: "Backup devices (SQL Server)").

    Args:
        server: whose `facts` say where its files are.
    """

    def __init__(self, server: MssqlServer) -> None:
        self._server = server

    @property
    def label(self) -> str:
        """Return `BACKUP/RESTORE`."""
        return LABEL

    def prepare(self, build: str, template: str) -> None:
        """Back up, and read the backup through.

        Raises:
            StorageFull, PermissionDenied: with the folder that is meant.
            PersistenceError, ConfigurationError: otherwise.
        """
        path = self._path(template)
        compressed = self._server.facts().traits["compression"] == YES
        rows = self._server.console.rows
        with explaining(f"Backing up {build}", path):
            rows(backup_sql.FLUSH_LOG, checked_name(build))
            rows(backup_sql.backup(build, path, compressed=compressed))
            rows(backup_sql.verify(path))

    def is_prepared(self, template: str) -> bool:
        """Return whether the backup lists its files.

        Raises:
            PersistenceError, ConfigurationError: if it cannot be seen whether it is there.
        """
        path = self._path(template)
        with explaining(f"Looking for the backup of {template}", path):
            try:
                return bool(self._server.console.rows(backup_sql.file_list(path)))
            except CorelibError as error:
                if is_missing(error):
                    return False
                raise

    def clone(self, template: str, name: str) -> None:
        """Restore, and make sure that the database is online with all of its files.

        Whether there is one of that name is asked first: a database of the same backup, which is in the simple recovery
        model, RESTORE would write over also without REPLACE.
        """
        path = self._path(template)
        if self._server.state(checked_name(name)) is not None:
            raise AlreadyExists(f"There is a database {name} already.", hint="Take another name, or drop it.")
        with explaining(f"Restoring {name}", path):
            files = files_from(self._server.console.rows(backup_sql.file_list(path)), path)
            self._restore(name, path, files)

    def _restore(self, name: str, path: str, files: list[BackedUpFile]) -> None:
        text = backup_sql.restore(name, path, moves(files, name, self._folders()))
        try:
            self._server.patience.retry(lambda: self._server.console.rows(text), has_number(BUSY_MODEL))
            self._verify(name, files)
        except BaseException as error:
            if not error_numbers(error) & ANOTHER_DATABASE:
                self._drop_half_restored(name)
            raise

    def discard(self, template: str) -> None:
        """Delete the backup where the server has a procedure for that, which needs a right of administrators.

        Otherwise the file stays until the next backup of the same template is written over it: a person may delete it.
        """
        folder = self._server.facts().traits["backup folder"]
        if folder:  # the procedure knows nothing of the folder for backups
            with suppress(PersistenceError):
                self._server.console.rows(backup_sql.delete_file(self._path(template)))

    def _path(self, template: str) -> str:
        return joined(self._server.facts().traits["backup folder"], f"{checked_name(template)}.bak")

    def _folders(self) -> Folders:
        traits = self._server.facts().traits
        return Folders(data=traits["data"], log=traits["log"])

    def _verify(self, name: str, files: list[BackedUpFile]) -> None:
        require_online(self._server, name)
        found = {str(row[0]) for row in self._server.console.rows(backup_sql.restored_files(name)) if row[1] == ONLINE}
        missing = sorted(file.logical_name for file in files if file.is_there and file.logical_name not in found)
        if missing:
            raise PersistentFailure(
                f"{name} was restored, but these of its files are not online: {', '.join(missing)}."
            )

    def _drop_half_restored(self, name: str) -> None:
        with suppress(CorelibError):  # the error that made it necessary is the one to tell
            self._server.drop(name)
