"""Specifications as SQL."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from typing import cast

import sqlalchemy as sa

from corelib.adapters.sqlalchemy.comparing import compared
from corelib.adapters.sqlalchemy.dialect import Column, Condition, SqlDialect
from corelib.adapters.sqlalchemy.mapping import AggregateMapping
from corelib.adapters.sqlalchemy.shape import Leaf, Shape, wrapped_field
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
        return self._condition(specification, self._mapping.table, self._mapping.shape)

    def order(self, sort: Sequence[Sort], *, exact: bool = False) -> list[sa.ColumnElement[object]]:
        """Return the ORDER BY list: missing values last, then the field, and at the end the identifier.

        Args:
            sort: the fields.
            exact: order identifiers that are texts by code points too, as comparisons do; else as the store sorts.
        """
        ordered: list[sa.ColumnElement[object]] = []
        for entry in sort:
            column = _columns(self._mapping.table, self._mapping.shape, entry.path)[0]
            if column.nullable:
                ordered.append(sa.case((column.is_(None), 1), else_=0))
            ordered += [key.desc() if entry.descending else key.asc() for key in self._keys(column)]
        for identifier in self._mapping.identifiers:
            ordered += self._keys(identifier) if exact else [identifier]
        return ordered

    def _keys(self, column: Column) -> list[sa.ColumnElement[object]]:
        return self._dialect.text_order(column) if _is_text(column) else [column]

    def _condition(self, specification: Specification, table: sa.Table, shape: Shape) -> Condition:  # noqa: PLR0911
        match specification:
            case Comparison(path, operator, value):
                return self._comparison(_columns(table, shape, path), operator, value)
            case In(path, values):
                column = _columns(table, shape, path)[0]
                return self._membership(column, [_stored(value, column) for value in values])
            case IsNull(path):
                return sa.and_(*(column.is_(None) for column in _columns(table, shape, path)))
            case And(parts):
                return sa.and_(*(self._condition(part, table, shape) for part in parts))
            case Or(parts):
                return sa.or_(*(self._condition(part, table, shape) for part in parts))
            case Not(part):
                return sa.not_(self._condition(part, table, shape))
            case AnyPart(path, inner):
                return self._some_part(path, inner, holds=True)
            case AllParts(path, inner):
                return sa.not_(self._some_part(path, inner, holds=False))
        raise AssertionError(f"{specification!r} was not checked")

    def _comparison(self, columns: Sequence[Column], operator: Operator, value: object) -> Condition:
        if len(columns) > 1:
            return self._composite(columns, operator, value)
        stored = _stored(value, columns[0])
        if isinstance(stored, str):
            return self._dialect.compare_texts(columns[0], operator, stored)
        return compared(columns[0], operator, sa.literal(stored, columns[0].type))

    def _composite(self, columns: Sequence[Column], operator: Operator, value: object) -> Condition:
        """Compare an identifier of several columns, field by field."""
        values = cast("tuple[object, ...]", self._mapping.shape.key(value))
        pairs = list(zip(columns, values, strict=True))
        same = [self._comparison([column], Operator.EQUAL, part) for column, part in pairs]
        if operator in (Operator.EQUAL, Operator.NOT_EQUAL):
            together = sa.and_(*same)
            return together if operator is Operator.EQUAL else sa.not_(together)
        beyond = [self._comparison([column], operator, part) for column, part in pairs]
        return sa.or_(*(sa.and_(*same[:place], condition) for place, condition in enumerate(beyond)))

    def _membership(self, column: Column, values: list[object]) -> Condition:
        if not values:
            return sa.false()
        return self._dialect.is_one_of(column, values)

    def _some_part(self, path: str, inner: Specification, *, holds: bool) -> Condition:
        """Return that a part exists for which the specification is true, or for which it is not."""
        part = self._mapping.parts[path]
        condition = self._condition(inner, part.parts.table, part.shape)
        if not holds:
            condition = sa.case((condition, 0), else_=1) == 1
        owned = [owner == key for owner, key in zip(part.owners, self._mapping.identifiers, strict=True)]
        return sa.exists(sa.select(sa.literal(1)).select_from(part.parts.table).where(*owned, condition))


def _columns(table: sa.Table, shape: Shape, path: str) -> list[Column]:
    owner, _, wrapped = path.rpartition(".")
    leaves = shape.at(path) or [leaf for leaf in shape.at(owner) if _wraps(leaf, wrapped)]
    found: list[Column] = [table.c[leaf.column] for leaf in leaves]
    if not found or isinstance(found[0].type, sa.JSON):
        raise InvalidSpecification(
            f"{path} has no column of its own in {table.name}, so the database cannot look for it.",
            hint=f"It has: {', '.join(table.c.keys())}.",
        )
    return found


def _wraps(leaf: Leaf, name: str) -> bool:
    """Return whether a column holds a value object whose only field has this name."""
    wrapped = wrapped_field(leaf.kind)
    return wrapped is not None and wrapped.name == name


def _is_text(column: Column) -> bool:
    return isinstance(column.type, sa.String)


def _stored(value: object, column: Column) -> object:
    """Return a value in the form in which its column takes it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, int) and isinstance(column.type, ExactDecimal | sa.Numeric):
        return Decimal(value)
    wrapped = wrapped_field(type(value))
    return value if wrapped is None else getattr(value, wrapped.name)
