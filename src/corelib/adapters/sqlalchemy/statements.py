"""The statements of one mapping, built once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from attrs import frozen

from corelib.adapters.sqlalchemy.mapping import AggregateMapping, CompiledParts

MOST_IDENTIFIERS = 1000
"""How many identifiers one statement carries; SQL Server takes 2,100 parameters."""


class Updates:
    """UPDATE statements for one table and condition, one for each set of columns, built once.

    A column that becomes NULL is written as NULL, not sent as a parameter: ODBC has to ask the server for the type of a
    parameter without a value.
    """

    def __init__(self, table: sa.Table, condition: sa.ColumnElement[bool]) -> None:
        self._update = sa.update(table).where(condition)
        self._made: dict[tuple[tuple[str, ...], tuple[str, ...]], sa.Update] = {}

    def writing(self, values: Mapping[str, object]) -> tuple[sa.Update, dict[str, object]]:
        """Return the statement that writes these columns, and its parameters but for those of the condition."""
        given = {name: value for name, value in values.items() if value is not None}
        key = (tuple(given), tuple(name for name, value in values.items() if value is None))
        statement = self._made.get(key)
        if statement is None:
            columns: dict[str, sa.ColumnElement[Any]] = {name: sa.bindparam(name) for name in given}
            columns.update((name, sa.null()) for name in key[1])
            statement = self._made[key] = self._update.values(columns)
        return statement, given


@frozen
class PartStatements:
    """Statements for one collection of parts; parameters: `ids`, `corelib_owner`, `corelib_place` and the columns."""

    select: sa.Select[tuple[object, ...]]
    insert: sa.Insert
    update: Updates
    delete_from: sa.Delete
    delete_all: sa.Delete


class Statements:
    """Statements for one aggregate class; rows are read as `(id, version, *columns of the shape)`.

    Parameters: `id` or `ids` when reading, `after` for pages, `corelib_key` and `corelib_loaded` (the version) when
    writing. Those of a statement that also sets columns have names that no field has.
    """

    def __init__(self, mapping: AggregateMapping) -> None:
        table, key = mapping.table, mapping.identifier
        columns = [table.c[name] for name in mapping.shape.columns]
        select = sa.select(key.label("corelib_id"), mapping.version.label("corelib_version"), *columns)
        held = sa.and_(key == sa.bindparam("corelib_key"), mapping.version == sa.bindparam("corelib_loaded"))
        self.update: Updates = Updates(table, held)
        self.select: sa.Select[Any] = select
        self.select_one: sa.Select[Any] = select.where(key == sa.bindparam("id"))
        self.select_many: sa.Select[Any] = select.where(key.in_(sa.bindparam("ids", expanding=True)))
        self._first_page = select.order_by(key)
        self._next_page = self._first_page.where(key > sa.bindparam("after"))
        self.select_version: sa.Select[Any] = sa.select(mapping.version).where(key == sa.bindparam("corelib_key"))
        self.count: sa.Select[Any] = sa.select(sa.func.count()).select_from(table)
        self.insert: sa.Insert = sa.insert(table)
        self.delete: sa.Delete = sa.delete(table).where(held)
        self.parts: dict[str, PartStatements] = {name: _part_statements(part) for name, part in mapping.parts.items()}

    def page(self, size: int, *, first: bool) -> sa.Select[tuple[object, ...]]:
        """Return the statement for the first page or for the one behind `after`, in the order of the identifiers."""
        return (self._first_page if first else self._next_page).limit(size)


def _part_statements(part: CompiledParts) -> PartStatements:
    table, owner, position = part.parts.table, part.owner, part.position
    columns = [table.c[name] for name in part.shape.columns]
    owned = owner == sa.bindparam("corelib_owner")
    return PartStatements(
        select=sa.select(owner, *columns)
        .where(owner.in_(sa.bindparam("ids", expanding=True)))
        .order_by(owner, position),
        insert=sa.insert(table),
        update=Updates(table, sa.and_(owned, position == sa.bindparam("corelib_place"))),
        delete_from=sa.delete(table).where(owned, position >= sa.bindparam("corelib_place")),
        delete_all=sa.delete(table).where(owned),
    )
