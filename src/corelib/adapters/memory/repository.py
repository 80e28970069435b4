"""Aggregates in memory, as one transaction sees them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Generic, Protocol, TypeVar

from corelib.adapters.memory.entries import Entries, Entry, has_events, identifier_of
from corelib.adapters.memory.state import copy_of
from corelib.adapters.memory.tables import Stored, Tables
from corelib.adapters.memory.view import View
from corelib.application.context import current_principal, current_tenant
from corelib.domain.cursor import after, decode_cursor, encode_cursor
from corelib.domain.fields import Role
from corelib.domain.page import CursorPage, Page, offset_of
from corelib.domain.specification import And, Sort, Specification
from corelib.domain.specification_check import check, check_changes, check_sort
from corelib.domain.specification_evaluation import at, change, in_order, predicate_of, satisfies, sortable
from corelib.domain.stamping import (
    field_of,
    give_to_tenant,
    presence,
    removal_of,
    stamp_changed,
    stamp_new,
    stamps,
    tenant_for,
)
from corelib.errors import MisuseError, NotFound
from corelib.ports.repository import Locking

A = TypeVar("A")

Row = tuple[object, Stored]
"""An identifier and what is seen under it."""

Rows = list[Row]


class Statements(Protocol):
    """What a repository needs of its transaction."""

    def usable(self) -> None:
        """Raise UnitOfWorkClosed if the transaction cannot be used."""
        ...

    def statement(self, *, writes: bool = False) -> AbstractContextManager[None]:
        """Do something that a store would answer within the block."""
        ...

    def flush(self) -> None:
        """Write what has changed in all repositories."""
        ...

    def check(self, written: Sequence[tuple[type, object]]) -> None:
        """Check constraints."""
        ...


class MemoryRepository(Generic[A]):
    """Keeps the contract of `corelib.ports.repository.Repository`.

    As in a database, queries are answered from what is written: they flush first.
    """

    def __init__(self, kind: type[A], tables: Tables, view: View, transaction: Statements) -> None:
        self.entries: Entries[A] = Entries(kind, tables, view)
        self._kind = kind
        self._tables = tables
        self._view = view
        self._transaction = transaction

    def add(self, aggregate: A) -> None:
        """Take a new aggregate."""
        self._transaction.usable()
        give_to_tenant(aggregate, current_tenant())
        self.entries.add(aggregate)

    def add_many(self, aggregates: Iterable[A]) -> None:
        """Take new aggregates."""
        for aggregate in aggregates:
            self.add(aggregate)

    def get(self, identifier: object, *, lock: Locking | None = None) -> A:
        """Return the aggregate."""
        found = self.find(identifier, lock=lock)
        if found is None:
            raise NotFound(self._kind.__name__, identifier)
        return found

    def find(self, identifier: object, *, lock: Locking | None = None) -> A | None:
        """Return the aggregate, or None."""
        self._transaction.usable()
        tenant = tenant_for(self._kind, current_tenant())
        if lock is not None:
            self._transaction.flush()
        entry = self.entries.known.get(identifier)
        if entry is not None and (not entry.is_there or entry.tenant != tenant):
            return None
        if entry is not None and lock is None:
            return entry.aggregate
        with self._transaction.statement():
            stored = self._view.get(self._kind, identifier)
            if entry is None and not self._is_shown(stored):
                return None
            if lock is not None:
                return self._locked(identifier, lock)
            return None if stored is None else self.entries.track(identifier, stored).aggregate

    def get_many(self, identifiers: Sequence[object]) -> Sequence[A]:
        """Return the aggregates, in the order asked."""
        wanted = list(dict.fromkeys(identifiers))
        found = self.find_many(wanted)
        if len(found) != len(wanted):
            known = set(map(identifier_of, found))
            raise NotFound(self._kind.__name__, next(identifier for identifier in wanted if identifier not in known))
        return found

    def find_many(self, identifiers: Sequence[object]) -> Sequence[A]:
        """Return those that exist, in the order asked."""
        self._enter()
        found = (self.find(identifier) for identifier in dict.fromkeys(identifiers))
        return [aggregate for aggregate in found if aggregate is not None]

    def remove(self, aggregate: A) -> None:
        """Take an aggregate out."""
        self._enter()
        entry = self.entries.find(aggregate)
        if entry is None or entry.tenant != tenant_for(self._kind, current_tenant()):
            raise MisuseError(
                f"{self._kind.__name__} {identifier_of(aggregate)!r} does not belong to this unit of work.",
                hint="Load it here before removing it.",
            )
        if entry.base is None:
            self.entries.forget(entry)
        else:
            entry.removed = not entry.buried

    def restore(self, identifier: object) -> A:
        """Take a removed aggregate back."""
        self._transaction.usable()
        removal = removal_of(self._kind)
        shown = presence(self._kind, current_tenant(), removed=True)
        entry = self.entries.known.get(identifier)
        if entry is None:
            with self._transaction.statement():
                stored = self._view.get(self._kind, identifier)
                if stored is None or not _is_true(shown, stored):
                    raise NotFound(self._kind.__name__, identifier)
                entry = self.entries.track(identifier, stored)
        elif entry.is_there or entry.tenant != tenant_for(self._kind, current_tenant()):
            raise NotFound(self._kind.__name__, identifier)
        entry.removed = entry.buried = False
        object.__setattr__(entry.aggregate, removal, None)
        return entry.aggregate

    def list_removed(
        self, specification: Specification | None = None, *, sort: Sequence[Sort] = (), limit: int | None = None
    ) -> Sequence[A]:
        """Look at every removed aggregate."""
        removal_of(self._kind)
        return [_copied(stored) for _, stored in self._sorted(specification, sort, removed=True)[:limit]]

    def list(
        self,
        specification: Specification | None = None,
        *,
        sort: Sequence[Sort] = (),
        limit: int | None = None,
        lock: Locking | None = None,
    ) -> Sequence[A]:
        """Look at every aggregate."""
        rows = self._sorted(specification, sort)
        if lock is None:
            return self._in_hand(rows[:limit])
        with self._transaction.statement():
            found: list[A] = []
            for identifier, _ in self._lock_rows(rows, specification, lock, limit=limit):
                aggregate = self._locked(identifier, lock)
                found += [] if aggregate is None else [aggregate]
            return found

    def page(
        self,
        specification: Specification | None = None,
        *,
        sort: Sequence[Sort] = (),
        number: int = 1,
        size: int = 50,
    ) -> Page[A]:
        """Cut a page out of all results."""
        start = offset_of(number, size)
        rows = self._sorted(specification, sort)
        return Page(self._in_hand(rows[start : start + size]), len(rows), number, size)

    def page_after(
        self,
        cursor: str | None = None,
        specification: Specification | None = None,
        *,
        sort: Sequence[Sort] = (),
        size: int = 50,
    ) -> CursorPage[A]:
        """Cut a page out of the results behind a cursor."""
        offset_of(1, size)
        check_sort(sort, self._kind)
        behind = None
        if cursor is not None:
            values, identifier = decode_cursor(cursor, self._kind, sort)
            behind = after(sort, values, identifier, self._kind)
        rows = self._sorted(specification, sort, behind=behind)
        items, following = rows[:size], None
        if len(rows) > size:
            key, last = items[-1]
            following = encode_cursor(self._kind, sort, [at(last.aggregate, entry.path) for entry in sort], key)
        return CursorPage(self._in_hand(items), following)

    def exists(self, specification: Specification) -> bool:
        """Look at every aggregate."""
        return bool(self._matching(specification))

    def count(self, specification: Specification | None = None) -> int:
        """Count the aggregates."""
        return len(self._matching(specification))

    def stream(self, specification: Specification | None = None, *, batch: int = 500) -> Iterator[A]:
        """Go through copies, each made when it is asked for."""
        offset_of(1, batch)
        return self._copies(self._sorted(specification, ()))

    def upsert_many(self, aggregates: Iterable[A]) -> None:
        """Write aggregates over what is there."""
        given = list(aggregates)
        self._enter()
        for aggregate in given:
            self._refuse_in_hand(aggregate)
            give_to_tenant(aggregate, current_tenant())
        self._transaction.flush()
        latest = {identifier_of(aggregate): aggregate for aggregate in given}
        if not latest:
            return
        with self._transaction.statement(writes=True):
            for aggregate in latest.values():
                self._upsert(aggregate)
            self._transaction.check([(self._kind, identifier) for identifier in latest])
        self.entries.departed += [aggregate for aggregate in given if has_events(aggregate)]

    def update_where(self, specification: Specification | None, changes: Mapping[str, object]) -> int:
        """Change those in hand as objects, and write changed copies of the others."""
        self._enter()
        check_changes(changes, self._kind)
        held, rows = self._apart(specification)
        stamped = stamps(self._kind, self._tables.clock.now(), current_principal())
        with self._transaction.statement(writes=bool(held or rows)):
            for entry in held:
                for path, value in changes.items():
                    change(entry.aggregate, path, value)
            written = list(self._lock_rows(rows, specification, Locking.WAIT))
            for identifier, stored in written:
                self._rewrite(identifier, stored, {**changes, **stamped})
            self._transaction.check([(self._kind, identifier) for identifier, _ in written])
        return len(held) + len(written)

    def remove_where(self, specification: Specification | None) -> int:
        """Remove those in hand as `remove` does, and then the others."""
        held, rows = self._apart(specification)
        for entry in held:
            entry.removed = True
        self._transaction.flush()
        with self._transaction.statement(writes=bool(rows)):
            removed = list(self._lock_rows(rows, specification, Locking.WAIT))
            for identifier, stored in removed:
                self._bury(identifier, stored)
            self._transaction.check([(self._kind, identifier) for identifier, _ in removed])
        return len(held) + len(removed)

    def _enter(self) -> None:
        self._transaction.usable()
        tenant_for(self._kind, current_tenant())

    def _sorted(
        self,
        specification: Specification | None,
        sort: Sequence[Sort],
        *,
        removed: bool = False,
        behind: Specification | None = None,
    ) -> Rows:
        check_sort(sort, self._kind)
        rows = self._matching(specification, removed=removed, behind=behind)
        rows.sort(key=lambda row: sortable(row[0]))
        return _in_order(rows, sort)

    def _matching(
        self, specification: Specification | None, *, removed: bool = False, behind: Specification | None = None
    ) -> Rows:
        """Return what this transaction sees, after it has written what is in hand."""
        self._transaction.usable()
        shown = presence(self._kind, current_tenant(), removed=removed)
        if specification is not None:
            check(specification, self._kind)
        wanted = And(tuple(part for part in (shown, specification, behind) if part is not None))
        self._transaction.flush()
        with self._transaction.statement():
            rows = self._view.rows(self._kind).items()
            if not wanted.parts:
                return list(rows)
            matches = predicate_of(wanted)
            return [row for row in rows if matches(row[1].aggregate)]

    def _apart(self, specification: Specification | None) -> tuple[Sequence[Entry[A]], Rows]:
        """Return what is in hand and satisfies a specification, and what else does.

        What is in hand is written as usual, with its version, so that nothing that others have changed is overwritten.
        """
        rows = self._matching(specification)
        known, tenant = self.entries.known, tenant_for(self._kind, current_tenant())
        held = [
            entry
            for entry in known.values()
            if entry.is_there
            and entry.tenant == tenant
            and (specification is None or satisfies(entry.aggregate, specification))
        ]
        return held, [row for row in rows if row[0] not in known]

    def _in_hand(self, rows: Iterable[Row]) -> Sequence[A]:
        """Return the instances of this unit of work for what was found in the store."""
        return [self.entries.track(identifier, stored).aggregate for identifier, stored in rows]

    def _copies(self, rows: Sequence[Row]) -> Iterator[A]:
        for _, stored in rows:
            self._transaction.usable()
            yield _copied(stored)

    def _is_shown(self, stored: Stored | None, specification: Specification | None = None) -> bool:
        if stored is None or not _is_true(presence(self._kind, current_tenant()), stored):
            return False
        return _is_true(specification, stored)

    def _locked(self, identifier: object, lock: Locking) -> A | None:
        """Lock an aggregate and return it, compared with what is in hand; None if it is gone or passed over."""
        if not self._view.lock(self._kind, identifier, lock):
            return None
        entry = self.entries.known.get(identifier)
        if entry is not None:
            self.entries.compare(entry)
            return entry.aggregate
        current = self._view.current(self._kind, identifier)
        if current is None or not self._is_shown(current):
            return None
        return self.entries.track(identifier, current).aggregate

    def _lock_rows(
        self, rows: Iterable[Row], specification: Specification | None, lock: Locking, *, limit: int | None = None
    ) -> Iterator[Row]:
        """Lock rows one after the other and yield them as they are now; those that fit no more are left out."""
        found = 0
        for identifier, seen in rows:
            if found == limit:
                return
            if self._view.lock(self._kind, identifier, lock):
                current = self._view.current(self._kind, identifier)
                if current is not None and (current is seen or self._is_shown(current, specification)):
                    found += 1
                    yield identifier, current

    def _refuse_in_hand(self, aggregate: A) -> None:
        identifier = identifier_of(aggregate)
        if identifier is None:
            raise MisuseError(f"A {self._kind.__name__} without an identifier can only be added.", hint="Use add_many.")
        if identifier in self.entries.known:
            raise MisuseError(
                f"{self._kind.__name__} {identifier!r} is in hand in this unit of work.", hint="Change it there."
            )

    def _upsert(self, aggregate: A) -> None:
        identifier, now = identifier_of(aggregate), self._tables.clock.now()
        self._view.lock(self._kind, identifier)
        there = self._view.current(self._kind, identifier)
        if there is None:
            stamp_new(aggregate, now, current_principal())
        elif self.entries.owner_of(there.aggregate) != self.entries.owner_of(aggregate):
            raise self.entries.taken(identifier)
        else:
            stamp_changed(aggregate, now, current_principal())
            for role in (Role.CREATED_AT, Role.CREATED_BY):
                name = field_of(self._kind, role)
                if name is not None:
                    object.__setattr__(aggregate, name, getattr(there.aggregate, name))
        self._view.write(self._kind, identifier, Stored(copy_of(aggregate), there.version + 1 if there else 1))

    def _rewrite(self, identifier: object, stored: Stored, changes: Mapping[str, object]) -> None:
        written = Stored(copy_of(stored.aggregate), stored.version + 1)
        for path, value in changes.items():
            change(written.aggregate, path, value)
        self._view.write(self._kind, identifier, written)

    def _bury(self, identifier: object, stored: Stored) -> None:
        removal = field_of(self._kind, Role.REMOVED_AT)
        if removal is None:
            self._view.write(self._kind, identifier, None)
            return
        now = self._tables.clock.now()
        self._rewrite(identifier, stored, {removal: now, **stamps(self._kind, now, current_principal())})


def _is_true(specification: Specification | None, stored: Stored) -> bool:
    return specification is None or satisfies(stored.aggregate, specification)


def _copied(stored: Stored) -> A:  # type: ignore[type-var] # what a repository stores is of its class
    return copy_of(stored.aggregate)  # type: ignore[return-value]


def _in_order(rows: Rows, sort: Sequence[Sort]) -> Rows:
    """Return rows in an order; those that are equal stay as they were."""
    if not sort:
        return rows
    by_object = {id(stored.aggregate): (identifier, stored) for identifier, stored in rows}
    return [by_object[id(aggregate)] for aggregate in in_order([stored.aggregate for _, stored in rows], sort)]
