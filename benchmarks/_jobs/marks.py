"""What a handler does in every contender: it notes that it has run, in a file that all processes append to."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "JOBS_BENCH_MARKS"
_MARK = struct.Struct("=qdq")


class Marks:
    """A file of numbers and instants; short appends are written as a whole, so that no lock is needed."""

    def __init__(self, path: str | None = None) -> None:
        self.path = Path(path or os.environ[VARIABLE])
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(self, number: int) -> None:
        """Note that the job of this number begins now."""
        os.write(self._file, _MARK.pack(number, time.time(), os.getpid()))

    def count(self) -> int:
        """Return how many runs were noted."""
        return self.path.stat().st_size // _MARK.size

    def instants(self) -> Mapping[int, float]:
        """Return when each job first ran, in seconds of this machine's clock."""
        found: dict[int, float] = {}
        for number, instant, _ in _MARK.iter_unpack(self.path.read_bytes()):
            found.setdefault(number, instant)
        return found

    def processes(self) -> set[int]:
        """Return which processes have run jobs."""
        return {process for _, _, process in _MARK.iter_unpack(self.path.read_bytes())}
