"""Which units of work are open where the code runs."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol


class MayBeOpen(Protocol):
    """A unit of work, as far as this module looks at it."""

    @property
    def is_open(self) -> bool:
        """Return whether it has begun and not ended."""
        ...


_entered: ContextVar[tuple[MayBeOpen, ...]] = ContextVar("corelib_entered_units_of_work", default=())


def enter(unit: MayBeOpen) -> None:
    """Note that the block of a unit of work was entered."""
    _entered.set((*_entered.get(), unit))


def leave(unit: MayBeOpen) -> None:
    """Note that it was left; another context than that of `enter` may not know of it."""
    _entered.set(tuple(entered for entered in _entered.get() if entered is not unit))


def any_open() -> bool:
    """Return whether the code runs within an open unit of work."""
    return any(unit.is_open for unit in _entered.get())
