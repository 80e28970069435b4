"""Specifications on objects, by SQL's three-valued logic; and changes of fields by their paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from operator import attrgetter, eq, ge, gt, le, lt, ne
from typing import Any, TypeVar

import attrs

from corelib.domain.specification import (
    AllParts,
    And,
    AnyPart,
    Comparison,
    In,
    IsNull,
    Not,
    Operator,
    Or,
    Sort,
    Specification,
)

A = TypeVar("A")

_COMPARE: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL: eq,
    Operator.NOT_EQUAL: ne,
    Operator.LESS: lt,
    Operator.AT_MOST: le,
    Operator.GREATER: gt,
    Operator.AT_LEAST: ge,
    Operator.STARTS_WITH: str.startswith,
    Operator.CONTAINS: str.__contains__,
}


def satisfies(value: object, specification: Specification) -> bool:
    """Return whether a specification is true for an object; false and unknown are both False."""
    return evaluate(value, specification) is True


def predicate_of(specification: Specification) -> Callable[[object], bool]:
    """Return what `satisfies` says, as a function that is quick for equality: to look for one among many."""
    match specification:
        case Comparison(path, Operator.EQUAL, wanted) if "." not in path and not attrs.has(type(wanted)):
            field = attrgetter(path)
            # A field without a value is equal to nothing, as `wanted` is never None.
            return lambda value: bool(field(value) == wanted)
        case And(parts):
            predicates = [predicate_of(part) for part in parts]
            return lambda value: all(predicate(value) for predicate in predicates)
    return lambda value: satisfies(value, specification)


def evaluate(value: object, specification: Specification) -> bool | None:  # noqa: PLR0911 - one for each kind
    """Return True, False, or None for unknown."""
    match specification:
        case Comparison(path, operator, wanted):
            found = at(value, path)
            return None if found is None else _COMPARE[operator](sortable(found), sortable(wanted))
        case In(path, values):
            found = at(value, path)
            return _member(found, values)
        case IsNull(path):
            return at(value, path) is None
        case And(parts):
            return _conjunction([evaluate(value, part) for part in parts])
        case Or(parts):
            return _negation(_conjunction([_negation(evaluate(value, part)) for part in parts]))
        case Not(part):
            return _negation(evaluate(value, part))
        case AnyPart(path, inner):
            return any(satisfies(part, inner) for part in at(value, path))
        case AllParts(path, inner):
            return all(satisfies(part, inner) for part in at(value, path))
    raise AssertionError(f"{specification!r} was not checked")


def at(value: object, path: str) -> Any:
    """Return what the field at a path holds; None where the way there ends early."""
    for name in path.split("."):
        if value is None:
            return None
        value = getattr(value, name)
    return value


def change(aggregate: object, path: str, value: object) -> None:
    """Set the field at a path, also of a frozen aggregate; value objects on the way are replaced."""
    name, _, rest = path.partition(".")
    object.__setattr__(aggregate, name, _replaced(getattr(aggregate, name), rest, value) if rest else value)


def _replaced(found: Any, path: str, value: object) -> object:
    """Return a value object with another value at a path."""
    name, _, rest = path.partition(".")
    new = _replaced(getattr(found, name), rest, value) if rest else value
    return attrs.evolve(found, **{str(attrs.fields_dict(type(found))[name].alias): new})


def sortable(value: Any) -> Any:
    """Return a value by which others of its class are ordered; composite identifiers go field by field."""
    if attrs.has(type(value)):
        return tuple(sortable(getattr(value, entry.name)) for entry in attrs.fields(type(value)))
    return value


def in_order(values: Iterable[A], sort: Sequence[Sort]) -> list[A]:
    """Return objects in an order; missing values come last, and those that are equal stay as they were."""
    found = list(values)
    for entry in reversed(sort):
        present = [value for value in found if at(value, entry.path) is not None]
        missing = [value for value in found if at(value, entry.path) is None]
        present.sort(key=lambda value: at(value, entry.path), reverse=entry.descending)
        found = present + missing
    return found


def _member(found: object, values: tuple[object, ...]) -> bool | None:
    if not values:
        return False
    if found is None:
        return None
    return (
        any(type(value) is type(found) and value is found for value in values)
        if isinstance(found, Enum)
        else found in values
    )


def _conjunction(answers: list[bool | None]) -> bool | None:
    if False in answers:
        return False
    return None if None in answers else True


def _negation(answer: bool | None) -> bool | None:  # noqa: FBT001 - a value of the logic, not an option
    return None if answer is None else not answer
