"""Copies and comparable states of aggregates."""

from __future__ import annotations

import copy
from typing import TypeVar

import attrs

from corelib.domain.aggregate import Aggregate

A = TypeVar("A")


def copy_of(aggregate: A) -> A:
    """Return an independent copy with no recorded events, as if it came from a store."""
    duplicate = copy.deepcopy(aggregate)
    if isinstance(duplicate, Aggregate):
        duplicate.take_events()
    return duplicate


def state_of(value: object) -> object:
    """Return a value that is equal for equal states, whatever `__eq__` the classes define."""
    kind = type(value)
    if attrs.has(kind):
        names = [field.name for field in attrs.fields(kind) if field.name != "_events"]
        return (kind, *(state_of(getattr(value, name)) for name in names))
    if isinstance(value, list | tuple):
        return (type(value), *map(state_of, value))
    if isinstance(value, dict):
        return (dict, *((state_of(key), state_of(entry)) for key, entry in value.items()))
    return copy.deepcopy(value)
