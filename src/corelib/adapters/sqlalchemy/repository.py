"""Aggregates in tables, as one transaction sees them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from corelib.adapters.sqlalchemy import keys
from corelib.adapters.sqlalchemy.bulk import Bulk
from corelib.adapters.sqlalchemy.entries import NEW, Entry
from corelib.adapters.sqlalchemy.hand import Entries, Hand
from corelib.adapters.sqlalchemy.loading import Rows
from corelib.adapters.sqlalchemy.plans import Plan
from corelib.adapters.sqlalchemy.queries import Query
from corelib.adapters.sqlalchemy.seat import Seat
from corelib.adapters.sqlalchemy.statements import KEY, KEYS, TENANT
from corelib.adapters.sqlalchemy.streaming import stream
from corelib.application.context import current_tenant
from corelib.domain.cursor import after, decode_cursor, encode_cursor
from corelib.domain.fields import Role
from corelib.domain.page import CursorPage, Page, offset_of
from corelib.domain.specification import Sort, Specification
from corelib.domain.specification_check import check, check_changes, check_sort
from corelib.domain.specification_evaluation import at, change, satisfies
from corelib.domain.stamping import field_of, give_to_tenant, removal_of, tenant_for
from corelib.errors import AlreadyExists, MisuseError, NotFound
from corelib.ports.repository import Locking

A = TypeVar("A")
Conditions = Sequence[sa.ColumnElement[bool]]


class SqlRepository(Generic[A]):
    """Keeps the contract of `corelib.ports.repository.Repository`.

    Args:
        plan: how the class is loaded and stored.
        seat: what it shares with the others of its transaction.

    Attributes:
        hand: what is in hand; the transaction has it written.
    """

    def __init__(self, plan: Plan, seat: Seat) -> None:
        self._plan = plan
        self._mapping = plan.mapping
        self._statements = plan.statements
        self._queries = plan.queries
        self._seat = seat
        self._connection = seat.connection
        self._flush = seat.flush
        self._tenant_field = field_of(plan.mapping.kind, Role.TENANT)
        self.hand: Hand[A] = Hand(plan, seat)
        self._loader = self.hand.loader
        self._writer = self.hand.writer
        self._entries = self.hand.entries

    def add(self, aggregate: A) -> None:
        """Take a new aggregate."""
        self._seat.usable()
        if self._statements.tenant is not None:
            give_to_tenant(aggregate, current_tenant())
        identifier = aggregate.id  # type: ignore[attr-defined]
        if Role.ASSIGNED in self._mapping.roles:
            self._add_unassigned(aggregate, identifier)
            return
        entry = Entry(identifier, aggregate)
        if self._entries.setdefault(identifier, entry) is not entry:
            raise AlreadyExists(
                f"There is a {self._name} with the identifier {identifier!r} in this unit of work already."
            )

    def _add_unassigned(self, aggregate: A, identifier: object) -> None:
        if identifier is not None:
            raise MisuseError(
                f"The {self._name} {identifier!r} has an identifier, which only the store assigns.",
                hint="Leave it None. To store one past the unit of work there is upsert_many.",
            )
        self.hand.unassigned.append(Entry(None, aggregate))

    def add_many(self, aggregates: Iterable[A]) -> None:
        """Take new aggregates."""
        for aggregate in aggregates:
            self.add(aggregate)

    def get(self, identifier: object, *, lock: Locking | None = None) -> A:
        """Return the aggregate."""
        found = self.find(identifier, lock=lock)
        if found is None:
            raise NotFound(self._name, identifier)
        return found

    def find(self, identifier: object, *, lock: Locking | None = None) -> A | None:
        """Return the aggregate, or None."""
        self._seat.usable()
        entry = self._entries.get(identifier)
        if entry is None or lock is not None:
            entry = self._load(identifier, lock)
        return None if entry is None or entry.removed or not self._owns(entry) else entry.aggregate

    def get_many(self, identifiers: Sequence[object]) -> Sequence[A]:
        """Return all, in the order asked."""
        wanted = list(dict.fromkeys(identifiers))
        found = self.find_many(wanted)
        if len(found) != len(wanted):
            known = {aggregate.id for aggregate in found}  # type: ignore[attr-defined]
            raise NotFound(self._name, next(identifier for identifier in wanted if identifier not in known))
        return found

    def find_many(self, identifiers: Sequence[object]) -> Sequence[A]:
        """Return those that exist, in the order asked, with one statement for the roots."""
        wanted = list(dict.fromkeys(identifiers))
        unknown = [identifier for identifier in wanted if identifier not in self._entries]
        scope = self._scope()
        if unknown:
            key = self._mapping.shape.key
            self.hand.track(self._rows_of([key(identifier) for identifier in unknown], scope))
        found = (self._entries.get(identifier) for identifier in wanted)
        return [entry.aggregate for entry in found if entry is not None and not entry.removed and self._owns(entry)]

    def remove(self, aggregate: A) -> None:
        """Take an aggregate out, with its parts."""
        self._seat.usable()
        identifier = aggregate.id  # type: ignore[attr-defined]
        if identifier is None:
            entry = next((entry for entry in self.hand.unassigned if entry.aggregate is aggregate), None)
        else:
            entry = self._entries.get(identifier)
        if entry is None or entry.aggregate is not aggregate:
            raise MisuseError(
                f"This {self._name} does not belong to this unit of work.", hint="Load it here before removing it."
            )
        if entry.version != NEW:
            entry.removed = True
        elif identifier is None:
            self.hand.unassigned.remove(entry)
        else:
            del self._entries[entry.identifier]

    def restore(self, identifier: object) -> A:
        """Load a removed aggregate and take the mark away."""
        name = removal_of(self._mapping.kind)
        self._flush()
        key = keys.parameters(KEY, self._mapping.shape.key(identifier))
        rows = self._loader.rows(self._statements.one_removed(), {**key, **self._scope()})
        if not rows:
            raise NotFound(self._name, identifier)
        entry = self.hand.hidden.pop(self._loader.identify(rows[0]), None) or self.hand.track(rows)[0]
        entry.removed = False
        self._entries[entry.identifier] = entry
        object.__setattr__(entry.aggregate, name, None)
        return entry.aggregate

    def list_removed(
        self, specification: Specification | None = None, *, sort: Sequence[Sort] = (), limit: int | None = None
    ) -> Sequence[A]:
        """Ask the database for rows that bear the mark."""
        removal_of(self._mapping.kind)
        self._prepare(specification, sort)
        statement, values = self._queries.list(specification, sort, limit=limit, removed=True)
        rows = self._loader.rows(statement, {**values, **self._scope()})
        return [entry.aggregate for entry in self._loader.entries(rows)]

    def list(
        self,
        specification: Specification | None = None,
        *,
        sort: Sequence[Sort] = (),
        limit: int | None = None,
        lock: Locking | None = None,
    ) -> Sequence[A]:
        """Ask the database; one statement for the roots, one for each collection of parts."""
        self._prepare(specification, sort)
        return self._loaded(self._queries.list(specification, sort, limit=limit, lock=lock), locked=lock is not None)

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
        self._prepare(specification, sort)
        items = self._loaded(self._queries.list(specification, sort, limit=size, offset=start))
        return Page(items, self._count(specification), number, size)

    def page_after(
        self,
        cursor: str | None = None,
        specification: Specification | None = None,
        *,
        sort: Sequence[Sort] = (),
        size: int = 50,
    ) -> CursorPage[A]:
        """Ask the database for what follows the values in the cursor, and for one more."""
        offset_of(1, size)
        kind = self._mapping.kind
        self._prepare(specification, sort)
        wanted = specification
        if cursor is not None:
            behind = after(sort, *decode_cursor(cursor, kind, sort), kind)
            wanted = behind if specification is None else specification & behind
        statement, parameters = self._queries.after(wanted, sort, limit=size + 1)
        rows = self._loader.rows(statement, {**parameters, **self._scope()})
        entries = self.hand.track(rows)
        items = [entry.aggregate for entry in entries]
        if len(items) <= size:
            return CursorPage(items, None)
        last = self._as_stored(entries[size - 1], rows[size - 1])
        values = [at(last, entry.path) for entry in sort]
        return CursorPage(items[:size], encode_cursor(kind, sort, values, at(last, "id")))

    def exists(self, specification: Specification) -> bool:
        """Ask the database for one identifier."""
        self._prepare(specification)
        statement, values = self._queries.exists(specification)
        return bool(self._connection().rows(statement, {**values, **self._scope()}))

    def count(self, specification: Specification | None = None) -> int:
        """Count in the database."""
        self._prepare(specification)
        return self._count(specification)

    def stream(self, specification: Specification | None = None, *, batch: int = 500) -> Iterator[A]:
        """Go through the aggregates, a portion at a time."""
        offset_of(1, batch)
        self._prepare(specification)
        statement, values = self._queries.stream(specification)
        portions = stream(self._mapping, self._seat, statement, {**values, **self._scope()}, batch)
        return self._streamed(portions)

    def upsert_many(self, aggregates: Iterable[A]) -> None:
        """Write at once."""
        given = list(aggregates)
        if self._statements.tenant is not None:
            for aggregate in given:
                give_to_tenant(aggregate, current_tenant())
        latest = {aggregate.id: aggregate for aggregate in given}  # type: ignore[attr-defined]
        in_hand = next((identifier for identifier in latest if identifier in self._entries), None)
        if in_hand is not None:
            raise MisuseError(
                f"The {self._name} {in_hand!r} is in hand in this unit of work, so it cannot be stored past it.",
                hint="Change the instance that is in hand.",
            )
        if None in latest:
            raise MisuseError(f"A {self._name} without an identifier can be added, but not overwritten.")
        self._flush()
        if latest:
            self._bulk.upsert(latest.values())
            self.hand.gone += given

    def update_where(self, specification: Specification | None, changes: Mapping[str, object]) -> int:
        """Change those in hand as objects, the others by one statement."""
        check_changes(changes, self._mapping.kind)
        matched, others = self._apart(specification)
        for entry in matched:
            for path, value in changes.items():
                change(entry.aggregate, path, value)
        return len(matched) + sum(self._bulk.update(conditions, changes) for conditions in others)

    def remove_where(self, specification: Specification | None) -> int:
        """Remove those in hand as `remove` does, the others without loading them."""
        matched, others = self._apart(specification)
        for entry in matched:
            entry.removed = True
        self._flush()
        return len(matched) + sum(self._bulk.remove(conditions) for conditions in others)

    @property
    def _bulk(self) -> Bulk[A]:
        self._seat.writes(self._name)
        return Bulk(self._plan, self._seat, self._writer, self._scope)

    def _scope(self) -> dict[str, object]:
        """Return the parameters of every statement: the tenant of the context, for classes that have tenants."""
        self._seat.usable()
        if self._statements.tenant is None:
            return {}
        return {TENANT: tenant_for(self._mapping.kind, current_tenant())}

    def _owns(self, entry: Entry[A]) -> bool:
        """Return whether an aggregate in hand belongs to the tenant of the context."""
        name = self._tenant_field
        return name is None or getattr(entry.aggregate, name) == self._scope()[TENANT]

    def _load(self, identifier: object, lock: Locking | None) -> Entry[A] | None:
        parameters = keys.parameters(KEY, self._mapping.shape.key(identifier))
        parameters.update(self._scope())
        if lock is None:
            rows = self._loader.rows(self._statements.select_one, parameters)
        else:
            self._flush()
            rows = self._loader.rows(self._statements.locking_one(lock), parameters)
        if rows:
            return self.hand.track(rows, locked=lock is not None)[0]
        self._require_present(identifier)
        return None

    def _require_present(self, identifier: object) -> None:
        """Raise if an aggregate in hand is gone from the database; one that is passed over is still there."""
        entry = self._entries.get(identifier)
        if entry is not None and not entry.removed and self._writer.version_of(entry) is None:
            raise self._writer.conflict(entry, None)

    def _rows_of(self, found: Sequence[Any], scope: Mapping[str, object]) -> Rows:
        if self._statements.select_many is not None:
            return self._loader.rows(self._statements.select_many, {KEYS: found, **scope})
        rows: list[Sequence[Any]] = []
        for portion in keys.portions(found):
            condition = keys.among(self._mapping.identifiers, portion)
            rows += self._loader.rows(self._statements.select.where(condition), scope)
        return rows

    def _prepare(self, specification: Specification | None, sort: Sequence[Sort] = ()) -> None:
        """Check what is asked, and write pending changes, so that the database sees them."""
        check_sort(sort, self._mapping.kind)
        if specification is not None:
            check(specification, self._mapping.kind)
        self._flush()

    def _loaded(self, query: Query, *, locked: bool = False) -> Sequence[A]:
        """Execute a query for roots, load their parts, and return the aggregates in the order of the rows."""
        statement, values = query
        rows = self._loader.rows(statement, {**values, **self._scope()})
        return [entry.aggregate for entry in self.hand.track(rows, locked=locked)]

    def _as_stored(self, entry: Entry[A], row: Sequence[Any]) -> A:
        """Return an aggregate as the database found it: what is in hand may have been loaded before others changed it.

        What is in hand has just been written.
        """
        if tuple(entry.row[1:]) == tuple(row[1:]):
            return entry.aggregate
        return self._loader.entries([row])[0].aggregate

    def _count(self, specification: Specification | None) -> int:
        statement, values = self._queries.count(specification)
        (row,) = self._connection().rows(statement, {**values, **self._scope()})
        return int(row[0])

    def _streamed(self, portions: Iterator[Sequence[sa.Row[Any]]]) -> Iterator[A]:
        for rows in portions:
            for entry in self._loader.entries(self._loader.read(rows)):
                yield entry.aggregate

    def _apart(self, specification: Specification | None) -> tuple[Entries[A], Sequence[Conditions]]:
        """Return what is in hand and satisfies a specification, and the conditions for everything that is not in hand.

        What is in hand is written as usual, with its version, so that nothing that others have changed is overwritten.
        The conditions are for one statement, or for several.
        """
        self._prepare(specification)
        conditions: list[sa.ColumnElement[bool]] = []
        if specification is not None:
            conditions.append(self._queries.specifications.condition(specification))
        held = [entry for entry in self._entries.values() if self._owns(entry)]
        matched = [entry for entry in held if specification is None or satisfies(entry.aggregate, specification)]
        if not held:
            return matched, [conditions]
        return matched, self._besides([self._mapping.shape.key(entry.identifier) for entry in held], conditions)

    def _besides(self, held: Sequence[Any], conditions: Conditions) -> Sequence[Conditions]:
        """Exclude identifiers; those of several columns are listed first, since a statement takes only so many."""
        columns = self._mapping.identifiers
        if len(columns) == 1:
            return [[*conditions, sa.not_(self._seat.dialect.is_one_of(columns[0], KEYS, held))]]
        select = self._seat.dialect.locking(
            self._statements.select_keys.where(*conditions), self._mapping.table, Locking.WAIT
        )
        excluded = set(held)
        others = [tuple(row) for row in self._connection().rows(select, self._scope()) if tuple(row) not in excluded]
        return [[keys.among(columns, portion)] for portion in keys.portions(others)]

    @property
    def _name(self) -> str:
        return self._mapping.kind.__name__
