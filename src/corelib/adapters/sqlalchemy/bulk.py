"""Mass data: written without being loaded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from corelib.adapters.sqlalchemy import keys
from corelib.adapters.sqlalchemy.entries import Entry
from corelib.adapters.sqlalchemy.mapping import VERSION
from corelib.adapters.sqlalchemy.plans import Plan
from corelib.adapters.sqlalchemy.seat import Seat
from corelib.adapters.sqlalchemy.shape import plain
from corelib.adapters.sqlalchemy.statements import KEY, KEYS, Select
from corelib.adapters.sqlalchemy.writing import Writer
from corelib.application.context import current_principal
from corelib.domain.fields import Role
from corelib.domain.stamping import stamp_new, stamps
from corelib.errors import AlreadyExists
from corelib.ports.repository import Locking

A = TypeVar("A")
Condition = sa.ColumnElement[bool]
AT_A_TIME = 5_000
"""How many rows one statement of an upsert or a removal is about."""


class Bulk(Generic[A]):
    """Statements on many rows of one class.

    Args:
        plan: how the class is stored.
        seat: what repositories share.
        writer: makes rows.
        scope: returns the parameters that say whose rows may be touched.
    """

    def __init__(
        self,
        plan: Plan,
        seat: Seat,
        writer: Writer[A],
        scope: Callable[[], Mapping[str, object]],
    ) -> None:
        self._mapping = plan.mapping
        self._statements = plan.statements
        self._codecs = plan.codecs
        self._dialect = seat.dialect
        self._connection = seat.connection
        self._now = seat.now
        self._writer = writer
        self._scope = scope

    # Changing

    def update(self, conditions: Sequence[Condition], changes: Mapping[str, object]) -> int:
        """Change columns of the rows that satisfy conditions; return how many."""
        values = dict(self._column_values({**changes, **self._stamps()}))
        return self._update(conditions, values)

    def _update(self, conditions: Sequence[Condition], values: dict[str, object]) -> int:
        if self._statements.counts_versions:
            values[VERSION] = self._mapping.version + 1
        statement = sa.update(self._mapping.table).where(*self._statements.scope, *conditions).values(values)
        return self._connection().execute(statement, self._scope()).rowcount

    def _column_values(self, changes: Mapping[str, object]) -> Mapping[str, object]:
        """Return the values of columns for those of fields, NULL written as such."""
        values: dict[str, object] = {}
        for path, value in changes.items():
            column = self._mapping.shape.at(path)[0].column
            stored = self._codecs.root.value(column, plain(value))
            values[column] = sa.null() if stored is None else stored
        return values

    def _stamps(self) -> Mapping[str, object]:
        return stamps(self._mapping.kind, self._now(), current_principal())

    # Removing

    def remove(self, conditions: Sequence[Condition]) -> int:
        """Remove the rows that satisfy conditions, with their parts; return how many."""
        if self._statements.removed_at is not None:
            return self._hide(conditions)
        if not self._mapping.parts:
            statement = sa.delete(self._mapping.table).where(*self._statements.scope, *conditions)
            return self._connection().execute(statement, self._scope()).rowcount
        return self._remove_found(self._statements.select_keys.where(*conditions))

    def _hide(self, conditions: Sequence[Condition]) -> int:
        (name,) = self._mapping.roles[Role.REMOVED_AT]
        return self._update(conditions, dict(self._column_values({name: self._now(), **self._stamps()})))

    def _remove_found(self, select: Select) -> int:
        """Lock and list the roots first: what their parts are like may be among the conditions."""
        locking = self._dialect.locking(select, self._mapping.table, Locking.WAIT)
        rows = self._connection().rows(locking, self._scope())
        found = [row[0] if len(row) == 1 else tuple(row) for row in rows]
        for portion in keys.portions(found, AT_A_TIME if self._is_single else keys.MOST_COMPOSITE_KEYS):
            self._delete_parts(portion)
            self._execute_for(sa.delete(self._mapping.table), self._mapping.identifiers, portion)
        return len(found)

    def _delete_parts(self, owners: Sequence[Any]) -> None:
        for part in self._mapping.parts.values():
            self._execute_for(sa.delete(part.parts.table), part.owners, owners)

    def _execute_for(self, statement: sa.Delete, columns: keys.Columns, found: Sequence[Any]) -> None:
        if len(columns) == 1:
            listed = self._dialect.listed(columns[0], KEYS)
            self._connection().execute(statement.where(listed), {KEYS: list(found)})
            return
        for portion in keys.portions(found):
            self._connection().execute(statement.where(keys.among(columns, portion)))

    # Inserting or overwriting

    def upsert(self, aggregates: Collection[A]) -> None:
        """Store aggregates, whether or not rows with their identifiers are there."""
        entries = [Entry(aggregate.id, aggregate) for aggregate in aggregates]  # type: ignore[attr-defined]
        for entry in entries:
            stamp_new(entry.aggregate, self._now(), current_principal())
        size = AT_A_TIME if self._is_single else keys.MOST_COMPOSITE_KEYS
        for portion in keys.portions(entries, size):
            self._upsert_roots(portion)
            if self._mapping.parts:
                self._delete_parts([self._mapping.shape.key(entry.identifier) for entry in portion])
                self._writer.insert_parts(portion)

    def _upsert_roots(self, entries: Sequence[Entry[A]]) -> None:
        rows = [self._writer.root_values(entry) for entry in entries]
        if self._dialect.inserts_or_updates and self._statements.tenant is None:
            names = [column.name for column in self._mapping.identifiers]
            statement = self._dialect.upsert(self._mapping.table, names, self._overwritten(), VERSION)
            self._connection().execute(statement, rows)
            return
        found = self._locked(entries)
        present = [row for entry, row in zip(entries, rows, strict=True) if self._key(entry) in found]
        absent = [row for entry, row in zip(entries, rows, strict=True) if self._key(entry) not in found]
        self._overwrite(present)
        if absent:
            self._connection().execute(self._statements.insert, absent)

    def _overwritten(self) -> list[str]:
        """Return the columns that an upsert overwrites: all but the key and who made the row."""
        kept = [*self._mapping.roles.get(Role.CREATED_AT, ()), *self._mapping.roles.get(Role.CREATED_BY, ())]
        keys_and_kept = {column.name for column in self._mapping.identifiers}
        keys_and_kept |= {self._mapping.shape.at(name)[0].column for name in kept}
        return [name for name in self._mapping.shape.columns if name not in keys_and_kept]

    def _locked(self, entries: Sequence[Entry[A]]) -> set[Any]:
        """Lock the keys, whether or not they are there, and return those that are.

        Raises:
            AlreadyExists: if one belongs to another tenant.
        """
        columns = self._mapping.identifiers
        tenant = () if self._statements.tenant is None else (self._statements.tenant,)
        wanted = [self._key(entry) for entry in entries]
        selected: list[sa.ColumnElement[Any]] = [*columns, *tenant]
        wanted_rows: Select = sa.select(*selected)
        select = self._dialect.locking_keys(wanted_rows, self._mapping.table)
        if self._is_single:
            rows = self._connection().rows(select.where(self._dialect.listed(columns[0], KEYS)), {KEYS: wanted})
        else:
            rows = self._connection().rows(select.where(keys.among(columns, wanted)))
        found = set()
        for row in rows:
            if tenant and row[-1] not in self._scope().values():
                raise AlreadyExists(f"There is a {self._mapping.kind.__name__} with one of the identifiers already.")
            found.add(row[0] if self._is_single else tuple(row[: len(columns)]))
        return found

    def _overwrite(self, rows: Sequence[Mapping[str, object]]) -> None:
        if not rows:
            return
        names = self._overwritten()
        values: dict[str, Any] = {name: sa.bindparam(name) for name in names}
        if self._statements.counts_versions:
            values[VERSION] = self._mapping.version + 1
        columns = self._mapping.identifiers
        statement = sa.update(self._mapping.table).where(keys.equals(columns, KEY)).values(values)
        parameters = []
        for row in rows:
            key = row[columns[0].name] if self._is_single else tuple(row[column.name] for column in columns)
            parameters.append({**{name: row[name] for name in names}, **keys.parameters(KEY, key)})
        self._connection().execute(statement, parameters)

    def _key(self, entry: Entry[A]) -> Any:
        return self._mapping.shape.key(entry.identifier)

    @property
    def _is_single(self) -> bool:
        return len(self._mapping.identifiers) == 1
