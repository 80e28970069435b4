"""Pages of results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from attrs import frozen

from corelib.errors import MisuseError

A = TypeVar("A")


@frozen
class Page(Generic[A]):
    """One page of sorted results.

    Args:
        items: what is on it.
        total: how many results there are on all pages.
        number: which page it is, from 1.
        size: how many items a full page has.
    """

    items: Sequence[A]
    total: int
    number: int
    size: int

    @property
    def pages(self) -> int:
        """Return how many pages there are; 0 without results."""
        return -(-self.total // self.size)


@frozen
class CursorPage(Generic[A]):
    """One page of sorted results that is found by a cursor.

    Args:
        items: what is on it.
        next: the cursor of the page that follows; None if there is none. An opaque text that is safe in a URL.
    """

    items: Sequence[A]
    next: str | None


def offset_of(number: int, size: int) -> int:
    """Return how many results come before a page.

    Raises:
        MisuseError: if there can be no such page.
    """
    if number < 1 or size < 1:
        raise MisuseError(f"There is no page {number} of {size} items.", hint="Count pages from 1, with items on them.")
    return (number - 1) * size
