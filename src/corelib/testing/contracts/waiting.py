"""Waiting for what happens in other threads: until it happens, and not for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds after which a test gives up; far more than anything takes, so that only a fault reaches it."""

LOOK = 0.005
"""Seconds between two questions."""


def happens(event: threading.Event) -> bool:
    """Wait for an event and return whether it happened."""
    return event.wait(PATIENCE)


def eventually(found: Callable[[], bool], what: str) -> None:
    """Wait until a question is answered with yes, asking it again and again."""
    pause = threading.Event()
    until = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < until, f"after {PATIENCE} s still not: {what}"
        pause.wait(LOOK)


def at_the_same_time(*calls: Callable[[], T]) -> list[T]:
    """Call functions in as many threads, which begin together, and return their answers in the order of the calls."""
    gate = threading.Barrier(len(calls))

    def behind_the_gate(call: Callable[[], T]) -> T:
        gate.wait(PATIENCE)
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result(PATIENCE) for future in [threads.submit(behind_the_gate, call) for call in calls]]
