"""Waiting for what another process does, with an end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
LONGEST_SECONDS = 60.0
LOOK_SECONDS = 0.02


def until(found: Callable[[], T | None], what: str, seconds: float = LONGEST_SECONDS) -> T:
    """Return what `found` returns as soon as that is neither None nor False nor empty.

    Raises:
        AssertionError: with `what`, if that takes longer than so many seconds.
    """
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not (result := found()):
        assert time.monotonic() < deadline, f"after {seconds} s still not: {what}"
        pause.wait(LOOK_SECONDS)
    return result
