"""Calling something again when it failed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol, TypeVar

R = TypeVar("R")


class Retrier(Protocol):
    """Calls a function until it succeeds, and waits longer each time in between."""

    def call(
        self, function: Callable[[], R], *, again: Callable[[Exception], bool], attempts: int, timeout: timedelta | None
    ) -> R:
        """Return what the function returns.

        Args:
            function: what to call.
            again: whether it is to be called again after this error.
            attempts: how often it is called at most, 1 or more.
            timeout: it is not called again when this time has passed since the beginning; None means no limit.

        Raises:
            Exception: the last error of the function.
            MissingExtra: if waiting between the calls needs a package that is not installed.
        """
        ...
