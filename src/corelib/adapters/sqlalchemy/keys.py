"""Conditions on identifiers, which have one column or several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

Columns = Sequence[sa.Column[Any]]
Condition = sa.ColumnElement[bool]

MOST_COMPOSITE_KEYS = 200
"""How many identifiers of several columns one statement carries; SQL Server takes 2,100 parameters."""


def equals(columns: Columns, name: str) -> Condition:
    """Return that columns have the values of the parameters that `parameters` makes under this name."""
    if len(columns) == 1:
        return columns[0] == sa.bindparam(name)
    return sa.and_(*(column == sa.bindparam(f"{name}_{place}") for place, column in enumerate(columns)))


def parameters(name: str, key: Any) -> dict[str, object]:
    """Return the parameters for one key: a value, or a tuple where there are several columns."""
    if not isinstance(key, tuple):
        return {name: key}
    return {f"{name}_{place}": value for place, value in enumerate(key)}


def among(columns: Columns, keys: Sequence[Any]) -> Condition:
    """Return that several columns together have the values of one of the keys, which are tuples."""
    return sa.or_(*(sa.and_(*(column == value for column, value in zip(columns, key, strict=True))) for key in keys))


def portions(keys: Sequence[Any], size: int = MOST_COMPOSITE_KEYS) -> Sequence[Sequence[Any]]:
    """Cut keys into as many as one statement carries."""
    return [keys[start : start + size] for start in range(0, len(keys), size)]
