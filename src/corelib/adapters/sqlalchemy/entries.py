"""Aggregates in hand, with what the database holds of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import attrs
from attrs import define, field

from corelib.domain.memento import Undo, memento_of

A = TypeVar("A")
NEW = 0
UNKNOWN = -1
"""The version of a row that the server has changed since it was read."""


@define(eq=False)
class Entry(Generic[A]):
    """An aggregate in hand, with the rows it was loaded from or last written as.

    Args:
        identifier: its key, also after somebody changed the field `id`.
        aggregate: the instance.
        version: `NEW` for one that is not in the database yet.
        row: `(version, *columns)` of the root.
        parts: rows of each collection as they were read, the owner's columns first; or as they were written, with as
            many values before the columns.
        removed: it is to be deleted, or to bear the mark of the removed.
        assigned: the store made its identifier in this unit of work.
    """

    identifier: Any
    aggregate: A
    version: int = NEW
    row: Sequence[Any] = ()
    parts: dict[str, Sequence[Sequence[Any]]] = field(factory=dict)
    removed: bool = False
    assigned: bool = False


@define(eq=False)
class Checkpoint(Generic[A]):
    """What was in hand at a savepoint: entries, copies of what they held, and what sets their aggregates back."""

    entries: list[tuple[Entry[A], Entry[A], Undo]]
    gone: list[A]


def saved(entry: Entry[A]) -> tuple[Entry[A], Entry[A], Undo]:
    """Return an entry, a copy of what it holds, and a function that sets its aggregate back in place."""
    return entry, attrs.evolve(entry, parts=dict(entry.parts)), memento_of(entry.aggregate)
