"""The files of a database on the server: what a backup lists, and where a clone gets them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from corelib.errors import ConfigurationError, PersistentFailure
from corelib.testing.database.mssql.console import Row

LOG: Final = "L"
DATA: Final = "D"
_ENDINGS = {DATA: ".ndf", LOG: ".ldf"}
PRIMARY_FILE = 1
LONGEST_PATH = 259
"""Characters of the name of a file on the server (Microsoft: "sys.master_files": nvarchar(260) with its end)."""

_DROPPED_AT = 8


@frozen
class BackedUpFile:
    """A row of RESTORE FILELISTONLY (Microsoft: "RESTORE Statements - FILELISTONLY (Transact-SQL)").

    Args:
        logical_name: by which MOVE knows it.
        kind: `D` data, `L` log, `F` full-text catalogue, `S` container of FILESTREAM or of memory-optimized tables.
        number: unique within its database; 1 is the primary file.
        is_there: False if it was dropped before the backup was complete.
    """

    logical_name: str
    kind: str
    number: int
    is_there: bool = True

    @property
    def ending(self) -> str:
        """Return the ending of its name; catalogues and containers are folders, and have none."""
        return ".mdf" if self.kind == DATA and self.number == PRIMARY_FILE else _ENDINGS.get(self.kind, "")


@frozen
class Folders:
    """Where the server keeps files of databases, each with the separator at its end."""

    data: str
    log: str


@frozen
class Move:
    """Where one file of the backup goes."""

    logical_name: str
    path: str


def files_from(rows: Sequence[Row], backup: str) -> list[BackedUpFile]:
    """Return the files of a backup.

    Raises:
        PersistentFailure: if a database cannot be made of them.
    """
    files = [
        BackedUpFile(
            logical_name=str(row[0]),
            kind=str(row[2]).strip(),
            number=int(str(row[6])),
            is_there=row[_DROPPED_AT] in (None, 0),
        )
        for row in rows
    ]
    if not {DATA, LOG} <= {file.kind for file in files}:
        raise PersistentFailure(
            f"The backup {backup} does not list both data and log.", hint="Make the template anew: --db-rebuild."
        )
    return files


def moves(files: Sequence[BackedUpFile], database: str, folders: Folders) -> list[Move]:
    """Return a place of its own for every file, named after the database, whatever the logical names are.

    Raises:
        ConfigurationError: if a path becomes longer than the server takes.
    """
    planned = [
        Move(
            file.logical_name,
            joined(folders.log if file.kind == LOG else folders.data, f"{database}_{file.number}{file.ending}"),
        )
        for file in files
    ]
    longest = max((move.path for move in planned), key=len, default="")
    if len(longest) > LONGEST_PATH:
        raise ConfigurationError(
            f"The path {longest} has {len(longest)} characters, and the server takes {LONGEST_PATH}.",
            hint="Take a shorter prefix of names, or give the instance shorter default folders.",
        )
    return planned


def joined(folder: str, name: str) -> str:
    r"""Return the path of a file in a folder of the server, which may run Windows or Linux.

    Example:
        >>> joined("/var/opt/mssql/data", "shop.mdf"), joined(r"C:\Data" + "\\", "shop.mdf")
        ('/var/opt/mssql/data/shop.mdf', 'C:\\Data\\shop.mdf')
    """
    separator = "/" if folder.startswith("/") else "\\"
    return folder + name if not folder or folder.endswith(("/", "\\")) else f"{folder}{separator}{name}"
