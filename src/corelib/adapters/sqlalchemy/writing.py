"""What has changed becomes statements: roots before their parts, and the version in the WHERE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

import sqlalchemy as sa

from corelib.adapters.sqlalchemy import keys
from corelib.adapters.sqlalchemy.entries import UNKNOWN, Entry
from corelib.adapters.sqlalchemy.mapping import VERSION
from corelib.adapters.sqlalchemy.parts import PartChanges, changes_of, differences
from corelib.adapters.sqlalchemy.plans import Plan
from corelib.adapters.sqlalchemy.seat import Seat
from corelib.adapters.sqlalchemy.statements import KEY, LOADED, OWNER, PART, PLACE, TENANT
from corelib.application.context import current_principal
from corelib.domain.fields import Role
from corelib.domain.stamping import stamp_changed, stamp_new
from corelib.errors import ConcurrencyConflict, MisuseError

A = TypeVar("A")
Row = tuple[object, ...]
Batch = list[tuple[Entry[A], dict[str, object]]]


class Writer(Generic[A]):
    """Writes aggregates of one class.

    Args:
        plan: how the class is stored.
        seat: what repositories share.
    """

    def __init__(
        self,
        plan: Plan,
        seat: Seat,
    ) -> None:
        self._mapping = plan.mapping
        self._statements = plan.statements
        self._codecs = plan.codecs
        self._connection = seat.connection
        self._now = seat.now
        self._columns = plan.mapping.shape.columns
        self._stamped = plan.statements.stamped
        self._tenant_place = plan.statements.tenant_place

    def dump(self, entry: Entry[A]) -> Row:
        """Return the row of an aggregate as it is now.

        Raises:
            MisuseError: if its identifier was changed, or the tenant to whom it belongs.
        """
        self._refuse_renamed(entry)
        row = self._mapping.shape.dump(entry.aggregate)
        if self._tenant_place is not None and entry.row and row[self._tenant_place] != self._tenant_of(entry):
            raise MisuseError(
                f"The {self._name} {entry.identifier!r} was handed to another tenant.",
                hint="Remove it, and store a new one in the context of the other tenant.",
            )
        return row

    def _refuse_renamed(self, entry: Entry[A]) -> None:
        identifier = entry.aggregate.id  # type: ignore[attr-defined]
        if identifier is not entry.identifier and identifier != entry.identifier:
            raise MisuseError(f"The identifier of a {self._name} was changed from {entry.identifier!r}.")

    def _tenant_of(self, entry: Entry[A]) -> object:
        """Return to whom the row of an aggregate in hand belongs, whoever works in the present context."""
        return None if self._tenant_place is None else entry.row[1 + self._tenant_place]

    def _scope(self, entry: Entry[A]) -> dict[str, object]:
        """Return the parameters that say whose row it is."""
        return {} if self._tenant_place is None else {TENANT: self._tenant_of(entry)}

    # Inserting

    def insert(self, entries: Sequence[Entry[A]]) -> None:
        """Insert new roots, then their parts."""
        if self._stamped:
            for entry in entries:
                stamp_new(entry.aggregate, self._now(), current_principal())
        if Role.ASSIGNED in self._mapping.roles:
            self._insert_assigning(entries)
        else:
            self._insert_roots(entries)
        self.insert_parts(entries)
        version = 1 if self._statements.counts_versions else UNKNOWN
        for entry in entries:
            entry.version = version

    def _insert_roots(self, entries: Sequence[Entry[A]]) -> None:
        rows = []
        for entry in entries:
            values = self._record(entry)
            entry.row = (1, *values.values())
            rows.append(self._insertable(values))
        self._connection().execute(self._statements.insert, rows)

    def root_values(self, entry: Entry[A]) -> dict[str, object]:
        """Return the parameters that insert a root."""
        return self._insertable(self._record(entry))

    def _record(self, entry: Entry[A]) -> dict[str, object]:
        self._refuse_renamed(entry)
        return self._mapping.shape.record(entry.aggregate)

    def _insertable(self, values: dict[str, object]) -> dict[str, object]:
        return self._statements.insert_values(self._codecs.root.written(values))

    def _insert_assigning(self, entries: Sequence[Entry[A]]) -> None:
        """Insert roots for which the server makes the identifier, and take it over.

        One by one where the table says `implicit_returning=False`: SQL Server gives back nothing by OUTPUT where the
        table has a trigger (Microsoft: "OUTPUT clause (Transact-SQL)").
        """
        identifier = self._mapping.identifier
        rows = []
        for entry in entries:
            values = self.root_values(entry)
            rows.append({name: value for name, value in values.items() if name != identifier.name})
        for entry, found in zip(entries, self._assigned(identifier, rows), strict=True):
            object.__setattr__(entry.aggregate, "id", found)
            entry.identifier, entry.assigned = found, True
            entry.row = (1, *self._mapping.shape.dump(entry.aggregate))

    def _assigned(self, identifier: sa.Column[Any], rows: list[dict[str, object]]) -> list[object]:
        """Insert rows and return the identifiers that the server made."""
        connection, insert = self._connection(), self._statements.insert
        if not self._mapping.table.implicit_returning:
            return [cast("Row", connection.execute(insert, row).inserted_primary_key)[0] for row in rows]
        statement = insert.returning(identifier, sort_by_parameter_order=True)
        return [found for (found,) in connection.rows(statement, rows)]

    def insert_parts(self, entries: Sequence[Entry[A]]) -> None:
        """Insert the parts of new roots."""
        for name, part in self._mapping.parts.items():
            rows = []
            for entry in entries:
                dumped = part.dump(getattr(entry.aggregate, name))
                if part.key_places:
                    changes_of(part, (), dumped)  # refuses the same key twice
                entry.parts[name] = self._as_read(name, dumped)
                owner = self._mapping.shape.key(entry.identifier)
                rows += [self._part_values(name, owner, place, row) for place, row in enumerate(dumped)]
            if rows:
                self._connection().execute(self._statements.parts[name].insert, rows)

    # Updating

    def update(self, entries: Sequence[Entry[A]]) -> None:
        """Write what has changed of loaded aggregates; those with the same changed columns go together."""
        batches: dict[sa.Update, Batch[A]] = {}
        parts: list[tuple[str, Entry[A], list[Row]]] = []
        for entry in entries:
            row = self.dump(entry)
            lists = {name: part.dump(getattr(entry.aggregate, name)) for name, part in self._mapping.parts.items()}
            changed = {name: rows for name, rows in lists.items() if rows != self._dumped(name, entry)}
            if row == entry.row[1:] and not changed:
                continue
            if self._stamped:
                stamp_changed(entry.aggregate, self._now(), current_principal())
                row = self.dump(entry)
            self._batch(batches, entry, row)
            parts += [(name, entry, rows) for name, rows in changed.items()]
        for statement, batch in batches.items():
            self._run(statement, batch)
        for name, entry, rows in parts:
            self.write_parts(name, entry, rows)

    def _batch(self, batches: dict[sa.Update, Batch[A]], entry: Entry[A], row: Row) -> None:
        """Add the update of a root to those with the same statement."""
        values: dict[str, object] = differences(self._columns, tuple(entry.row[1:]), row)
        values = self._codecs.root.written(values)
        held = self._held(entry)
        if self._statements.counts_versions:
            values[VERSION] = entry.version + 1
        elif not values:  # the server counts when the row is written, so that one column is written as it is
            touched = self._statements.touched
            values = self._codecs.root.written({touched: row[self._columns.index(touched)]})
        statement, given = self._statements.update.writing(values)
        batches.setdefault(statement, []).append((entry, {**given, **held}))
        entry.row = (entry.version, *row)

    def _run(self, statement: sa.Update | sa.Delete, batch: Batch[A]) -> None:
        """Execute for all of a batch.

        Raises:
            ConcurrencyConflict: if a row is not there in the version that was loaded.
        """
        connection = self._connection()
        together = connection.dialect.supports_sane_multi_rowcount
        runs = [batch] if together else [[single] for single in batch]
        for run in runs:
            parameters = [values for _, values in run]
            result = connection.execute(statement, parameters if len(run) > 1 else parameters[0])
            if result.rowcount != len(run):
                raise self._conflict_in(run)
        for entry, _ in batch:
            entry.version = entry.version + 1 if self._statements.counts_versions else UNKNOWN

    def write_parts(self, name: str, entry: Entry[A], rows: list[Row]) -> None:
        """Write what has changed in a collection."""
        part, statements = self._mapping.parts[name], self._statements.parts[name]
        owner = self._mapping.shape.key(entry.identifier)
        owned = keys.parameters(OWNER, owner)
        changes = changes_of(part, self._dumped(name, entry), rows)
        self._delete_parts(name, owned, changes)
        batches: dict[sa.Update, list[dict[str, object]]] = {}
        for key, changed in changes.updated:
            statement, given = statements.update.writing(self._codecs.parts[name].written(changed))
            batches.setdefault(statement, []).append({**given, **owned, **_part_key(key)})
        for statement, parameters in batches.items():
            self._connection().execute(statement, parameters)
        inserted = [self._part_values(name, owner, place, row) for place, row in changes.inserted]
        if inserted:
            self._connection().execute(statements.insert, inserted)
        entry.parts[name] = self._as_read(name, rows)

    def _delete_parts(self, name: str, owned: Mapping[str, object], changes: PartChanges) -> None:
        if not changes.deleted:
            return
        statements = self._statements.parts[name]
        if statements.delete_from is not None:
            first = min(cast("tuple[int]", key)[0] for key in changes.deleted)
            self._connection().execute(statements.delete_from, {**owned, PLACE: first})
        else:
            gone = [{**owned, **_part_key(key)} for key in changes.deleted]
            self._connection().execute(statements.delete, gone)

    # Deleting

    def delete(self, entries: Sequence[Entry[A]]) -> None:
        """Delete the parts of removed aggregates, then their roots."""
        if not entries:
            return
        connection = self._connection()
        for name in self._mapping.parts:
            owners = [self._mapping.shape.key(entry.identifier) for entry in entries]
            owned = [keys.parameters(OWNER, owner) for owner in owners]
            connection.execute(self._statements.parts[name].delete_all, owned)
        self._run(self._statements.delete, [(entry, self._held(entry)) for entry in entries])

    # What they share

    def _held(self, entry: Entry[A]) -> dict[str, object]:
        """Return the parameters that name a row in the version in which it was loaded or last written."""
        if entry.version == UNKNOWN:
            found = self.version_of(entry)
            if found is None:
                raise ConcurrencyConflict(self._name, entry.identifier, expected=UNKNOWN, found=None)
            entry.version = found
        key = self._mapping.shape.key(entry.identifier)
        return {**keys.parameters(KEY, key), LOADED: entry.version, **self._scope(entry)}

    def version_of(self, entry: Entry[A]) -> int | None:
        """Return the version that the database holds now, or None if the row is gone."""
        key = self._mapping.shape.key(entry.identifier)
        parameters = {**keys.parameters(KEY, key), **self._scope(entry)}
        rows = self._connection().rows(self._statements.select_version, parameters)
        return rows[0][0] if rows else None

    def _conflict_in(self, batch: Batch[A]) -> ConcurrencyConflict:
        """Return the conflict of the first row that was not written.

        Of a batch the others were; where corelib counts the versions, these are ahead by one.
        """
        for entry, _ in batch:
            found = self.version_of(entry)
            written = len(batch) > 1 and found == entry.version + 1
            if not written:
                return self.conflict(entry, found)
        entry = batch[0][0]
        return self.conflict(entry, self.version_of(entry))

    def conflict(self, entry: Entry[A], found: int | None) -> ConcurrencyConflict:
        """Return the error for an aggregate that somebody else has changed."""
        return ConcurrencyConflict(self._name, entry.identifier, expected=entry.version, found=found)

    def _dumped(self, name: str, entry: Entry[A]) -> list[Row]:
        """Return the rows of a collection without their owner, as `CompiledParts.dump` gives them."""
        part = self._mapping.parts[name]
        first = len(part.parts.owner)
        rows = [tuple(row[first:]) for row in entry.parts[name]]
        return rows if part.parts.position else sorted(rows, key=repr)

    def _as_read(self, name: str, rows: Sequence[Row]) -> list[Sequence[Any]]:
        owner = (None,) * len(self._mapping.parts[name].parts.owner)
        return [(*owner, *row) for row in rows]

    def _part_values(self, name: str, owner: object, place: int, row: Row) -> dict[str, object]:
        return self._codecs.parts[name].written(self._mapping.parts[name].row(owner, place, row))

    @property
    def _name(self) -> str:
        return self._mapping.kind.__name__


def _part_key(key: Row) -> dict[str, object]:
    """Return the parameters that name a part of an owner."""
    return keys.parameters(PART, key if len(key) > 1 else key[0])
