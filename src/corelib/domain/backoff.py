"""How long to wait before the next attempt."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from attrs import field, frozen

from corelib.errors import InvalidSetting


def _positive(_: object, attribute: object, value: timedelta) -> None:
    if value <= timedelta(0):
        raise InvalidSetting(
            f"A backoff needs a waiting time above zero, not {value} ({getattr(attribute, 'name', '')})."
        )


def _not_shrinking(_: object, __: object, value: float) -> None:
    if not value >= 1:
        raise InvalidSetting(f"A backoff needs a factor of 1 or more, not {value}.")


def _a_share(_: object, __: object, value: float) -> None:
    if not 0 <= value <= 1:
        raise InvalidSetting(f"A backoff needs a jitter from 0 to 1, not {value}.")


def _not_negative(_: object, __: object, value: timedelta) -> None:
    if value < timedelta(0):
        raise InvalidSetting(f"A backoff needs a step of zero or more, not {value}.")


@frozen
class Backoff:
    """How long a job waits after a failed attempt. Made as it is, it is exponential.

    - `Backoff(first=..., factor=...)`: `first`, then `factor` times longer with every attempt.
    - `Backoff.linear(first=..., step=...)`: `first`, then `step` longer with every attempt.
    - `Backoff.fixed(wait)`: always the same.
    - `Backoff.custom(function)`: what a function says.

    No wait is longer than `longest`. A `jitter` of 0.2 moves each by up to 20% either way, up to the longest, so that
    jobs which failed together do not come back together.

    Example:
        >>> backoff = Backoff(first=timedelta(seconds=2))
        >>> [backoff.wait(attempt).seconds for attempt in (1, 2, 3)]
        [2, 4, 8]
    """

    first: timedelta = field(default=timedelta(seconds=1), validator=_positive)
    factor: float = field(default=2.0, validator=_not_shrinking)
    longest: timedelta = field(default=timedelta(hours=1), validator=_positive)
    jitter: float = field(default=0.0, validator=_a_share)
    step: timedelta = field(default=timedelta(0), validator=_not_negative, kw_only=True)
    function: Callable[[int], timedelta] | None = field(default=None, kw_only=True)

    @classmethod
    def fixed(cls, wait: timedelta, *, jitter: float = 0.0) -> Backoff:
        """Return a backoff that waits the same after every attempt; before the jitter also longer than an hour."""
        return cls(wait, 1.0, longest=_longest_of(wait, jitter), jitter=jitter)

    @classmethod
    def linear(
        cls,
        first: timedelta = timedelta(seconds=1),
        step: timedelta | None = None,
        *,
        longest: timedelta = timedelta(hours=1),
        jitter: float = 0.0,
    ) -> Backoff:
        """Return a backoff that waits `step` longer with every attempt; by default the step is the first wait.

        Example:
            >>> [Backoff.linear(timedelta(seconds=2)).wait(attempt).seconds for attempt in (1, 2, 3)]
            [2, 4, 6]
        """
        return cls(first, 1.0, longest, jitter, step=first if step is None else step)

    @classmethod
    def custom(
        cls, function: Callable[[int], timedelta], *, longest: timedelta = timedelta(hours=1), jitter: float = 0.0
    ) -> Backoff:
        """Return a backoff that asks a function, with the number of the attempt that failed, from 1.

        The function is called in the worker. If it fails, the job waits the longest time. A negative wait is none.

        Example:
            >>> fibonacci = {1: 1, 2: 1, 3: 2, 4: 3, 5: 5}
            >>> backoff = Backoff.custom(lambda attempt: timedelta(seconds=fibonacci.get(attempt, 8)))
            >>> [backoff.wait(attempt).seconds for attempt in (3, 4, 5, 6)]
            [2, 3, 5, 8]
        """
        return cls(longest=longest, jitter=jitter, function=function)

    def wait(self, attempt: int, chance: float = 0.5) -> timedelta:
        """Return how long to wait after an attempt that failed.

        Args:
            attempt: number of the attempt that failed, from 1.
            chance: a random number from 0 (shortest) to 1 (longest) that places the wait within the jitter.
        """
        ceiling = self.longest.total_seconds()
        spread = 1 + self.jitter * (2 * chance - 1)
        return timedelta(seconds=max(0.0, min(self._seconds(attempt, ceiling) * spread, ceiling)))

    def _seconds(self, attempt: int, ceiling: float) -> float:
        if self.function is not None:
            try:
                return self.function(attempt).total_seconds()
            except Exception:  # noqa: BLE001 - whatever a host's function does, the job has to be settled
                return ceiling
        try:
            return self.first.total_seconds() * self.factor ** (attempt - 1) + self.step.total_seconds() * (attempt - 1)
        except OverflowError:
            return ceiling


def _longest_of(wait: timedelta, jitter: float) -> timedelta:
    """Return a limit that a fixed wait does not meet; a wrong jitter is told by its own check."""
    return wait * (1 + max(0.0, min(jitter, 1.0)))
