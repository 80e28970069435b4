"""Specifications as SQL."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum

import sqlalchemy as sa

from corelib.adapters.sqlalchemy.comparing import compared
from corelib.adapters.sqlalchemy.dialect import Column, Condition, SqlDialect
from corelib.adapters.sqlalchemy.mapping import AggregateMapping
from corelib.adapters.sqlalchemy.types import ExactDecimal
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
from corelib.errors import InvalidSpecification


class SqlSpecifications:
    """Compiles checked specifications for one mapping.

    Args:
        mapping: where fields and parts lie.
        dialect: how the engine compares texts exactly.
    """

    def __init__(self, mapping: AggregateMapping, dialect: SqlDialect) -> None:
        self._mapping = mapping
        self._dialect = dialect

    def condition(self, specification: Specification) -> Condition:
        """Return the WHERE condition."""
        return self._condition(specification, self._mapping.table)

    def order(self, sort: Sequence[Sort]) -> list[sa.ColumnElement[object]]:
        """Return the ORDER BY list: missing values last, then the field, and at the end the identifier."""
        ordered: list[sa.ColumnElement[object]] = []
        for entry in sort:
            column = _column(self._mapping.table, entry.path)
            key = self._dialect.by_code_points(column) if _is_text(column) else column
            ordered += [sa.case((column.is_(None), 1), else_=0), key.desc() if entry.descending else key.asc()]
        return [*ordered, self._mapping.identifier]

    def _condition(self, specification: Specification, table: sa.Table) -> Condition:  # noqa: PLR0911 - one each
        match specification:
            case Comparison(path, operator, value):
                column = _column(table, path)
                return self._comparison(column, operator, _stored(value, column))
            case In(path, values):
                column = _column(table, path)
                return self._membership(column, [_stored(value, column) for value in values])
            case IsNull(path):
                return _column(table, path).is_(None)
            case And(parts):
                return sa.and_(*(self._condition(part, table) for part in parts))
            case Or(parts):
                return sa.or_(*(self._condition(part, table) for part in parts))
            case Not(part):
                return sa.not_(self._condition(part, table))
            case AnyPart(path, inner):
                return self._some_part(path, inner, holds=True)
            case AllParts(path, inner):
                return sa.not_(self._some_part(path, inner, holds=False))
        raise AssertionError(f"{specification!r} was not checked")

    def _comparison(self, column: Column, operator: Operator, value: object) -> Condition:
        if isinstance(value, str):
            return self._dialect.compare_texts(column, operator, value)
        return compared(column, operator, sa.literal(value, column.type))

    def _membership(self, column: Column, values: list[object]) -> Condition:
        if not values:
            return sa.false()
        return self._dialect.is_one_of(column, values)

    def _some_part(self, path: str, inner: Specification, *, holds: bool) -> Condition:
        """Return that a part exists for which the specification is true, or for which it is not."""
        part = self._mapping.parts[path]
        condition = self._condition(inner, part.parts.table)
        if not holds:
            condition = sa.case((condition, 0), else_=1) == 1
        owned = part.owner == self._mapping.identifier
        return sa.exists(sa.select(sa.literal(1)).select_from(part.parts.table).where(owned, condition))


def _column(table: sa.Table, path: str) -> Column:
    name = path.replace(".", "_")
    if name not in table.c:
        raise InvalidSpecification(
            f"{path} has no column of its own in {table.name}, so the database cannot look for it.",
            hint=f"It has: {', '.join(table.c.keys())}.",
        )
    return table.c[name]


def _is_text(column: Column) -> bool:
    return isinstance(column.type, sa.String)


def _stored(value: object, column: Column) -> object:
    """Return a value in the form in which its column takes it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, int) and isinstance(column.type, ExactDecimal | sa.Numeric):
        return Decimal(value)
    return value
