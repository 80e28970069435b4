"""Whether specifications and changes fit a class: their paths lead to fields, and their values have their types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import NewType, Union, get_args, get_origin
from uuid import UUID

import attrs

from corelib.domain.fields import ROLE, Role
from corelib.domain.specification import AllParts, And, AnyPart, Comparison, In, IsNull, Not, Or, Sort, Specification
from corelib.errors import InvalidSpecification, MisuseError

ORDERED = (int, float, Decimal, str, datetime, date, timedelta)
"""Classes whose values have an order that is the same on every engine; UUIDs and enums have none."""


def check(specification: Specification, kind: type) -> None:
    """Make sure that a specification fits an attrs class.

    Raises:
        InvalidSpecification: for an unknown field (the message lists the known ones), an encrypted one, a value of
            another type than the field's, or an operator that the field's type does not have.
    """
    match specification:
        case Comparison():
            _check_comparison(specification, kind)
        case In(path, values):
            found = _readable_type(kind, path)
            for value in values:
                _check_value(kind, path, found, value)
        case IsNull(path):
            _readable_type(kind, path)
        case And(parts) | Or(parts):
            for part in parts:
                check(part, kind)
        case Not(part):
            check(part, kind)
        case AnyPart(path, inner) | AllParts(path, inner):
            check(inner, part_type(kind, path))
        case _:
            raise InvalidSpecification(f"{specification!r} is not a specification.", hint='Begin with where("field").')


def check_sort(sort: Iterable[Sort], kind: type) -> None:
    """Make sure that results can be sorted.

    Raises:
        InvalidSpecification: for an unknown or encrypted field, or one whose type has no order.
    """
    for entry in sort:
        found = _readable_type(kind, entry.path)
        if not issubclass(found, ORDERED):
            raise InvalidSpecification(f"{kind.__name__}.{entry.path} is a {found.__name__}, which has no order.")


def check_changes(changes: Mapping[str, object], kind: type) -> None:
    """Make sure that fields of all aggregates of a class can be set to these values, given by their paths.

    Raises:
        MisuseError: without changes.
        InvalidSpecification: for an unknown field, the identifier, a collection or a value object as a whole, a field
            that the store itself fills, a value of another type, or None where the field may not be None.
    """
    if not changes:
        raise MisuseError("There is nothing to change.", hint='Name fields and their values: {"status": Status.SENT}.')
    for path, value in changes.items():
        _check_change(kind, path, value)


def field_type(kind: type, path: str) -> type:
    """Return the class of the field at a path; `X | None` counts as X.

    Raises:
        InvalidSpecification: if there is no such field, or it is a collection.
    """
    current: object = kind
    for name in path.split("."):
        current = _attribute(current, name, kind, path)
    if not isinstance(current, type):
        raise InvalidSpecification(f"{kind.__name__}.{path} is a collection.", hint='Use where("parts").any(...).')
    return current


def is_optional(kind: type, path: str) -> bool:
    """Return whether the field at a path, or a value object on the way to it, may be None.

    Raises:
        InvalidSpecification: if there is no such field.
    """
    current: object = kind
    optional = False
    for name in path.split("."):
        declared = _declared(current, name, kind, path)
        current = _without_none(declared)
        optional = optional or current is not declared
    return optional


def part_type(kind: type, path: str) -> type:
    """Return the class of the parts of the collection at a path.

    Raises:
        InvalidSpecification: if there is no such collection.
    """
    found = _attribute(kind, path, kind, path)
    if get_origin(found) in (list, tuple, set, frozenset) and isinstance(get_args(found)[0], type):
        return get_args(found)[0]  # type: ignore[no-any-return]
    raise InvalidSpecification(f"{kind.__name__}.{path} is not a collection of parts.")


def _check_change(kind: type, path: str, value: object) -> None:
    found = field_type(kind, path)
    _refuse_fixed(kind, path)
    before, _, name = path.rpartition(".")
    if before and is_optional(kind, before):
        raise InvalidSpecification(f"{kind.__name__}.{before} may be None, so {name!r} in it cannot be set.")
    if attrs.has(found):
        raise InvalidSpecification(
            f"{kind.__name__}.{path} is a {found.__name__}.", hint=f'Set its fields: "{path}.NAME".'
        )
    if value is None and not is_optional(kind, path):
        raise InvalidSpecification(f"{kind.__name__}.{path} may not be None.")
    if value is not None and not _fits(found, value):  # the value may be a secret, so the message does not show it
        raise InvalidSpecification(
            f"{kind.__name__}.{path} is a {found.__name__}, so it cannot be set to this {type(value).__name__}.",
            hint="A datetime needs a time zone." if isinstance(value, datetime) else "",
        )


def _refuse_fixed(kind: type, path: str) -> None:
    role = attrs.fields_dict(kind)[path.partition(".")[0]].metadata.get(ROLE)
    if path.partition(".")[0] == "id":
        raise InvalidSpecification(f"{kind.__name__}.{path} is the identifier, which never changes.")
    if role not in (None, Role.ENCRYPTED):
        raise InvalidSpecification(f"{kind.__name__}.{path} is filled by the store ({role.value}).")


def _readable_type(kind: type, path: str) -> type:
    """Return the class of a field that a store can look into."""
    current: object = kind
    for name in path.split("."):
        following = _attribute(current, name, kind, path)
        if isinstance(current, type) and attrs.fields_dict(current)[name].metadata.get(ROLE) is Role.ENCRYPTED:
            raise InvalidSpecification(f"{kind.__name__}.{path} is encrypted, so nothing can be found or sorted by it.")
        current = following
    return field_type(kind, path)


def _check_comparison(comparison: Comparison, kind: type) -> None:
    path, operator = comparison.path, comparison.operator
    found = _readable_type(kind, path)
    if operator.looks_into_texts and found is not str:
        raise InvalidSpecification(f"{kind.__name__}.{path} is no text, so nothing can be looked for in it.")
    if operator.orders and not issubclass(found, ORDERED):
        raise InvalidSpecification(f"{kind.__name__}.{path} is a {found.__name__}, which has no order.")
    _check_value(kind, path, found, comparison.value)


def _attribute(current: object, name: str, kind: type, path: str) -> object:
    return _without_none(_declared(current, name, kind, path))


def _declared(current: object, name: str, kind: type, path: str) -> object:
    """Return the annotation of a field of `current`; `kind` and `path` are for the message."""
    if not isinstance(current, type) or not attrs.has(current):
        raise InvalidSpecification(f"{kind.__name__}.{path} leads into something that has no fields.")
    attrs.resolve_types(current)
    known = {field.name: field.type for field in attrs.fields(current) if not field.name.startswith("_")}
    if name not in known:
        raise InvalidSpecification(
            f"{current.__name__} has no field {name!r} (in {path!r}).", hint=f"It has: {', '.join(known)}."
        )
    return _without_alias(known[name])


def _without_alias(kind: object) -> object:
    return _without_alias(kind.__supertype__) if isinstance(kind, NewType) else kind


def _without_none(kind: object) -> object:
    if get_origin(kind) in (Union, UnionType):
        others = [entry for entry in get_args(kind) if entry is not NoneType]
        return _without_alias(others[0]) if len(others) == 1 else kind
    return kind


def _check_value(kind: type, path: str, found: type, value: object) -> None:
    if isinstance(value, datetime) and value.tzinfo is None:
        raise InvalidSpecification(f"{kind.__name__}.{path} cannot be compared with a datetime that has no time zone.")
    if not _fits(found, value):
        raise InvalidSpecification(
            f"{kind.__name__}.{path} is a {found.__name__}, so it cannot be compared with {value!r}."
        )


def _fits(found: type, value: object) -> bool:
    """Return whether a field of a class that specifications can look at may hold a value."""
    if _wraps_one(found):
        return isinstance(value, found)
    if not issubclass(found, (*ORDERED, bool, UUID, Enum, bytes)):
        return False
    if found in (int, float, Decimal):
        return not isinstance(value, bool) and isinstance(value, int if found is int else (found, int))
    if isinstance(value, datetime):
        return found is not date and value.tzinfo is not None and isinstance(value, found)
    return isinstance(value, found)


def _wraps_one(found: type) -> bool:
    """Return whether a class wraps one plain value, as `class OrderId: value: UUID`."""
    if not attrs.has(found):
        return False
    attrs.resolve_types(found)
    fields = attrs.fields(found)
    only = fields[0].type if len(fields) == 1 else None
    return isinstance(only, type) and issubclass(only, (*ORDERED, UUID, bytes)) and not issubclass(only, Enum)
