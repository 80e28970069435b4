"""The files that an SQLite database is, and what the operating system's errors about them mean."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from attrs import frozen

from corelib.errors import (
    CorelibError,
    DatabaseMissing,
    PermissionDenied,
    PersistentFailure,
    ReadOnlyStore,
    StorageFull,
)

SUFFIX = ".sqlite"


@frozen
class DatabaseFiles:
    """A database and what may lie beside it.

    Args:
        folder: of the server.
        name: of the database.
    """

    folder: Path
    name: str

    @property
    def main(self) -> Path:
        """Return the database file."""
        return self.folder / f"{self.name}{SUFFIX}"

    @property
    def part(self) -> Path:
        """Return the file that a clone is until it is whole."""
        return self._beside(".part")

    @property
    def mark(self) -> Path:
        """Return the file with the kit's mark."""
        return self._beside(".mark.json")

    @property
    def journals(self) -> tuple[Path, ...]:
        """Return SQLite's own files beside a database that is open, or was not closed (SQLite: "Temporary Files")."""
        return (self._beside("-wal"), self._beside("-shm"), self._beside("-journal"))

    @property
    def is_whole(self) -> bool:
        """Return whether the database file alone is the database, so that its bytes may be copied."""
        return not any(file.exists() for file in self.journals)

    def require(self) -> None:
        """Make sure that there is such a database.

        Raises:
            DatabaseMissing: if there is none.
        """
        if not self.main.exists():
            raise DatabaseMissing(f"There is no database file {self.main}.", hint="It may have been dropped meanwhile.")

    def remove(self) -> None:
        """Remove whatever there is of it; the mark goes last, so that what is left is still known for the kit's."""
        for file in (self.main, *self.journals):
            file.unlink(missing_ok=True)
        self.remove_part()
        self.mark.unlink(missing_ok=True)

    def remove_part(self) -> None:
        """Remove what a copy is that was broken off, and what SQLite has left beside it."""
        for end in ("", "-wal", "-shm", "-journal"):
            self._beside(f".part{end}").unlink(missing_ok=True)

    def settle(self) -> None:
        """Write back what an earlier user has left in a journal, so that the database is one file."""
        if self.is_whole:
            return
        with translated_files(self.main), closing(sqlite3.connect(self.main)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _beside(self, end: str) -> Path:
        return self.folder / f"{self.name}{SUFFIX}{end}"


def files_of(main: Path) -> DatabaseFiles:
    """Return what belongs to a database file of the kit."""
    return DatabaseFiles(main.parent, main.name.removesuffix(SUFFIX))


@contextmanager
def translated_files(file: Path) -> Iterator[None]:
    """Raise corelib errors for what goes wrong with files within the block."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise _meaning(error, file) from error


def _meaning(error: OSError | sqlite3.Error, file: Path) -> CorelibError:
    number = _errno_of(error)
    if number in _NO_ROOM:
        return StorageFull(f"There is no room for {file}.", hint="Make room on the disk.")
    if number in {errno.EACCES, errno.EPERM}:
        return PermissionDenied(f"{file} may not be used: {error}.", hint="Look at the rights of its folder.")
    if number == errno.EROFS:
        return ReadOnlyStore(f"{file} cannot be written: {error}.", hint="Take a folder that can.")
    if number in {errno.ENOENT, errno.ENOTDIR}:
        return DatabaseMissing(f"{file} cannot be reached: {error}.", hint="Create its folder first.")
    return PersistentFailure(f"{file} cannot be used: {error}.", hint="Look at the disk and at the folder.")


_NO_ROOM = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}  # Windows has no quota of this kind
_OF_SQLITE = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_CANTOPEN: errno.ENOENT,
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_READONLY: errno.EROFS,
}


def _errno_of(error: OSError | sqlite3.Error) -> int | None:
    if isinstance(error, OSError):
        return error.errno
    return _OF_SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
