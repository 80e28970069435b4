"""Copies of aggregates, and whether they are still what they were copied from."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from operator import is_
from typing import Any, TypeVar
from uuid import UUID

import attrs

from corelib.domain.aggregate import Aggregate

A = TypeVar("A")

_VALUES: frozenset[type] = frozenset(
    {type(None), bool, int, float, complex, str, bytes, Decimal, UUID, date, datetime, time, timedelta}
)
"""Classes of which a copy is the object itself."""


def copy_of(aggregate: A) -> A:
    """Return an independent copy of the fields with no recorded events, as if it came from a store."""
    duplicate: A = _copied(aggregate)
    if isinstance(duplicate, Aggregate) and duplicate is not aggregate:
        object.__setattr__(duplicate, "_events", [])
    return duplicate


def same(one: Any, other: Any) -> bool:
    """Return whether two values have the same state, whatever `__eq__` their classes define; events do not count."""
    kind: Any = type(one)
    if one is other or kind is not other.__class__:
        return one is other
    if kind is list or kind is tuple:
        return len(one) == len(other) and all(map(same, one, other))
    if kind is dict:
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    names = None if kind in _VALUES else _names(kind)
    if names is None:
        return bool(one == other)
    return all(same(getattr(one, name), getattr(other, name)) for name in names if name != "_events")


def _copied(value: Any) -> Any:
    kind: type[Any] = value.__class__
    return value if kind in _VALUES else _copier(kind)(value)  # type: ignore[arg-type] # classes have a hash


@cache
def _copier(kind: type) -> Callable[[Any], Any]:
    """Return what copies objects of a class."""
    if issubclass(kind, Enum):
        return lambda value: value
    if kind in _COLLECTIONS:
        return _COLLECTIONS[kind]
    names = _names(kind)  # type: ignore[arg-type] # classes have a hash
    return copy.deepcopy if names is None else _copier_of_fields(kind, names)


def _copier_of_fields(kind: Any, names: tuple[str, ...]) -> Callable[[Any], Any]:
    is_value = "id" not in names and "frozen" in kind.__setattr__.__name__

    def copied(value: object) -> object:
        parts = [getattr(value, name) for name in names]
        copies = [_copied(part) for part in parts]
        if is_value and all(map(is_, parts, copies)):
            return value  # neither its owner nor a store sets the fields of a value object
        duplicate: object = object.__new__(kind)
        for name, part in zip(names, copies, strict=True):
            object.__setattr__(duplicate, name, part)
        return duplicate

    return copied


_COLLECTIONS: dict[type, Callable[[Any], Any]] = {
    list: lambda value: [_copied(part) for part in value],
    tuple: lambda value: tuple(_copied(part) for part in value),
    dict: lambda value: {_copied(key): _copied(part) for key, part in value.items()},
}


@cache
def _names(kind: type) -> tuple[str, ...] | None:
    """Return the names of the fields of an attrs class, None for others."""
    return tuple(entry.name for entry in attrs.fields(kind)) if attrs.has(kind) else None
