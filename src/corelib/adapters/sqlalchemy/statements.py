"""The statements of one mapping on one engine, built once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from attrs import frozen

from corelib.adapters.sqlalchemy import keys
from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.mapping import VERSION, AggregateMapping
from corelib.adapters.sqlalchemy.parts import CompiledParts
from corelib.domain.fields import Role
from corelib.ports.repository import Locking

Select = sa.Select[Any]

KEY, KEYS, LOADED, TENANT, OWNER, PART, PLACE = (
    f"corelib_{name}" for name in ("key", "keys", "loaded", "tenant", "owner", "part", "place")
)
"""Names of parameters; no column has such a name."""

STAMPS = (Role.CREATED_AT, Role.CREATED_BY, Role.UPDATED_AT, Role.UPDATED_BY)


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
    """Statements for one collection of parts; rows are read as `(owner..., *columns of the shape)`.

    Parameters: the owner is `corelib_owner`, the key of a part `corelib_part`, the place behind which all is deleted
    `corelib_place`; with several columns they are numbered. `select_many` takes the owners as `corelib_keys`, or is
    None where they have several columns; `select` is without a condition.
    """

    select: Select
    select_one: Select
    select_many: Select | None
    insert: sa.Insert
    update: Updates
    delete: sa.Delete
    delete_from: sa.Delete | None
    delete_all: sa.Delete


class Statements:
    """Statements for one aggregate class; rows are read as `(version, *columns of the shape)`.

    Parameters: an identifier is `corelib_key`, numbered where it has several columns; many are `corelib_keys`; the
    version that a written row must have is `corelib_loaded`, the tenant `corelib_tenant`.
    """

    def __init__(self, mapping: AggregateMapping, dialect: SqlDialect) -> None:
        table, columns = mapping.table, [mapping.table.c[name] for name in mapping.shape.columns]
        self._mapping = mapping
        self._dialect = dialect
        self.counts_versions: bool = mapping.counts_versions or dialect.name != "mssql"
        """Whether corelib makes the versions; otherwise the server does."""
        self.stamped: bool = any(role in mapping.roles for role in STAMPS)
        """Whether there are fields that say when and by whom something was written."""
        self.tenant: sa.Column[Any] | None = mapping.column_of(Role.TENANT)
        self.tenant_place: int | None = None if self.tenant is None else mapping.shape.columns.index(self.tenant.name)
        """Where the tenant stands among the columns of the shape."""
        own_keys = {column.name for column in mapping.identifiers}  # an IDENTITY column cannot be written
        self.touched: str = next((name for name in mapping.shape.columns if name not in own_keys), "")
        """A column that can be written as it is, so that the server counts the version up."""
        self.removed_at: sa.Column[Any] | None = mapping.column_of(Role.REMOVED_AT)
        self._one = keys.equals(mapping.identifiers, KEY)
        held = sa.and_(self._one, mapping.version == sa.bindparam(LOADED))
        self._bare: Select = sa.select(mapping.version.label("corelib_version"), *columns)
        self.select: Select = self.present(self._bare)
        self.select_one: Select = self.select.where(self._one)
        self.select_removed: Select = self.removed(self._bare)
        self.select_many: Select | None = None
        if len(mapping.identifiers) == 1:
            self.select_many = self.select.where(dialect.listed(mapping.identifier, KEYS))
        self.select_version: Select = sa.select(mapping.version).where(self.owned(self._one))
        key_columns: list[sa.ColumnElement[Any]] = list(mapping.identifiers)
        identifiers: Select = sa.select(*key_columns)
        self.select_keys: Select = self.present(identifiers)
        self.count: Select = self.present(sa.select(sa.func.count()).select_from(table))
        self.insert: sa.Insert = sa.insert(table)
        self.update: Updates = Updates(table, self.owned(held))
        self.delete: sa.Delete = sa.delete(table).where(self.owned(held))
        self.parts: dict[str, PartStatements] = {
            name: _part_statements(part, dialect) for name, part in mapping.parts.items()
        }
        self._locking: dict[Locking, Select] = {}

    def owned(self, condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
        """Restrict a condition to the tenant of the context."""
        return condition if self.tenant is None else sa.and_(condition, self._of_tenant(self.tenant))

    @cached_property
    def scope(self) -> tuple[sa.ColumnElement[bool], ...]:
        """Return what holds of every row that can be seen."""
        tenant = () if self.tenant is None else (self._of_tenant(self.tenant),)
        return tenant if self.removed_at is None else (*tenant, self.removed_at.is_(None))

    def _of_tenant(self, tenant: sa.Column[Any]) -> sa.ColumnElement[bool]:
        """Compare exactly: tenants whose names differ by case alone are two."""
        return self._dialect.exactly(tenant, sa.bindparam(TENANT, type_=tenant.type))

    def present(self, select: Select) -> Select:
        """Restrict a query to the tenant of the context and to what is not removed."""
        return select.where(*self.scope) if self.scope else select

    def removed(self, select: Select) -> Select:
        """Restrict a query to the tenant of the context and to what is removed."""
        if self.removed_at is None:
            return select.where(sa.false())
        return select.where(self.owned(self.removed_at.is_not(None)))

    def one_removed(self) -> Select:
        """Return the query for a removed row."""
        return self.select_removed.where(self._one)

    def locking_one(self, lock: Locking) -> Select:
        """Return `select_one` with a lock."""
        statement = self._locking.get(lock)
        if statement is None:
            statement = self._dialect.locking(self.select_one, self._mapping.table, lock)
            self._locking[lock] = statement
        return statement

    def insert_values(self, values: dict[str, object]) -> dict[str, object]:
        """Return the parameters of `insert`: the columns of a new row, with the first version."""
        if self.counts_versions:
            values[VERSION] = 1
        return values


def _part_statements(part: CompiledParts, dialect: SqlDialect) -> PartStatements:
    table, owners, position = part.parts.table, part.owners, part.position
    columns = [table.c[name] for name in part.shape.columns]
    order = [position] if position is not None else [table.c[name] for name in part.keys]
    owned = keys.equals(owners, OWNER)
    one = sa.and_(owned, keys.equals([table.c[name] for name in part.keys], PART))
    select: Select = sa.select(*(*owners, *columns))
    # Of one owner the rows do not tell whose they are: a UUID costs more to read than the rest of a row on SQLite.
    nothing = [sa.null().label(f"corelib_owner_{place}") for place in range(len(owners))]
    select_of_one: Select = sa.select(*(*nothing, *columns)).select_from(table)
    listed = len(owners) == 1
    return PartStatements(
        select=select.order_by(*owners, *order),
        select_one=select_of_one.where(owned).order_by(*order),
        select_many=select.where(dialect.listed(owners[0], KEYS)).order_by(*owners, *order) if listed else None,
        insert=sa.insert(table),
        update=Updates(table, one),
        delete=sa.delete(table).where(one),
        delete_from=_delete_from(table, owned, part),
        delete_all=sa.delete(table).where(owned),
    )


def _delete_from(table: sa.Table, owned: sa.ColumnElement[bool], part: CompiledParts) -> sa.Delete | None:
    if part.key_places or part.position is None:
        return None
    return sa.delete(table).where(owned, part.position >= sa.bindparam(PLACE))
