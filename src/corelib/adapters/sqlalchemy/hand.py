"""What a unit of work has in hand of one class, and how it is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeAlias, TypeVar

from corelib.adapters.sqlalchemy.entries import NEW, UNKNOWN, Checkpoint, Entry, saved
from corelib.adapters.sqlalchemy.loading import Loader, Rows
from corelib.adapters.sqlalchemy.plans import Plan
from corelib.adapters.sqlalchemy.seat import Seat
from corelib.adapters.sqlalchemy.writing import Writer
from corelib.application.context import current_principal
from corelib.domain.fields import Role
from corelib.domain.stamping import stamp_changed

A = TypeVar("A")
Entries: TypeAlias = list[Entry[A]]


class Hand(Generic[A]):
    """The identity map of one class: an identifier stands for one instance.

    Args:
        plan: how the class is loaded and stored.
        seat: what it shares with the others of its transaction.

    Attributes:
        entries: by identifier.
        unassigned: added, without an identifier until they are written.
        hidden: removed in this unit of work, but kept by the store, by identifier.
        gone: aggregates that are in hand no more, or were written past it; they may have recorded events.
        loader: reads aggregates.
        writer: writes them.
    """

    def __init__(self, plan: Plan, seat: Seat) -> None:
        self._mapping = plan.mapping
        self._seat = seat
        self.loader: Loader[A] = Loader(plan, seat.connection)
        self.writer: Writer[A] = Writer(plan, seat)
        self.entries: dict[object, Entry[A]] = {}
        self.unassigned: Entries[A] = []
        self.hidden: dict[object, Entry[A]] = {}
        self.gone: list[A] = []
        self._due: Entries[A] = []

    def tracked(self) -> Sequence[object]:
        """Return the aggregates in hand, and those written past it, since they may have recorded events."""
        held = [entry.aggregate for entry in (*self.hidden.values(), *self.unassigned, *self.entries.values())]
        return [*self.gone, *held]

    def flush_new(self) -> None:
        """Insert new roots, then their parts."""
        self._due = [entry for entry in self.entries.values() if entry.version != NEW and not entry.removed]
        new = [*self.unassigned, *(entry for entry in self.entries.values() if entry.version == NEW)]
        if not new:
            return
        self._seat.writes(self._name)
        self.writer.insert(new)
        self.entries.update((entry.identifier, entry) for entry in self.unassigned)
        self.unassigned = []

    def flush_changed(self) -> None:
        """Update changed columns of roots, with the version in the WHERE, and their changed parts.

        What `flush_new` has just inserted is as it was written.
        """
        if self._due:
            self.writer.update(self._due)
            self._due = []

    def flush_removed(self) -> None:
        """Delete removed parts, then their roots; or mark the roots."""
        removed = [entry for entry in self.entries.values() if entry.removed]
        if not removed:
            return
        self._seat.writes(self._name)
        for entry in removed:
            del self.entries[entry.identifier]
        if Role.REMOVED_AT in self._mapping.roles:
            self._mark(removed)
            self.hidden.update((entry.identifier, entry) for entry in removed)
        else:
            self.writer.delete(removed)
            self.gone += [entry.aggregate for entry in removed]

    def checkpoint(self) -> Checkpoint[A]:
        """Return what is in hand, which has just been flushed."""
        held = (*self.hidden.values(), *self.entries.values())
        return Checkpoint([saved(entry) for entry in held], list(self.gone))

    def return_to(self, checkpoint: Checkpoint[A]) -> None:
        """Give everything in hand the state that it had then; what came later is in hand no more."""
        before = {entry.identifier for entry, _, _ in checkpoint.entries}
        for entry in self.entries.values():
            if entry.assigned and entry.identifier not in before:
                object.__setattr__(entry.aggregate, "id", None)
        for held in (self.entries, self.hidden, self.unassigned):
            held.clear()
        for entry, state, undo in checkpoint.entries:
            entry.version, entry.row, entry.parts = state.version, state.row, dict(state.parts)
            entry.removed = state.removed
            undo()
            home = self.hidden if entry.removed else self.entries
            home[entry.identifier] = entry
        self.gone = list(checkpoint.gone)

    def track(self, rows: Rows, *, locked: bool = False) -> Entries[A]:
        """Take rows into the identity map, and return their entries; one that is there already stays.

        Raises:
            ConcurrencyConflict: if a locked row is newer than what is in hand.
        """
        identify, entries = self.loader.identify, self.entries
        if not entries:
            loaded = self.loader.entries(rows)
            entries.update((entry.identifier, entry) for entry in loaded)
            if len(entries) == len(loaded):
                return loaded
            return [entries[entry.identifier] for entry in loaded]
        found = [identify(row) for row in rows]
        fresh = [row for row, identifier in zip(rows, found, strict=True) if identifier not in entries]
        if locked:
            self._compare(rows, found)
        entries.update((entry.identifier, entry) for entry in self.loader.entries(fresh))
        return [entries[identifier] for identifier in found]

    def _compare(self, rows: Rows, identifiers: Sequence[object]) -> None:
        for row, identifier in zip(rows, identifiers, strict=True):
            entry = self.entries.get(identifier)
            if entry is not None and entry.version not in (row[0], UNKNOWN):
                raise self.writer.conflict(entry, row[0])

    def _mark(self, removed: Sequence[Entry[A]]) -> None:
        """Write the instant of the removal."""
        (name,) = self._mapping.roles[Role.REMOVED_AT]
        now = self._seat.now()
        for entry in removed:
            object.__setattr__(entry.aggregate, name, now)
            stamp_changed(entry.aggregate, now, current_principal())
        self.writer.update(removed)

    @property
    def _name(self) -> str:
        return self._mapping.kind.__name__
