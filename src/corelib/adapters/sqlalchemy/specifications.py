"""Specifications as SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from enum import Enum
from itertools import count
from typing import cast

import sqlalchemy as sa

from corelib.adapters.sqlalchemy.comparing import compared
from corelib.adapters.sqlalchemy.dialect import Bound, Column, Condition, SqlDialect
from corelib.adapters.sqlalchemy.mapping import AggregateMapping
from corelib.adapters.sqlalchemy.parts import CompiledParts
from corelib.adapters.sqlalchemy.shape import Leaf, Shape, plain, wrapped_field
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

Key = tuple[object, ...]
Home = AggregateMapping | CompiledParts
Pair = tuple[Column, Bound]


class SqlSpecifications:
    """Compiles checked specifications for one mapping.

    Args:
        mapping: where fields and parts lie.
        dialect: how the engine compares texts exactly.
    """

    def __init__(self, mapping: AggregateMapping, dialect: SqlDialect) -> None:
        self._mapping = mapping
        self._dialect = dialect
        self._found: dict[tuple[sa.Table, str], list[Column]] = {}

    def condition(self, specification: Specification) -> Condition:
        """Return the WHERE condition, with the values of the specification in its parameters."""
        return self._condition(specification, self._mapping, map(_name, count()))

    def order(self, sort: Sequence[Sort], *, exact: bool = False) -> list[sa.ColumnElement[object]]:
        """Return the ORDER BY list: missing values last, then the field, and at the end the identifier.

        No column stands there twice: SQL Server refuses that (error 169).

        Args:
            sort: the fields.
            exact: order identifiers that are texts by code points too, as comparisons do; else as the store sorts.
        """
        ordered: list[sa.ColumnElement[object]] = []
        sorted_by: set[str] = set()
        for entry in sort:
            column = self._at(self._mapping, entry.path)[0]
            if column.name in sorted_by:
                continue
            sorted_by.add(column.name)
            if column.nullable:
                ordered.append(sa.case((column.is_(None), 1), else_=0))
            ordered += [key.desc() if entry.descending else key.asc() for key in self._keys(column)]
        for identifier in self._mapping.identifiers:
            if identifier.name not in sorted_by:
                ordered += self._keys(identifier) if exact else [identifier]
        return ordered

    def _keys(self, column: Column) -> list[sa.ColumnElement[object]]:
        return self._dialect.text_order(column) if _is_text(column) else [column]

    def structure(self, specification: Specification | None) -> tuple[Key, dict[str, object]]:
        """Return what two specifications have in common that lead to the same SQL, and the values of its parameters.

        The parameters are those of `condition`, so that a statement made with one specification serves the other.
        """
        values: list[object] = []
        key = () if specification is None else self._key(specification, self._mapping, values)
        return key, {_name(place): value for place, value in enumerate(values)}

    def _key(self, specification: Specification, home: Home, values: list[object]) -> Key:
        match specification:
            case Comparison(path, operator, value):
                stored = self._stored(home, path, value)
                values += stored
                return (path, operator, tuple(part == "" for part in stored))
            case In(path, listed):
                values += [self._stored_list(home, path, listed)] if listed else []
                return (path, bool(listed))
            case IsNull(path):
                return (path,)
            case And(parts) | Or(parts):
                return (type(specification), *(self._key(part, home, values) for part in parts))
            case Not(part):
                return (Not, self._key(part, home, values))
            case AnyPart(path, inner) | AllParts(path, inner):
                return (type(specification), path, self._key(inner, self._mapping.parts[path], values))
        raise AssertionError(f"{specification!r} was not checked")

    def _condition(self, specification: Specification, home: Home, names: Iterator[str]) -> Condition:  # noqa: PLR0911
        match specification:
            case Comparison(path, operator, value):
                bound = [
                    (column, sa.bindparam(next(names), stored, column.type))
                    for column, stored in zip(self._at(home, path), self._stored(home, path, value), strict=True)
                ]
                return self._comparison(bound, operator)
            case In(path, listed):
                return self._membership(home, path, listed, names)
            case IsNull(path):
                return sa.and_(*(column.is_(None) for column in self._at(home, path)))
            case And(parts):
                return sa.and_(*[self._condition(part, home, names) for part in parts])
            case Or(parts):
                return sa.or_(*[self._condition(part, home, names) for part in parts])
            case Not(part):
                return sa.not_(self._condition(part, home, names))
            case AnyPart(path, inner):
                return self._some_part(path, inner, names, holds=True)
            case AllParts(path, inner):
                return sa.not_(self._some_part(path, inner, names, holds=False))
        raise AssertionError(f"{specification!r} was not checked")

    def _comparison(self, bound: Sequence[Pair], operator: Operator) -> Condition:
        """Compare a column; or order by an identifier of several columns, field by field, as pages do."""
        if len(bound) == 1:
            return self._single(*bound[0], operator)
        same = [self._single(column, value, Operator.EQUAL) for column, value in bound]
        beyond = [self._single(column, value, operator) for column, value in bound]
        return sa.or_(*(sa.and_(*same[:place], condition) for place, condition in enumerate(beyond)))

    def _single(self, column: Column, bound: Bound, operator: Operator) -> Condition:
        if isinstance(bound.value, str):
            return self._dialect.compare_texts(column, operator, bound, empty=not bound.value)
        return compared(column, operator, bound)

    def _membership(self, home: Home, path: str, listed: Sequence[object], names: Iterator[str]) -> Condition:
        if not listed:
            return sa.false()
        (column,) = self._at(home, path)
        return self._dialect.is_one_of(column, next(names), self._stored_list(home, path, listed))

    def _some_part(self, path: str, inner: Specification, names: Iterator[str], *, holds: bool) -> Condition:
        """Return that a part exists for which the specification is true, or for which it is not."""
        part = self._mapping.parts[path]
        condition = self._condition(inner, part, names)
        if not holds:
            condition = sa.case((condition, 0), else_=1) == 1
        owned = [owner == key for owner, key in zip(part.owners, self._mapping.identifiers, strict=True)]
        return sa.exists(sa.select(sa.literal(1)).select_from(part.table).where(*owned, condition))

    def _stored(self, home: Home, path: str, value: object) -> list[object]:
        """Return a value in the form in which its columns take it."""
        columns = self._at(home, path)
        if len(columns) == 1:
            return [_stored(value, columns[0])]
        parts = cast("tuple[object, ...]", self._mapping.shape.key(value))
        return [_stored(part, column) for part, column in zip(parts, columns, strict=True)]

    def _stored_list(self, home: Home, path: str, values: Sequence[object]) -> list[object]:
        (column,) = self._at(home, path)
        return [_stored(value, column) for value in values]

    def _at(self, home: Home, path: str) -> list[Column]:
        """Return the columns of a field, looked up once."""
        found = self._found.get((home.table, path))
        if found is None:
            found = self._found[home.table, path] = _columns(home.table, home.shape, path)
        return found


def _name(place: int) -> str:
    return f"corelib_value_{place}"


def _columns(table: sa.Table, shape: Shape, path: str) -> list[Column]:
    owner, _, wrapped = path.rpartition(".")
    leaves = shape.at(path) or [leaf for leaf in shape.at(owner) if _wraps(leaf, wrapped)]
    found: list[Column] = [table.c[leaf.column] for leaf in leaves]
    if not found or isinstance(found[0].type, sa.JSON):
        others = [column.name for column in table.c if not isinstance(column.type, sa.JSON)]
        raise InvalidSpecification(
            f"{path} has no column of its own in {table.name}, so the database cannot look for it.",
            hint=f"It has: {', '.join(others)}; what lies in JSON cannot be looked for.",
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
    if isinstance(value, int) and not isinstance(value, Enum) and isinstance(column.type, ExactDecimal | sa.Numeric):
        return Decimal(value)
    return plain(value)
