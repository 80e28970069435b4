"""How long to wait before the next attempt."""

from __future__ import annotations

from datetime import timedelta

from attrs import field, frozen

from corelib.errors import InvalidSetting


def _positive(_: object, attribute: object, value: timedelta) -> None:
    if value <= timedelta(0):
        raise InvalidSetting(
            f"A backoff needs a waiting time above zero, not {value} ({getattr(attribute, 'name', '')})."
        )


@frozen
class Backoff:
    """Exponential waiting: `first`, then `factor` times longer with every attempt, never longer than `longest`.

    A `jitter` of 0.2 moves each wait by up to 20% either way, so that jobs which failed together do not come back
    together.

    Example:
        >>> backoff = Backoff(first=timedelta(seconds=2))
        >>> [backoff.wait(attempt).seconds for attempt in (1, 2, 3)]
        [2, 4, 8]
    """

    first: timedelta = field(default=timedelta(seconds=1), validator=_positive)
    factor: float = 2.0
    longest: timedelta = field(default=timedelta(hours=1), validator=_positive)
    jitter: float = 0.0

    def wait(self, attempt: int, chance: float = 0.5) -> timedelta:
        """Return how long to wait after an attempt that failed.

        Args:
            attempt: number of the attempt that failed, from 1.
            chance: a random number from 0 (shortest) to 1 (longest) that places the wait within the jitter.
        """
        ceiling = self.longest.total_seconds()
        try:
            seconds = self.first.total_seconds() * self.factor ** (attempt - 1)
        except OverflowError:
            seconds = ceiling
        spread = 1 + self.jitter * (2 * chance - 1)
        return timedelta(seconds=min(seconds, ceiling) * spread)
