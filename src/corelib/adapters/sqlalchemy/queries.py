"""Queries for roots by specification, made once for each structure: what differs from call to call are parameters."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.mapping import AggregateMapping
from corelib.adapters.sqlalchemy.specifications import SqlSpecifications
from corelib.adapters.sqlalchemy.statements import Select, Statements
from corelib.domain.specification import Sort, Specification
from corelib.ports.repository import Locking

Query = tuple[Select, dict[str, object]]
MOST_KEPT = 500
"""How many statements are kept for one class; those that were not used for longest go first."""


class Queries:
    """Makes the queries of one mapping on one engine, for all threads.

    Args:
        mapping: where the class lies.
        dialect: of the engine.
        statements: what every query begins with.
    """

    def __init__(self, mapping: AggregateMapping, dialect: SqlDialect, statements: Statements) -> None:
        self._mapping = mapping
        self._dialect = dialect
        self._statements = statements
        self.specifications: SqlSpecifications = SqlSpecifications(mapping, dialect)
        self._made: OrderedDict[tuple[object, ...], Select] = OrderedDict()

    def list(
        self,
        specification: Specification | None,
        sort: Sequence[Sort] = (),
        *,
        limit: int | None = None,
        offset: int = 0,
        lock: Locking | None = None,
        removed: bool = False,
    ) -> Query:
        """Return the query for aggregates, sorted.

        Limits are plain numbers: of a parameter, SQLAlchemy would make a window function on SQL Server, not TOP.
        """
        begin = self._statements.select_removed if removed else self._statements.select

        def make() -> Select:
            made = self._restricted(begin, specification).order_by(*self.specifications.order(sort)).limit(limit)
            if lock is not None:
                made = self._dialect.locking(made, self._mapping.table, lock)
            return made.offset(offset) if offset else made

        return self._kept(("list", *sort, limit, offset, lock, removed), specification, make)

    def after(self, specification: Specification | None, sort: Sequence[Sort], *, limit: int) -> Query:
        """Return the query for aggregates in an order that comparisons can follow."""

        def make() -> Select:
            order = self.specifications.order(sort, exact=True)
            return self._restricted(self._statements.select, specification).order_by(*order).limit(limit)

        return self._kept(("after", *sort, limit), specification, make)

    def count(self, specification: Specification | None) -> Query:
        """Return the query for their number."""
        return self._kept(("count",), specification, lambda: self._restricted(self._statements.count, specification))

    def exists(self, specification: Specification | None) -> Query:
        """Return the query for the identifier of one of them."""

        def make() -> Select:
            return self._restricted(self._statements.select_keys, specification).limit(1)

        return self._kept(("exists",), specification, make)

    def stream(self, specification: Specification | None) -> Query:
        """Return the query for aggregates, to be sorted and divided."""

        def make() -> Select:
            return self._restricted(self._statements.select, specification)

        return self._kept(("stream",), specification, make)

    def _restricted(self, statement: Select, specification: Specification | None) -> Select:
        if specification is None:
            return statement
        condition: sa.ColumnElement[Any] = self.specifications.condition(specification)
        return statement.where(condition)

    def _kept(self, key: tuple[object, ...], specification: Specification | None, make: Callable[[], Select]) -> Query:
        structure, values = self.specifications.structure(specification)
        whole = (*key, structure)
        made = self._made.pop(whole, None)
        if made is None:
            made = make()
            while len(self._made) >= MOST_KEPT:
                self._forget_oldest()
        self._made[whole] = made
        return made, values

    def _forget_oldest(self) -> None:
        try:
            self._made.popitem(last=False)
        except KeyError:  # another thread was faster
            return
