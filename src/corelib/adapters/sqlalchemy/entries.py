"""Aggregates in hand, with what the database holds of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import attrs
from attrs import define, field

from corelib.domain.aggregate import Aggregate

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
    """What was in hand at a savepoint."""

    entries: list[tuple[Entry[A], Entry[A], tuple[object, ...]]]
    gone: list[A]


def saved(entry: Entry[A]) -> tuple[Entry[A], Entry[A], tuple[object, ...]]:
    """Return an entry, a copy of what it holds, and the events that its aggregate has recorded."""
    return entry, attrs.evolve(entry, parts=dict(entry.parts)), events_of(entry.aggregate)


def events_of(aggregate: object) -> tuple[object, ...]:
    """Return recorded events without taking them."""
    return tuple(aggregate._events) if isinstance(aggregate, Aggregate) else ()


def set_back(aggregate: object, state: object, events: Sequence[object]) -> None:
    """Give an instance the fields of another one, frozen or not, and the events that it had recorded."""
    kind: type = type(aggregate)
    for attribute in attrs.fields(kind):
        if attribute.name != "_events":
            object.__setattr__(aggregate, attribute.name, getattr(state, attribute.name))
    if isinstance(aggregate, Aggregate):
        aggregate.take_events()
        for event in events:
            aggregate.record(event)
