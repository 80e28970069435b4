"""Administration of a folder of SQLite databases."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from corelib.adapters.sqlalchemy.engine_settings import parsed
from corelib.errors import AlreadyExists, DatabaseMissing, InvalidSetting
from corelib.ports.lock import Locks
from corelib.testing.database.model import Mark, ServerFacts, Session
from corelib.testing.database.registry_database import RegistryLocks
from corelib.testing.database.sqlite import marks
from corelib.testing.database.sqlite.files import SUFFIX, DatabaseFiles, translated_files

_READ_ONLY = 0o444


class SqliteServer:
    """Keeps the contract of `corelib.testing.database.ports.server.DatabaseServer`; the folder is the server.

    Nobody can see who has a file open, nor end that: `sessions` is always empty. On Windows a file that somebody has
    open can be neither dropped nor renamed.

    Args:
        url: `sqlite:///folder/`, or a database file, whose folder counts.

    Raises:
        InvalidSetting: if it is no such URL, or one of a database in memory.
        DatabaseMissing: if there is no such folder.
    """

    def __init__(self, url: str) -> None:
        self._url = parsed(url)
        self._folder = _folder_of(self._url.get_backend_name(), self._url.database)
        self._locks = RegistryLocks(self)

    @property
    def host(self) -> str:
        """Return the empty string: files are on this machine."""
        return ""

    @property
    def locks(self) -> Locks:
        """Return locks as files beside the registry's database."""
        return self._locks

    @property
    def folder(self) -> Path:
        """Return where the files are."""
        return self._folder

    def facts(self) -> ServerFacts:
        """Return the version of the library, which is all there is of a server."""
        return ServerFacts(
            engine="sqlite",
            product=f"SQLite {sqlite3.sqlite_version}",
            version=sqlite3.sqlite_version_info,
            collation="BINARY",
        )

    def files(self, name: str) -> DatabaseFiles:
        """Return the files of a database, which may not exist."""
        return DatabaseFiles(self._folder, name)

    def url(self, name: str) -> str:
        """Return the URL of the database's file."""
        return self._url.set(database=str(self.files(name).main)).render_as_string(hide_password=False)

    def names(self, prefix: str) -> Sequence[str]:
        """Return the names of the files that begin so, without their suffix."""
        with translated_files(self._folder):
            files = [file.name for file in self._folder.iterdir() if file.name.endswith(SUFFIX)]
        return sorted(name.removesuffix(SUFFIX) for name in files if name.startswith(prefix))

    def create(self, name: str) -> None:
        """Make an empty file, which is an empty database."""
        files = self.files(name)
        with translated_files(files.main):
            try:
                files.main.touch(exist_ok=False)
            except FileExistsError as error:
                raise _already_exists(files) from error

    def drop(self, name: str) -> None:
        """Remove its files."""
        files = self.files(name)
        with translated_files(files.main):
            files.remove()

    def rename(self, name: str, new_name: str) -> None:
        """Rename its file; the mark is there under both names meanwhile, lest a kill leave a database without one."""
        files, new_files = self.files(name), self.files(new_name)
        files.require()
        if new_files.main.exists():
            raise _already_exists(new_files)
        files.settle()
        with translated_files(files.main):
            if files.mark.exists():
                shutil.copyfile(files.mark, new_files.mark)
            files.main.rename(new_files.main)
            files.mark.unlink(missing_ok=True)

    def seal(self, name: str) -> None:
        """Write back its log and make the file read-only, which stops everybody but an administrator from writing."""
        files = self.files(name)
        files.require()
        files.settle()
        with translated_files(files.main):
            files.main.chmod(_READ_ONLY)

    def mark(self, name: str, mark: Mark) -> None:
        """Write the mark into a file beside the database."""
        files = self.files(name)
        with translated_files(files.main):
            marks.write(files, mark)

    def mark_of(self, name: str) -> Mark | None:
        """Read the mark."""
        return marks.read(self.files(name))

    def is_being_made(self, name: str) -> bool:  # noqa: ARG002 - the protocol's signature
        """Return that none is: a copy ends with the process that makes it."""
        return False

    def sessions(self, name: str) -> Sequence[Session]:  # noqa: ARG002 - the protocol's signature
        """Return none: files have no list of those who have them open."""
        return ()

    def end_session(self, number: int) -> None:
        """Do nothing: there are no sessions."""

    def close(self) -> None:
        """Give back what locks have opened."""
        self._locks.close()


def _folder_of(backend: str, database: str | None) -> Path:
    if backend != "sqlite" or not database or database == ":memory:" or database.startswith("file:"):
        raise InvalidSetting(
            "Databases for tests need a folder, and the URL names none.",
            hint="Write it as sqlite:///folder/ or sqlite:////folder/with/absolute/path/.",
        )
    path = Path(database).absolute()
    folder = path if database.endswith(("/", "\\")) or path.is_dir() else path.parent
    if not folder.is_dir():
        raise DatabaseMissing(f"The folder {folder} for database files does not exist.", hint="Create it first.")
    return folder


def _already_exists(files: DatabaseFiles) -> AlreadyExists:
    return AlreadyExists(f"There is a database file {files.main} already.", hint="Drop it, or take another name.")
