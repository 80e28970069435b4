"""What goes wrong with BACKUP and RESTORE, and what to do about it.

The numbers are those of Microsoft's page "Database engine events and errors"; what the operating system answered stands
in their texts, as `112(There is not enough space on the disk.)`, also on Linux.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from corelib.errors import (
    AlreadyExists,
    ConfigurationError,
    CorelibError,
    PermissionDenied,
    PersistentFailure,
    StorageFull,
)
from corelib.testing.database.mssql.console import error_numbers, error_text

FULL = frozenset({1101, 1105, 3257, 5128, 5149, 9002})
"""A disk or a file is full, whatever the operating system says."""

DEVICE = frozenset({3201, 3202, 3203, 3634, 5123, 5133})
"""A file or a folder cannot be opened, written, read or found; the operating system's number tells why."""

ANOTHER_DATABASE = frozenset({1801, 3101, 3141, 3154, 3159})
"""RESTORE met a database of that name, which is not to be touched."""

OCCUPIED = frozenset({1834, 3156, 5170})
"""A file of the database to be is there already."""

UNUSABLE = frozenset({3183, 3189, 3241, 3242, 3254, 3256, 3270})
"""The file is no backup, or is damaged, or is not whole."""

CANNOT_OPEN = 3201
"""Error of a backup file alone."""

PATH_NOT_FOUND = 3
NOT_FOUND = frozenset({2, PATH_NOT_FOUND})
ACCESS_DENIED = frozenset({5, 13, 19})
DISK_FULL = frozenset({39, 112})
_SYSTEM_NUMBER = re.compile(r"\b[Oo]perating system (?:error|returned the error) '?(\d+)|failed: (\d+)\(")


@contextmanager
def explaining(doing: str, path: str) -> Iterator[None]:
    """Raise what an error of BACKUP or RESTORE in the block means; arguments as for `explained`."""
    try:
        yield
    except CorelibError as error:
        known = explained(error, doing, path)
        if known is error:
            raise
        raise known from error


def explained(error: CorelibError, doing: str, path: str) -> CorelibError:
    """Return what an error of BACKUP or RESTORE means; the error itself where it is none of these.

    Args:
        error: as the console raised it.
        doing: what was to be done, as `Restoring shop_c_1`.
        path: of the backup.
    """
    numbers = error_numbers(error)
    if numbers & ANOTHER_DATABASE:
        return AlreadyExists(f"{doing} met a database of that name.", hint="Take another name, or drop it.")
    if numbers & FULL or _system_numbers(error) & DISK_FULL:
        return StorageFull(
            f"{doing} failed, a disk of the server is full: {error.message}",
            hint="Make room there, or drop clones and templates that nobody needs any more.",
        )
    if numbers & OCCUPIED:
        return PersistentFailure(
            f"{doing} failed, one of its files is there already: {error.message}",
            hint="It was left behind by a database that was dropped while it was offline: delete it on the server.",
        )
    return (_of_folder(error, doing, path) if numbers & DEVICE else None) or _of_backup(error, doing, path) or error


def _of_folder(error: CorelibError, doing: str, path: str) -> CorelibError | None:
    system, place = _system_numbers(error), _path_in(error) or path
    if system & ACCESS_DENIED:
        return PermissionDenied(
            f"{doing} failed: the account of the SQL Server service may not use {place}.",
            hint="Give it the right to read and write in that folder (in a container, let the folder belong to the "
            "user mssql), or have the clones made by migrations.",
        )
    if PATH_NOT_FOUND in system:
        return ConfigurationError(
            f"{doing} failed: the server finds no folder for {place}.",
            hint="Make the folder on the server, or correct its default locations (SERVERPROPERTY InstanceDefault...).",
        )
    return None


def _of_backup(error: CorelibError, doing: str, path: str) -> CorelibError | None:
    if not is_missing(error):
        return None
    return PersistentFailure(
        f"{doing} failed, the backup {path} cannot be read: {error.message}",
        hint="Make the template anew: --db-rebuild.",
    )


def is_missing(error: CorelibError) -> bool:
    """Return whether an error means that there is no backup in the file, or none that can be used."""
    numbers = error_numbers(error)
    return bool(numbers & UNUSABLE or (CANNOT_OPEN in numbers and _system_numbers(error) & NOT_FOUND))


def _system_numbers(error: CorelibError) -> set[int]:
    return {int(first or second) for first, second in _SYSTEM_NUMBER.findall(error_text(error))}


def _path_in(error: CorelibError) -> str | None:
    """Return the path that the server names; it quotes it in one of two ways."""
    found = re.search(r"(?:device|file|on) ['\"]([^'\"]+)['\"]", error_text(error))
    return found[1] if found else None
