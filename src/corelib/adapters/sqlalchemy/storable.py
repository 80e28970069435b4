"""Which types of columns keep which Python values without losing anything."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import get_args
from uuid import UUID

import attrs
import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator, TypeEngine

from corelib.adapters.sqlalchemy.shape import Leaf, wrapped_field
from corelib.adapters.sqlalchemy.types import ExactDecimal, ExactInterval, UtcDateTime
from corelib.domain.fields import Role

_COLUMNS: dict[type, tuple[type, ...]] = {
    bool: (sa.Boolean,),
    int: (sa.Integer,),
    str: (sa.String,),
    float: (sa.Float,),
    Decimal: (ExactDecimal, sa.Numeric),
    bytes: (sa.LargeBinary,),
    UUID: (sa.Uuid,),
    datetime: (UtcDateTime,),
    date: (sa.Date,),
    time: (sa.Time,),
    timedelta: (ExactInterval,),
}
_ADVICE: dict[type, str] = {
    datetime: "Use UtcDateTime, which keeps the instant and its microseconds on every engine.",
    Decimal: "Use ExactDecimal(precision, scale), which is exact on every engine.",
    UUID: "Use sa.Uuid.",
    timedelta: "Use ExactInterval, which keeps microseconds on every engine.",
}


def misfit(leaf: Leaf, column: sa.Column[object]) -> str | None:
    """Return why a column cannot hold a field, or None if it can.

    Types that a host has made itself (a `TypeDecorator` or `UserDefinedType`) are trusted.
    """
    if leaf.optional and not column.nullable:
        return "may be None, but the column is NOT NULL. Say nullable=True, or take the None out of the annotation."
    kind = leaf.kind
    if leaf.role is Role.ENCRYPTED:
        return None if isinstance(column.type, sa.String) else f"is encrypted, but the column is {column.type!r}."
    if (wrapped := wrapped_field(kind)) is not None:
        kind = wrapped.type
    if _is_trusted(column.type):
        return None
    if isinstance(column.type, sa.JSON):
        return _json_misfit(leaf, column.type)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum_misfit(kind, column.type)
    return _plain_misfit(kind, column.type)


def _is_trusted(kind: TypeEngine[object]) -> bool:
    own = isinstance(kind, UtcDateTime | ExactDecimal | ExactInterval | sa.Interval)
    return not own and isinstance(kind, TypeDecorator | sa.types.UserDefinedType | sa.types.NullType)


def _plain_misfit(kind: object, found: TypeEngine[object]) -> str | None:
    wanted = next((plain for plain in _COLUMNS if kind is plain), None)
    if wanted is None and isinstance(kind, type):
        wanted = next((plain for plain in _COLUMNS if issubclass(kind, plain)), None)
    if wanted is None:
        return f"is a {_name(kind)}, which no column can hold. Use a sa.JSON column, or a type of your own."
    if isinstance(found, _COLUMNS[wanted]) and not _loses_digits(found):
        return None
    advice = _ADVICE.get(wanted, f"Use {_COLUMNS[wanted][0].__name__}.")
    return f"is a {_name(kind)}, but the column is {found!r}. {advice}"


def _loses_digits(found: TypeEngine[object]) -> bool:
    """Return whether a column for decimals gives floats, or has no scale, which on SQL Server is then 0."""
    return isinstance(found, sa.Numeric) and (found.scale is None or not found.asdecimal)


def _enum_misfit(kind: type[Enum], found: TypeEngine[object]) -> str | None:
    for value in {type(member.value) for member in kind}:
        if (reason := _plain_misfit(value, found)) is not None:
            return f"is the enum {kind.__name__}, whose value {reason}"
    return None


def _json_misfit(leaf: Leaf, found: sa.JSON) -> str | None:
    if leaf.optional and not found.none_as_null:
        return "may be None, which this column would keep as the JSON text 'null'. Use sa.JSON(none_as_null=True)."
    return None


def has_classes(kind: object) -> bool:
    """Return whether attrs classes or other values that JSON does not know occur in an annotation."""
    if isinstance(kind, type) and (attrs.has(kind) or issubclass(kind, tuple(_NOT_IN_JSON))):
        return True
    return any(has_classes(argument) for argument in get_args(kind))


_NOT_IN_JSON: Iterable[type] = (Enum, Decimal, UUID, datetime, date, time, timedelta, bytes, set, frozenset)


def _name(kind: object) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind)
