"""The directory that Linux keeps in memory, for servers that keep nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - what is made there is new and closed to others
"""A tmpfs that every Linux has; its files are never written to a disk (Linux: "Documentation/filesystems/tmpfs")."""

ROOM_BYTES = 512 * 1024 * 1024
"""What has to be free there. Containers have 64 MB by default, which would not do."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a file system offers.

    Args:
        free_bytes: what this account may still write.
        executes: whether programs can be run from there.
    """

    free_bytes: int
    executes: bool


def place_of(directory: Path) -> Place:
    """Return what the file system of a directory offers.

    Raises:
        OSError: there is no such directory.
    """
    no_execution = getattr(os, "ST_NOEXEC", 0)  # Linux alone has it
    return Place(
        free_bytes=shutil.disk_usage(directory).free,
        executes=not (no_execution and os.statvfs(directory).f_flag & no_execution),
    )


def suits_server(
    directory: Path, *, executes: bool, room: int = ROOM_BYTES, look: Callable[[Path], Place] = place_of
) -> bool:
    """Return whether a server may have its directory in this one.

    Args:
        directory: in memory, as `SHARED_MEMORY`.
        executes: whether the server's programs will stand there too.
        room: bytes that have to be free.
        look: finds out what the file system offers.
    """
    if not (directory.is_dir() and os.access(directory, os.W_OK | os.X_OK)):
        return False
    place = look(directory)
    return place.free_bytes >= room and (place.executes or not executes)
