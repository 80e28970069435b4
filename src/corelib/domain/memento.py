"""The state of an object at a moment, to which it can be set back in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs

Undo = Callable[[], None]


def memento_of(value: object) -> Undo:
    """Return a function that sets an object and its parts back to what they are now.

    Attrs objects, lists, dicts and sets are set back in place, as often as the function is called: whoever holds one of
    them sees the state of now again. Other objects are taken for values that do not change.

    Example:
        >>> numbers = [1, [2]]
        >>> undo = memento_of(numbers)
        >>> inner = numbers[1]
        >>> inner.append(3); numbers.clear()
        >>> undo()
        >>> numbers, numbers[1] is inner
        ([1, [2]], True)
    """
    undone = tuple(_steps(value))

    def undo() -> None:
        for step in undone:
            step()

    return undo


def _steps(value: Any) -> Iterator[Undo]:
    """Yield what is to be done for a value and for all that it is made of."""
    if isinstance(value, list):
        yield _items(value)
        inner = list(value)
    elif isinstance(value, dict | set):
        yield _entries(value)
        inner = list(value.values()) if isinstance(value, dict) else []
    elif isinstance(value, tuple):
        inner = list(value)
    elif attrs.has(type(value)):
        found = {entry.name: getattr(value, entry.name) for entry in attrs.fields(type(value))}
        yield _fields(value, found)  # also of frozen classes: stores set the stamps of frozen aggregates
        inner = list(found.values())
    else:
        return
    for part in inner:
        yield from _steps(part)


def _items(value: list[object]) -> Undo:
    kept = list(value)

    def step() -> None:
        value[:] = kept

    return step


def _entries(value: Any) -> Undo:
    kept = value.copy()

    def step() -> None:
        value.clear()
        value.update(kept)

    return step


def _fields(value: object, kept: dict[str, object]) -> Undo:
    def step() -> None:
        for name, part in kept.items():
            object.__setattr__(value, name, part)

    return step
