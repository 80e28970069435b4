"""Comparisons that the dialects share."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from corelib.domain.specification import Operator
from corelib.errors import InvalidData

_PYTHON: dict[Operator, Callable[[Any, Any], Any]] = {
    Operator.EQUAL: operator.eq,
    Operator.NOT_EQUAL: operator.ne,
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.GREATER: operator.gt,
    Operator.AT_LEAST: operator.ge,
}


def compared(column: sa.ColumnElement[Any], wanted: Operator, value: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Return the comparison of a column with a value, as the engine's own operators have it."""
    condition: sa.ColumnElement[bool] = _PYTHON[wanted](column, value)
    return condition


def json_array(column: sa.ColumnElement[Any], values: Sequence[object], dialect: Dialect) -> str:
    """Return values as a JSON array, each in the form in which the driver would have got it for this column.

    One parameter then carries any number of values: SQL Server takes 2,100 parameters a statement.
    """
    process = column.type.dialect_impl(dialect).bind_processor(dialect)
    return json.dumps([process(value) if process else value for value in values], default=_plain)


class JsonArray(TypeDecorator[Sequence[object]]):
    """The type of a parameter that carries a list as a JSON array, each value as the driver would have got it."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = sa.UnicodeText
    cache_ok: bool | None = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def process_bind_param(self, value: Sequence[object] | None, dialect: Dialect) -> str | None:
        """Write the array."""
        return None if value is None else json_array(sa.literal(None, self.item), value, dialect)


def _plain(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        raise InvalidData("Bytes cannot be looked for in a list.", hint="Compare them one by one, with == and |.")
    if isinstance(value, Decimal):
        return format(value, "f")  # without an exponent, which SQL Server takes for no decimal
    return value.isoformat() if isinstance(value, date) else str(value)
