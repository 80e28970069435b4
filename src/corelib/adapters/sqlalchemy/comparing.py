"""Comparisons that the dialects share."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect

from corelib.domain.specification import Operator

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


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
