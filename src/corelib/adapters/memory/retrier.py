"""Calls again at once, so that no test waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

R = TypeVar("R")


class ImmediateRetrier:
    """Keeps the contract of `corelib.ports.retrier.Retrier`, but does not wait between the calls."""

    def call(
        self, function: Callable[[], R], *, again: Callable[[Exception], bool], attempts: int, timeout: timedelta | None
    ) -> R:
        """Call, and call again."""
        began = time.monotonic()
        for _ in range(attempts - 1):
            try:
                return function()
            except Exception as error:
                late = timeout is not None and time.monotonic() - began >= timeout.total_seconds()
                if late or not again(error):
                    raise
        return function()
