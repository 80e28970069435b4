"""A disk of a few megabytes that can be filled up, where root runs the tests."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from attrs import frozen

MEGABYTES = 8
BLOCK = 16_384


@frozen
class TinyDisk:
    """A file system in memory, mounted at a folder."""

    folder: Path

    @property
    def ballast(self) -> Path:
        """A file that takes up room until it is removed."""
        return self.folder / "ballast"

    def leave(self, free: int) -> None:
        """Take up all but so many bytes."""
        with self.ballast.open("wb") as file:
            while _free(self.folder) > free:
                file.write(bytes(BLOCK))
                file.flush()

    def make_room(self) -> None:
        """Do what an administrator does."""
        self.ballast.unlink()


@contextmanager
def tiny_disk(folder: Path, megabytes: int = MEGABYTES) -> Iterator[TinyDisk]:
    """Mount it at an empty folder for the block; skip the test where that is not allowed."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("Only root can mount a small disk")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "corelib-test", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("There is no program `mount`")
    if mounted.returncode != 0:
        pytest.skip(f"A small disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield TinyDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
