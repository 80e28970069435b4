"""The aggregates of one class that a transaction has in hand, and what of them is to be written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from attrs import define, field

from corelib.adapters.memory.state import copy_of, same
from corelib.adapters.memory.tables import Stored, Tables
from corelib.adapters.memory.view import View
from corelib.application.context import current_principal
from corelib.domain.aggregate import Aggregate
from corelib.domain.fields import Role
from corelib.domain.memento import memento_of
from corelib.domain.stamping import field_of, stamp_changed, stamp_new
from corelib.errors import AlreadyExists, ConcurrencyConflict, MisuseError

A = TypeVar("A")


@define(eq=False)
class Entry(Generic[A]):
    """An aggregate in hand.

    Args:
        aggregate: the object.
        identifier: its key, also after somebody changed the field `id`; None as long as the store has not assigned one.
        tenant: to whom it belongs.
        base: as it was loaded or last written; None for one that is not in the store yet.
        removed: it is to be removed with the next flush.
        buried: the store keeps it as a removed one.
    """

    aggregate: A
    identifier: object
    tenant: object
    base: Stored | None = None
    removed: bool = False
    buried: bool = False

    @property
    def is_there(self) -> bool:
        """Return whether it is in the collection, as this transaction sees it."""
        return not self.removed and not self.buried

    @property
    def rank(self) -> int:
        """Return when it is written: what is new before what has changed, what is removed at last."""
        return (self.base is not None) + self.removed

    @property
    def has_changed(self) -> bool:
        """Return whether there is something to write."""
        if self.base is None or self.removed:
            return True
        return not self.buried and not same(self.aggregate, self.base.aggregate)


@define(eq=False)
class Entries(Generic[A]):
    """Aggregates in hand by their identifiers, in the order in which they came."""

    kind: type[A]
    tables: Tables
    view: View
    known: dict[object, Entry[A]] = field(factory=dict)
    unassigned: list[Entry[A]] = field(factory=list)
    departed: list[A] = field(factory=list)

    def all(self) -> Iterator[Entry[A]]:
        """Go through all entries."""
        yield from list(self.known.values())
        yield from list(self.unassigned)

    def add(self, aggregate: A) -> None:
        """Take a new aggregate.

        Raises:
            AlreadyExists: if its identifier is in hand.
            MisuseError: if it has an identifier, and the store is to assign one.
        """
        identifier = identifier_of(aggregate)
        entry = Entry(aggregate, identifier, self.owner_of(aggregate))
        if field_of(self.kind, Role.ASSIGNED) is None:
            if identifier in self.known:
                raise self.taken(identifier)
            self.known[identifier] = entry
        elif identifier is None:
            self.unassigned.append(entry)
        else:
            raise MisuseError(
                f"A new {self.kind.__name__} has the identifier {identifier!r} already, which the store assigns.",
                hint="Leave it None.",
            )

    def track(self, identifier: object, stored: Stored) -> Entry[A]:
        """Take an aggregate from the store in hand, unless it is there already."""
        entry = self.known.get(identifier)
        if entry is None:
            aggregate: A = copy_of(stored.aggregate)  # type: ignore[assignment]
            entry = self.known[identifier] = Entry(aggregate, identifier, self.owner_of(aggregate), stored)
        return entry

    def find(self, aggregate: A) -> Entry[A] | None:
        """Return the entry of this very object."""
        return next((entry for entry in self._named_as(aggregate) if entry.aggregate is aggregate), None)

    def forget(self, entry: Entry[A]) -> None:
        """Have an aggregate in hand no more; its events are still taken."""
        self.known.pop(entry.identifier, None)
        self.unassigned = [other for other in self.unassigned if other is not entry]
        if entry.base is not None:
            self.departed.append(entry.aggregate)

    def tracked(self) -> Sequence[object]:
        """Return the aggregates that were in hand, also those that are no more."""
        return [*self.departed, *(entry.aggregate for entry in self.all())]

    def pending(self) -> list[Entry[A]]:
        """Return what is to be written.

        Raises:
            MisuseError: if an identifier or a tenant was changed.
        """
        for entry in self.all():
            self._refuse_changed(entry)
        return [entry for entry in self.all() if entry.has_changed]

    def write(self, entry: Entry[A]) -> object:
        """Write an aggregate into the view and return its identifier; see `Transaction.flush` for what it raises."""
        if entry.base is None:
            self._insert(entry)
        else:
            self.view.lock(self.kind, entry.identifier)
            self.compare(entry)
            self._update(entry, entry.base)
        return entry.identifier

    def compare(self, entry: Entry[A]) -> None:
        """Make sure that nobody has changed an aggregate in hand.

        Raises:
            ConcurrencyConflict: if somebody has.
        """
        current = self.view.current(self.kind, entry.identifier)
        expected = entry.base.version if entry.base else 0
        found = current.version if current else None
        if entry.base is not None and found != expected:
            raise ConcurrencyConflict(self.kind.__name__, entry.identifier, expected=expected, found=found)

    def rebase(self, entry: Entry[A], version: int) -> None:
        """Write an aggregate in hand, and take what was written for the state it has in the store."""
        entry.base = Stored(copy_of(entry.aggregate), version)
        self.view.write(self.kind, entry.identifier, entry.base)

    def owner_of(self, aggregate: object) -> object:
        """Return the tenant to whom an aggregate belongs."""
        name = field_of(self.kind, Role.TENANT)
        return getattr(aggregate, name) if name else None

    def taken(self, identifier: object) -> AlreadyExists:
        """Return the error for an identifier that is not free."""
        return AlreadyExists(f"There is a {self.kind.__name__} with the identifier {identifier!r} already.")

    def clear(self) -> None:
        """Have nothing in hand."""
        self.known, self.unassigned, self.departed = {}, [], []

    def memento(self) -> Callable[[], None]:
        """Return a function that has the entries as they are now, and their aggregates in the state of now."""
        known, departed = dict(self.known), list(self.departed)
        marks = [(entry, entry.base, entry.removed, entry.buried) for entry in known.values()]
        undone = [memento_of(aggregate) for aggregate in self.tracked()]

        def undo() -> None:
            self.known, self.departed, self.unassigned = dict(known), list(departed), []
            for entry, base, removed, buried in marks:
                entry.base, entry.removed, entry.buried = base, removed, buried
            for restore in undone:
                restore()

        return undo

    def _named_as(self, aggregate: A) -> Iterator[Entry[A]]:
        known = self.known.get(identifier_of(aggregate))
        if known is not None:
            yield known
        yield from self.unassigned

    def _refuse_changed(self, entry: Entry[A]) -> None:
        if identifier_of(entry.aggregate) != entry.identifier:
            raise MisuseError(f"The identifier of a {self.kind.__name__} was changed from {entry.identifier!r}.")
        if self.owner_of(entry.aggregate) != entry.tenant:
            raise MisuseError(f"{self.kind.__name__} {entry.identifier!r} was handed to another tenant.")

    def _insert(self, entry: Entry[A]) -> None:
        if field_of(self.kind, Role.ASSIGNED):
            entry.identifier = self.tables.next_identifier(self.kind)
            object.__setattr__(entry.aggregate, "id", entry.identifier)
            self.unassigned = [other for other in self.unassigned if other is not entry]
            self.known[entry.identifier] = entry
        self.view.lock(self.kind, entry.identifier, new=True)
        if self.view.current(self.kind, entry.identifier) is not None:
            raise self.taken(entry.identifier)
        stamp_new(entry.aggregate, self.tables.clock.now(), current_principal())
        self.rebase(entry, 1)

    def _update(self, entry: Entry[A], base: Stored) -> None:
        removal = field_of(self.kind, Role.REMOVED_AT)
        if entry.removed and removal is None:
            self.view.write(self.kind, entry.identifier, None)
            self.forget(entry)
            return
        now = self.tables.clock.now()
        if entry.removed:
            object.__setattr__(entry.aggregate, str(removal), now)
            entry.removed, entry.buried = False, True
        stamp_changed(entry.aggregate, now, current_principal())
        self.rebase(entry, base.version + 1)


def identifier_of(aggregate: object) -> object:
    """Return the identifier of an aggregate.

    Raises:
        MisuseError: if it has none.
    """
    try:
        return aggregate.id  # type: ignore[attr-defined]
    except AttributeError:
        raise MisuseError(f"{type(aggregate).__name__} has no field `id`, so it is no aggregate root.") from None


def has_events(aggregate: object) -> bool:
    """Return whether an aggregate has recorded events that nobody has taken."""
    return isinstance(aggregate, Aggregate) and bool(aggregate._events)
