"""Trying again what fails only because others are at work."""

from __future__ import annotations

import time
from collections.abc import Callable, Set
from typing import TypeVar

from attrs import frozen

from corelib.errors import CorelibError
from corelib.testing.database.mssql.console import error_numbers

T = TypeVar("T")


@frozen
class Patience:
    """How often, and after which pauses, a statement is sent again.

    Args:
        attempts: at most so many; with the pauses below, 30 take about 25 seconds.
        first_pause: seconds; each pause is twice as long as the one before.
        longest_pause: seconds.
        sleep: waits for so many seconds.
    """

    attempts: int = 30
    first_pause: float = 0.05
    longest_pause: float = 1.0
    sleep: Callable[[float], None] = time.sleep

    def retry(self, action: Callable[[], T], again: Callable[[CorelibError], bool]) -> T:
        """Return what the action returns.

        Args:
            action: what to do.
            again: tells which errors are worth another attempt.

        Raises:
            CorelibError: the last one, or the first that is not worth another attempt.
        """
        pause = self.first_pause
        for _ in range(self.attempts - 1):
            try:
                return action()
            except CorelibError as error:
                if not again(error):
                    raise
            self.sleep(pause)
            pause = min(2 * pause, self.longest_pause)
        return action()


def has_number(numbers: Set[int]) -> Callable[[CorelibError], bool]:
    """Return what tells whether the server gave an error one of these native numbers."""
    return lambda error: bool(error_numbers(error) & numbers)
