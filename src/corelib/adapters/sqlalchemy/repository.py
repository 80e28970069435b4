"""Aggregates in tables: identity map, loaded state, and the statements that write what has changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar, cast

import sqlalchemy as sa
from attrs import define, field
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy.mapping import VERSION, AggregateMapping, CompiledParts
from corelib.adapters.sqlalchemy.specifications import SqlSpecifications
from corelib.adapters.sqlalchemy.statements import MOST_IDENTIFIERS, Statements
from corelib.domain.page import Page, offset_of
from corelib.domain.specification import Sort, Specification
from corelib.domain.specification_check import check, check_sort
from corelib.errors import AlreadyExists, ConcurrencyConflict, MisuseError, NotFound

A = TypeVar("A")
Row = tuple[object, ...]
Rows = list[Row]


@define(eq=False)
class _Entry(Generic[A]):
    """An aggregate in hand, with the rows it was loaded from or last written as.

    Args:
        identifier: its key, also after somebody changed the field `id`.
        version: 0 for one that is not in the database yet.
        row: of the root, in the order of the shape.
        parts: rows of each collection, in the order of the lists.
    """

    identifier: object
    aggregate: A
    version: int = 0
    row: Row = ()
    parts: dict[str, list[Row]] = field(factory=dict)
    removed: bool = False


class SqlRepository(Generic[A]):
    """Keeps the contract of `corelib.ports.repository.Repository`.

    Args:
        mapping: where the class lies.
        statements: its prepared statements.
        connection: returns the connection of the transaction, with driver errors translated around `execute`.
        flush: writes what has changed in all repositories of the transaction.
        specifications: compiles specifications for this mapping.
    """

    def __init__(
        self,
        mapping: AggregateMapping,
        statements: Statements,
        connection: Callable[[], Connection],
        flush: Callable[[], None],
        specifications: SqlSpecifications,
    ) -> None:
        self._mapping = mapping
        self._statements = statements
        self._connection = connection
        self._flush = flush
        self._specifications = specifications
        self._entries: dict[object, _Entry[A]] = {}
        self._deleted: list[A] = []

    def add(self, aggregate: A) -> None:
        """Take a new aggregate."""
        identifier = aggregate.id  # type: ignore[attr-defined]
        if identifier in self._entries:
            raise AlreadyExists(
                f"There is a {self._name} with the identifier {identifier!r} in this unit of work already."
            )
        self._entries[identifier] = _Entry(identifier, aggregate)

    def get(self, identifier: object) -> A:
        """Return the aggregate."""
        found = self.find(identifier)
        if found is None:
            raise NotFound(self._name, identifier)
        return found

    def find(self, identifier: object) -> A | None:
        """Return the aggregate, or None."""
        entry = self._entries.get(identifier)
        if entry is None:
            row = self._connection().execute(self._statements.select_one, {"id": identifier}).first()
            if row is None:
                return None
            self._track([tuple(row)])
            entry = self._entries[row[0]]
        return None if entry.removed else entry.aggregate

    def find_many(self, identifiers: Sequence[object]) -> Sequence[A]:
        """Return those that exist, in the order asked; asks the database in portions of 1,000 identifiers."""
        wanted = list(dict.fromkeys(identifiers))
        unknown = [identifier for identifier in wanted if identifier not in self._entries]
        for start in range(0, len(unknown), MOST_IDENTIFIERS):
            portion = unknown[start : start + MOST_IDENTIFIERS]
            self._track(list(map(tuple, self._connection().execute(self._statements.select_many, {"ids": portion}))))
        found = (self._entries.get(identifier) for identifier in wanted)
        return [entry.aggregate for entry in found if entry is not None and not entry.removed]

    def remove(self, aggregate: A) -> None:
        """Take an aggregate out, with its parts."""
        entry = self._entries.get(aggregate.id)  # type: ignore[attr-defined]
        if entry is None or entry.aggregate is not aggregate:
            raise MisuseError(
                f"This {self._name} does not belong to this unit of work.", hint="Load it here before removing it."
            )
        if entry.version:
            entry.removed = True
        else:
            del self._entries[entry.identifier]

    def list(
        self, specification: Specification | None = None, *, sort: Sequence[Sort] = (), limit: int | None = None
    ) -> Sequence[A]:
        """Ask the database; one statement for the roots, one for each collection of parts."""
        return self._loaded(self._sorted(specification, sort).limit(limit))

    def page(
        self,
        specification: Specification | None = None,
        *,
        sort: Sequence[Sort] = (),
        number: int = 1,
        size: int = 50,
    ) -> Page[A]:
        """Ask the database for the page, and for the number of results."""
        start = offset_of(number, size)
        statement = self._sorted(specification, sort).limit(size)
        items = self._loaded(statement.offset(start) if start else statement)
        return Page(items, self.count(specification), number, size)

    def exists(self, specification: Specification) -> bool:
        """Ask the database for one identifier."""
        statement = self._where(sa.select(self._mapping.identifier), specification).limit(1)
        return self._connection().execute(statement).first() is not None

    def _sorted(self, specification: Specification | None, sort: Sequence[Sort]) -> sa.Select[Any]:
        check_sort(sort, self._mapping.kind)
        return self._where(self._statements.select, specification).order_by(*self._specifications.order(sort))

    def _loaded(self, statement: sa.Select[Any]) -> Sequence[A]:
        """Execute a query for roots, load their parts, and return the aggregates in the order of the rows."""
        rows = list(map(tuple, self._connection().execute(statement)))
        self._track(rows)
        return [self._entries[row[0]].aggregate for row in rows]

    def _where(self, statement: sa.Select[Any], specification: Specification | None) -> sa.Select[Any]:
        """Write pending changes, so that the database sees them, and restrict a statement."""
        self._flush()
        if specification is None:
            return statement
        check(specification, self._mapping.kind)
        return statement.where(self._specifications.condition(specification))

    def count(self, specification: Specification | None = None) -> int:
        """Count in the database."""
        return int(self._connection().execute(self._where(self._statements.count, specification)).scalar_one())

    def stream(self, *, batch: int = 500) -> Iterator[A]:
        """Go through all aggregates, a portion at a time: those of this unit of work must be flushed to be seen."""
        self._flush()
        rows = list(map(tuple, self._connection().execute(self._statements.page(batch, first=True))))
        while rows:
            parts = self._load_parts([row[0] for row in rows])
            for row in rows:
                yield self._build(row, parts)
            following = self._statements.page(batch, first=False)
            rows = list(map(tuple, self._connection().execute(following, {"after": rows[-1][0]})))

    def tracked(self) -> Sequence[object]:
        """Return the aggregates in hand; those deleted already are among them, since they may have recorded events."""
        return [*self._deleted, *(entry.aggregate for entry in self._entries.values())]

    def flush_new(self) -> None:
        """Insert new roots, then their parts."""
        new = [entry for entry in self._entries.values() if not entry.version]
        if not new:
            return
        connection = self._connection()
        for entry in new:
            entry.row = self._dump(entry)
        columns = self._mapping.shape.columns
        rows = [{**dict(zip(columns, entry.row, strict=True)), VERSION: 1} for entry in new]
        connection.execute(self._statements.insert, rows)
        for name, part in self._mapping.parts.items():
            inserted = []
            for entry in new:
                entry.parts[name] = _dump_parts(part, entry.aggregate, name)
                inserted += [
                    _part_row(part, entry.identifier, place, row) for place, row in enumerate(entry.parts[name])
                ]
            if inserted:
                connection.execute(self._statements.parts[name].insert, inserted)
        for entry in new:
            entry.version = 1

    def flush_changed(self) -> None:
        """Update changed columns of roots, with the version in the WHERE, and their changed parts."""
        for entry in self._entries.values():
            if entry.version and not entry.removed:
                self._write_changes(entry)

    def flush_removed(self) -> None:
        """Delete removed parts, then their roots."""
        removed = [entry for entry in self._entries.values() if entry.removed]
        for entry in removed:
            connection = self._connection()
            for statements in self._statements.parts.values():
                connection.execute(statements.delete_all, {"corelib_owner": entry.identifier})
            key = {"corelib_key": entry.identifier, "corelib_loaded": entry.version}
            if connection.execute(self._statements.delete, key).rowcount != 1:
                raise self._conflict(entry)
            del self._entries[entry.identifier]
            self._deleted.append(entry.aggregate)

    def _write_changes(self, entry: _Entry[A]) -> None:
        row = self._dump(entry)
        lists = {name: _dump_parts(part, entry.aggregate, name) for name, part in self._mapping.parts.items()}
        changed_lists = {name: rows for name, rows in lists.items() if rows != entry.parts[name]}
        if row == entry.row and not changed_lists:
            return
        columns = self._mapping.shape.columns
        changed = _differences(columns, entry.row, row)
        key = {"corelib_key": entry.identifier, "corelib_loaded": entry.version}
        statement, values = self._statements.update.writing({**changed, VERSION: entry.version + 1})
        if self._connection().execute(statement, {**key, **values}).rowcount != 1:
            raise self._conflict(entry)
        for name, rows in changed_lists.items():
            self._write_parts(name, entry, rows)
        entry.version += 1
        entry.row = row
        entry.parts = lists

    def _write_parts(self, name: str, entry: _Entry[A], rows: Rows) -> None:
        """Write a changed list place by place: further places are inserted, spare ones deleted."""
        connection, statements, part = self._connection(), self._statements.parts[name], self._mapping.parts[name]
        old = entry.parts[name]
        if len(rows) < len(old):
            connection.execute(statements.delete_from, {"corelib_owner": entry.identifier, "corelib_place": len(rows)})
        for place, (before, after) in enumerate(zip(old, rows, strict=False)):
            if before != after:
                key = {"corelib_owner": entry.identifier, "corelib_place": place}
                statement, values = statements.update.writing(_differences(part.shape.columns, before, after))
                connection.execute(statement, {**key, **values})
        added = [_part_row(part, entry.identifier, place, rows[place]) for place in range(len(old), len(rows))]
        if added:
            connection.execute(statements.insert, added)

    def _track(self, rows: Sequence[Row]) -> None:
        """Take rows into the identity map; one that is there already stays.

        That happens where the database takes two spellings of an identifier for the same.
        """
        rows = [row for row in rows if row[0] not in self._entries]
        parts = self._load_parts([row[0] for row in rows]) if rows else {}
        for row in rows:
            identifier, version, values = row[0], cast("int", row[1]), row[2:]
            lists = {name: parts[name][identifier] for name in self._mapping.parts}
            self._entries[identifier] = _Entry(identifier, self._build(row, parts), version, values, lists)

    def _build(self, row: Row, parts: dict[str, dict[object, Rows]]) -> A:
        """Make an aggregate from `(id, version, *columns)` and the rows of its parts."""
        lists = [
            [part.shape.load(part_row) for part_row in parts[name][row[0]]]
            for name, part in self._mapping.parts.items()
        ]
        return cast("A", self._mapping.shape.load(row[2:], *lists))

    def _load_parts(self, identifiers: Sequence[object]) -> dict[str, dict[object, Rows]]:
        """Read the parts of many aggregates, one statement for each collection and 1,000 identifiers."""
        loaded: dict[str, dict[object, Rows]] = {}
        for name, statements in self._statements.parts.items():
            by_owner: dict[object, Rows] = defaultdict(list)
            for start in range(0, len(identifiers), MOST_IDENTIFIERS):
                portion = identifiers[start : start + MOST_IDENTIFIERS]
                for row in self._connection().execute(statements.select, {"ids": portion}):
                    by_owner[row[0]].append(tuple(row[1:]))
            loaded[name] = by_owner
        return loaded

    def _dump(self, entry: _Entry[A]) -> Row:
        if entry.aggregate.id != entry.identifier:  # type: ignore[attr-defined]
            raise MisuseError(f"The identifier of a {self._name} was changed from {entry.identifier!r}.")
        return self._mapping.shape.dump(entry.aggregate)

    def _conflict(self, entry: _Entry[A]) -> ConcurrencyConflict:
        found = self._connection().execute(self._statements.select_version, {"corelib_key": entry.identifier}).scalar()
        return ConcurrencyConflict(self._name, entry.identifier, expected=entry.version, found=found)

    @property
    def _name(self) -> str:
        return self._mapping.kind.__name__


def _differences(columns: Sequence[str], before: Row, after: Row) -> dict[str, object]:
    """Return the columns whose values differ, with their new values."""
    return {name: new for name, old, new in zip(columns, before, after, strict=True) if old != new}


def _dump_parts(part: CompiledParts, aggregate: object, name: str) -> list[Row]:
    return [part.shape.dump(entry) for entry in getattr(aggregate, name)]


def _part_row(part: CompiledParts, owner: object, place: int, row: Row) -> dict[str, object]:
    return {**dict(zip(part.shape.columns, row, strict=True)), part.parts.owner: owner, part.parts.position: place}
