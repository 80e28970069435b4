"""Which units of work are open where the code runs."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol
from weakref import ref


class MayBeOpen(Protocol):
    """A unit of work, as far as this module looks at it."""

    @property
    def is_open(self) -> bool:
        """Return whether it has begun and not ended."""
        ...


# Weak references: a unit of work whose block nobody left, and that nobody knows any more, stands in nobody's way.
_entered: ContextVar[tuple[ref[MayBeOpen], ...]] = ContextVar("corelib_entered_units_of_work", default=())


def enter(unit: MayBeOpen) -> None:
    """Note that the block of a unit of work was entered."""
    _entered.set((*_entered.get(), ref(unit)))


def leave(unit: MayBeOpen) -> None:
    """Note that it was left; another context than that of `enter` may not know of it."""
    _entered.set(tuple(entered for entered in _entered.get() if entered() not in (unit, None)))


def any_open() -> bool:
    """Return whether the code runs within an open unit of work."""
    units = (entered() for entered in _entered.get())
    return any(unit is not None and unit.is_open for unit in units)
