"""Directories for servers that keep nothing."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_REMOVAL_ATTEMPTS = 50
_PAUSE_SECONDS = 0.1


def private_directory(server: str, *, suits: Callable[[Path], bool], preferred: Sequence[Path] = ()) -> Path:
    """Make a new directory that is closed to others.

    Args:
        server: a name that tells people what it is for.
        suits: tells whether the directory may stand in another one; if in none of them, it stands in /tmp.
        preferred: directories that come before the usual place.
    """
    places = [place for place in (*preferred, Path(tempfile.gettempdir())) if suits(place)]
    parent = places[0] if places else Path("/tmp")  # noqa: S108 - what is made there is new and closed to others
    return Path(tempfile.mkdtemp(prefix=f"corelib-{server}-", dir=parent))


def remove(directory: Path) -> None:
    """Remove a directory with all in it, also when a process that was just killed still adds its last file."""
    for _ in range(_REMOVAL_ATTEMPTS):
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return
        time.sleep(_PAUSE_SECONDS)
