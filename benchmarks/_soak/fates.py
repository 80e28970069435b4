"""What becomes of each job, told by its number alone: workers act by it, and the books are balanced by it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from enum import Enum
from zlib import crc32

SEED = "SOAK_SEED"
WHOLE = 10_000


class Fate(Enum):
    """How a job goes: its part of ten thousand, how many attempts fail, how many rows it writes, how it ends."""

    REFUSED = (50, 1, 0, False)
    FAILS_ALWAYS = (100, 3, 0, False)
    FAILS_ONCE = (1_000, 1, 1, True)
    FAILS_TWICE = (300, 2, 0, True)
    HANGS_ONCE = (2, 1, 0, True)
    WRITES = (4_274, 0, 1, True)
    DOES_NOTHING = (4_274, 0, 0, True)

    def __init__(self, part: int, failures: int, lines: int, succeeds: bool) -> None:  # noqa: FBT001 - a table
        self.part = part
        self.failures = failures
        self.lines = lines
        self.succeeds = succeeds


def _thresholds() -> list[tuple[int, Fate]]:
    reached, found = 0, []
    for fate in Fate:
        reached += fate.part
        found.append((reached, fate))
    return found


_THRESHOLDS = _thresholds()


def fate_of(number: int, seed: str | None = None) -> Fate:
    """Return what becomes of the job of this number, at random by a seed."""
    drawn = crc32(f"{seed or os.environ[SEED]}:{number}".encode()) % WHOLE
    return next(fate for reached, fate in _THRESHOLDS if drawn < reached)


def tally(numbers: Iterable[int], seed: str) -> Counter[Fate]:
    """Return how many of these numbers have each fate."""
    return Counter(fate_of(number, seed) for number in numbers)
