"""Where the counters of generated keys start, so that keys of different tables differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from corelib.testing.database.planning.catalogue import Counter, Table, TableName

GAP = 1_000
"""How many keys a table has for itself, where the types of its counters have room for so many."""

Place = tuple[TableName, str]
"""A counter, by its table and column."""


def spread(tables: Sequence[Table]) -> Mapping[Place, int]:
    """Return the first key of every counter: each starts at an offset of its own.

    Starts are 1,000 steps apart, as 1001, 2001, 3001. Where a narrow type has no room for that, as `smallint` with many
    tables, the narrow ones come first, closer together; where it has room for fewer keys than there are counters,
    starts are shared.

    Args:
        tables: those that are emptied; the order does not matter.
    """
    counters = [((table.name, counter.column), counter) for table in tables for counter in table.counters]
    return {**_starts(_upward(counters), sign=1), **_starts(_downward(counters), sign=-1)}


def _upward(counters: Iterable[tuple[Place, Counter]]) -> list[tuple[int, Place, Counter]]:
    """Return the counters that count upward, with their limits, the nearest limit first."""
    upward = [(counter.maximum, place, counter) for place, counter in counters if counter.increment > 0]
    return sorted(upward, key=lambda limited: limited[:2])


def _downward(counters: Iterable[tuple[Place, Counter]]) -> list[tuple[int, Place, Counter]]:
    """Return the counters that count downward, as if they were mirrored at zero."""
    downward = [(-counter.minimum, place, counter) for place, counter in counters if counter.increment < 0]
    return sorted(downward, key=lambda limited: limited[:2])


def _starts(limited: list[tuple[int, Place, Counter]], *, sign: int) -> dict[Place, int]:
    starts: dict[Place, int] = {}
    taken = 0
    for limit, group in groupby(limited, key=lambda entry: entry[0]):
        counters = list(group)
        room = limit - taken
        step = max(abs(counter.increment) for _, _, counter in counters)
        gap = max(1, min(GAP * step, room // (len(counters) + 1)))
        for number, (_, place, counter) in enumerate(counters, start=1):
            first = taken + number * gap + 1
            starts[place] = _within(sign * first, counter)
        taken = min(limit, taken + len(counters) * gap)
    return starts


def _within(value: int, counter: Counter) -> int:
    """Return a value that the counter can generate: this one, or what is left of it beyond its range."""
    if counter.minimum <= value <= counter.maximum:
        return value
    return counter.minimum + (value - counter.minimum) % (counter.maximum - counter.minimum + 1)
