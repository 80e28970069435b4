"""Where the values of test data come from: a random generator with a known seed, and counters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import TypeVar, cast
from uuid import UUID

T = TypeVar("T")

NUMBERS_OF_A_WORKER = 1_000_000
_FIRST_INSTANT = datetime(2020, 1, 1, tzinfo=UTC)
_SECONDS = 5 * 365 * 24 * 60 * 60


class Source:
    """Gives out values that are the same in every run with the same seed, and unique where they are to be.

    A test has a source of its own (the fixture `factory_source`), so that its data does not depend on other tests.

    Args:
        seed: of the random values.
        worker: of pytest-xdist, as `gw3`. Numbers of different workers differ, for what several workers share.

    Example:
        >>> source = Source(seed=7)
        >>> source.number("order"), source.number("order"), source.number("user")
        (1, 2, 1)
        >>> Source(seed=7, worker="gw3").text("user")
        'user-4000001'
    """

    def __init__(self, seed: int = 0, *, worker: str = "") -> None:
        self.seed: int = seed
        self.random: Random = Random(seed)  # noqa: S311 - test data
        self._counters: Counter[str] = Counter()
        self._first = _place_of(worker) * NUMBERS_OF_A_WORKER
        self._makers: dict[type, Callable[[], object]] = {}
        self._made: dict[type, object] = {}

    def number(self, kind: str) -> int:
        """Return the next number of a kind; within a test no two are equal."""
        self._counters[kind] += 1
        return self._first + self._counters[kind]

    def text(self, kind: str) -> str:
        """Return a short text that no other call has returned."""
        return f"{kind}-{self.number(kind)}"

    def email(self, kind: str = "user") -> str:
        """Return an address that no other call has returned, at a domain that RFC 2606 keeps free."""
        return f"{self.text(kind)}@example.org"

    def instant(self) -> datetime:
        """Return a random instant within five years, with the time zone UTC and whole seconds."""
        return _FIRST_INSTANT + timedelta(seconds=self.random.randrange(_SECONDS))

    def day(self) -> date:
        """Return a random day of these years."""
        return self.instant().date()

    def span(self) -> timedelta:
        """Return a random span of time, up to a day, in whole seconds."""
        return timedelta(seconds=self.random.randrange(24 * 60 * 60))

    def uuid(self) -> UUID:
        """Return a random UUID."""
        return UUID(int=self.random.getrandbits(128), version=4)

    def provide(self, kind: type[T], make: Callable[[], T]) -> None:
        """Have fields of this class filled by a function, in every factory over this source.

        Args:
            kind: what a field is annotated with.
            make: returns a value, as `money.build`.
        """
        self._makers[kind] = make

    @property
    def makers(self) -> dict[type, Callable[[], object]]:
        """Return the functions by the classes of what they make."""
        own: dict[type, Callable[[], object]] = {
            datetime: self.instant,
            date: self.day,
            time: lambda: self.instant().time(),
            timedelta: self.span,
            UUID: self.uuid,
        }
        return {**own, **self._makers}

    def once(self, kind: type[T], make: Callable[[], T]) -> T:
        """Return the one object of a class that belongs to this source; it is made when it is first asked for."""
        if kind not in self._made:
            self._made[kind] = make()
        return cast("T", self._made[kind])


def _place_of(worker: str) -> int:
    """Return 0 without workers, and 1 for the first: `gw0`."""
    found = re.search(r"\d+$", worker)
    return int(found[0]) + 1 if found else 0
