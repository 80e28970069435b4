"""Cursors: opaque texts that say behind which aggregate the next page begins."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import attrs

from corelib.domain.specification import And, Comparison, IsNull, Operator, Or, Sort, Specification
from corelib.domain.specification_check import field_type, is_optional
from corelib.errors import InvalidCursor, MisuseError

LONGEST = 65_536
"""Characters of the longest cursor; more is refused unread."""

_MICROSECOND = timedelta(microseconds=1)


def encode_cursor(kind: type, sort: Sequence[Sort], values: Sequence[object], identifier: object) -> str:
    """Return the cursor of the page behind an aggregate: letters, digits, `-` and `_`.

    It is encoded, not encrypted: whoever has it can read the values.

    Args:
        kind: the class of the aggregates.
        sort: their order.
        values: what the aggregate has in the fields of `sort`.
        identifier: of the aggregate.

    Raises:
        MisuseError: if a value is of a type that no cursor holds, or too long.
    """
    types = [field_type(kind, entry.path) for entry in sort]
    places = [None if value is None else _written(value, found) for value, found in zip(values, types, strict=True)]
    written = [_fingerprint(kind, sort), places, _written(identifier, field_type(kind, "id"))]
    try:
        plain = json.dumps(written, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise MisuseError("A text with half of a surrogate pair cannot be put into a cursor.") from None
    cursor = base64.urlsafe_b64encode(plain).decode("ascii").rstrip("=")
    if len(cursor) > LONGEST:
        raise MisuseError("The values of the sort are too long for a cursor.", hint="Sort by shorter fields.")
    return cursor


def decode_cursor(cursor: str, kind: type, sort: Sequence[Sort]) -> tuple[tuple[object, ...], object]:
    """Return the values in the fields of `sort`, and the identifier, that a cursor was made of.

    Raises:
        InvalidCursor: if it was made for another class or order, or was changed, or is no cursor at all.
    """
    if len(cursor) > LONGEST:
        raise InvalidCursor("is longer than any cursor")
    fingerprint, places, key = _parts_of(cursor)
    if fingerprint != _fingerprint(kind, sort) or len(places) != len(sort):
        raise InvalidCursor("was made for other aggregates, or for another order of them")
    try:
        values = tuple(
            None if place is None else _read(place, field_type(kind, entry.path))
            for place, entry in zip(places, sort, strict=True)
        )
        identifier = _read(key, field_type(kind, "id"))
        faithful = encode_cursor(kind, sort, values, identifier) == cursor
    except (ValueError, TypeError, ArithmeticError, MisuseError):
        raise _changed() from None
    if not faithful or any(
        value is None and not is_optional(kind, entry.path) for value, entry in zip(values, sort, strict=True)
    ):
        raise _changed()
    return values, identifier


def after(
    sort: Sequence[Sort], values: Sequence[object], identifier: object, kind: type | None = None
) -> Specification:
    """Return the specification of what comes after an aggregate: in the order of `sort`, then of the identifiers.

    Missing values come last in both directions. The identifier is compared by `Operator.GREATER` also where
    specifications of hosts may not do so, as with UUIDs.

    Args:
        sort: the order.
        values: what the aggregate has in the fields of `sort`.
        identifier: of the aggregate.
        kind: the class of the aggregates; with it, fields that are never None get a simpler condition.
    """
    following: Specification = Comparison("id", Operator.GREATER, identifier)
    for entry, value in reversed(list(zip(sort, values, strict=True))):
        following = _after(entry, value, following, may_miss=kind is None or is_optional(kind, entry.path))
    return following


def _after(entry: Sort, value: object, following: Specification, *, may_miss: bool) -> Specification:
    """Return the condition for one field; the first part of it repeats what an index can be searched by."""
    if value is None:
        return And((IsNull(entry.path), following))
    missing = (IsNull(entry.path),) if may_miss else ()
    beyond = Comparison(entry.path, Operator.LESS if entry.descending else Operator.GREATER, value)
    reached = Comparison(entry.path, Operator.AT_MOST if entry.descending else Operator.AT_LEAST, value)
    return And((Or((reached, *missing)) if missing else reached, Or((beyond, *missing, following))))


def _fingerprint(kind: type, sort: Sequence[Sort]) -> str:
    named = [kind.__qualname__, *([entry.path, entry.descending] for entry in sort)]
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()[:12]


def _parts_of(cursor: str) -> tuple[object, list[object], object]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
        fingerprint, places, key = found
    except (ValueError, TypeError, RecursionError):
        raise _changed() from None
    if not isinstance(found, list) or not isinstance(places, list):
        raise _changed()
    return fingerprint, places, key


def _changed() -> InvalidCursor:
    return InvalidCursor("is none, or was changed")


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: object) -> float:
    number = float(_text(value))
    if number != number:  # noqa: PLR0124 - true of NaN, which has no place in an order
        raise ValueError
    return number


def _decimal(value: object) -> Decimal:
    number = Decimal(_text(value))
    if not number.is_finite():
        raise ValueError
    return number


def _instant(value: object) -> datetime:
    instant = datetime.fromisoformat(_text(value))
    if instant.tzinfo is None:
        raise ValueError
    return instant


_CODES: tuple[tuple[type, Callable[[Any], object], Callable[[object], object]], ...] = (
    (str, str, _text),
    (int, int, _whole),
    (float, lambda value: repr(float(value)), _number),
    (Decimal, str, _decimal),
    (datetime, datetime.isoformat, _instant),
    (date, date.isoformat, lambda value: date.fromisoformat(_text(value))),
    (timedelta, lambda value: value // _MICROSECOND, lambda value: timedelta(microseconds=_whole(value))),
    (UUID, str, lambda value: UUID(_text(value))),
)
"""For each class: how its values are written as JSON, and how they are read."""


def _written(value: object, found: type) -> object:
    if value is not None and attrs.has(found) and isinstance(value, found):
        return [_written(getattr(value, entry.name), field_type(found, entry.name)) for entry in attrs.fields(found)]
    for known, write, _ in _CODES:
        accepted = (known, int) if known in (float, Decimal) else known
        if _is(found, known) and isinstance(value, accepted) and not isinstance(value, bool):
            return write(known(value) if isinstance(value, int) else value)
    raise MisuseError(
        f"A {type(value).__name__} cannot be put into a cursor as {found.__name__}.",
        hint="Sort by other fields, and use identifiers of texts, numbers, dates and UUIDs.",
    )


def _read(value: object, found: type) -> object:
    if attrs.has(found):
        entries = attrs.fields(found)
        if not isinstance(value, list) or len(value) != len(entries):
            raise TypeError
        parts = (_read(part, field_type(found, entry.name)) for part, entry in zip(value, entries, strict=True))
        return found(**{entry.alias: part for part, entry in zip(parts, entries, strict=True)})
    for known, _, read in _CODES:
        if _is(found, known):
            plain = read(value)
            return plain if found is known else found(plain)
    raise TypeError


def _is(found: type, known: type) -> bool:
    """Return whether a field's class is written as a known one; subclasses of texts and whole numbers are."""
    if issubclass(found, bool | Enum):
        return False
    return found is known or (known in (str, int) and issubclass(found, known))
