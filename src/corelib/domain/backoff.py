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


def _not_shrinking(_: object, __: object, value: float) -> None:
    if not value >= 1:
        raise InvalidSetting(f"A backoff needs a factor of 1 or more, not {value}.")


def _a_share(_: object, __: object, value: float) -> None:
    if not 0 <= value <= 1:
        raise InvalidSetting(f"A backoff needs a jitter from 0 to 1, not {value}.")


@frozen
class Backoff:
    """Exponential waiting: `first`, then `factor` times longer with every attempt, never longer than `longest`.

    A `jitter` of 0.2 moves each wait by up to 20% either way, up to the longest, so that jobs which failed together do
    not come back together.

    Example:
        >>> backoff = Backoff(first=timedelta(seconds=2))
        >>> [backoff.wait(attempt).seconds for attempt in (1, 2, 3)]
        [2, 4, 8]
    """

    first: timedelta = field(default=timedelta(seconds=1), validator=_positive)
    factor: float = field(default=2.0, validator=_not_shrinking)
    longest: timedelta = field(default=timedelta(hours=1), validator=_positive)
    jitter: float = field(default=0.0, validator=_a_share)

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
        return timedelta(seconds=min(seconds * spread, ceiling))
