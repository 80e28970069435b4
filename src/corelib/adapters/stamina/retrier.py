"""Calls a function again by stamina's rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import stamina
from attrs import frozen

R = TypeVar("R")


@frozen
class StaminaRetrier:
    """Keeps the contract of `corelib.ports.retrier.Retrier`.

    Whether stamina is active, and who is told of retries, is set for the whole program by stamina's own functions.

    Args:
        first: how long to wait after the first failure; twice as long after each further one.
        cap: the longest wait.
        jitter: up to so much is added by chance, so that those who collided do not meet again.
    """

    first: timedelta = timedelta(milliseconds=50)
    cap: timedelta = timedelta(seconds=2)
    jitter: timedelta = timedelta(milliseconds=100)

    def call(
        self, function: Callable[[], R], *, again: Callable[[Exception], bool], attempts: int, timeout: timedelta | None
    ) -> R:
        """Call, wait, and call again."""
        caller = stamina.RetryingCaller(
            attempts=attempts,
            timeout=timeout,
            wait_initial=self.first,
            wait_max=self.cap,
            wait_jitter=self.jitter,
        )
        return caller(again, function)
