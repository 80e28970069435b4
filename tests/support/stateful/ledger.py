"""What the test itself knows: who has what in hand, who holds what, and what the next flush can be refused for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import define, field, frozen

from corelib.errors import AlreadyExists, ConcurrencyConflict, CorelibError, ReferenceViolation
from corelib.testing.contracts.samples import Depot, Parcel

Aggregate = Parcel | Depot


@frozen
class Row:
    """A committed aggregate.

    Args:
        serial: the number of the commit that wrote it.
        label: of a parcel.
        depot: to which a parcel refers.
    """

    serial: int
    label: str | None
    depot: str | None


@define
class Claims:
    """What a transaction locks in a database, by what it has written: rows, unique labels, keys of depots."""

    exclusive: set[str] = field(factory=set)
    shared: set[str] = field(factory=set)

    def take(self, name: str, states: Iterable[Aggregate | None], *, whole: bool) -> None:
        """Claim an aggregate with the labels and depots of its states; `whole` if it appears or vanishes."""
        self.exclusive.add(name)
        if whole:
            self.exclusive.add(f"key {name}")
        for state in states:
            if isinstance(state, Parcel):
                self.exclusive.add(f"label {state.label}")
                if state.depot_id is not None:
                    self.shared.add(f"key {state.depot_id}")

    def add(self, other: Claims) -> None:
        """Take over what another has."""
        self.exclusive |= other.exclusive
        self.shared |= other.shared

    def clashes_with(self, other: Claims) -> bool:
        """Return whether one would have to wait for the other."""
        mine, others = self.exclusive | self.shared, other.exclusive | other.shared
        return bool(self.exclusive & others or mine & other.exclusive)


@define(eq=False)
class Unit:
    """An open unit of work.

    Args:
        hand: aggregates in hand by name, as the first world has them.
        bases: the commit that wrote what was loaded; None for what was added.
        touched: changed, added or removed since the last flush.
        written: the same since the beginning.
        flushed: those of them that a flush has written.
        gone: removed.
        pending: what the next flush will claim.
        held: what earlier flushes have claimed, until the end.
    """

    hand: dict[str, Aggregate] = field(factory=dict)
    bases: dict[str, int | None] = field(factory=dict)
    touched: set[str] = field(factory=set)
    written: set[str] = field(factory=set)
    flushed: set[str] = field(factory=set)
    gone: set[str] = field(factory=set)
    pending: Claims = field(factory=Claims)
    held: Claims = field(factory=Claims)


@define(eq=False)
class Ledger:
    """The committed aggregates and the open units of work, by name."""

    units: dict[str, Unit] = field(factory=dict)
    committed: dict[str, Row] = field(factory=dict)
    serial: int = 0

    def loaded(self, unit: Unit, name: str, aggregate: Aggregate) -> None:
        """Note that a unit has got an aggregate."""
        if name not in unit.hand:
            unit.hand[name] = aggregate
            unit.bases[name] = self.committed[name].serial if name in self.committed else None

    def added(self, unit: Unit, name: str, aggregate: Aggregate) -> None:
        """Note a new aggregate."""
        unit.hand[name], unit.bases[name] = aggregate, None
        unit.gone.discard(name)
        self._touch(unit, name, [aggregate], whole=True)

    def changes(self, unit: Unit, name: str) -> None:
        """Note a change of an aggregate in hand; to be called before it, and again after it."""
        self._touch(unit, name, [unit.hand[name]], whole=False)

    def removed(self, unit: Unit, name: str) -> None:
        """Note a removal."""
        aggregate = unit.hand.pop(name)
        if unit.bases[name] is None and name not in unit.flushed:  # nothing of it was ever written
            unit.touched.discard(name)
            unit.written.discard(name)
            return
        self._touch(unit, name, [aggregate], whole=True)
        unit.gone.add(name)

    def flushed(self, unit: Unit) -> None:
        """Note that a unit has written everything: it holds it from now on."""
        unit.held.add(unit.pending)
        unit.pending = Claims()
        unit.flushed |= unit.touched
        unit.touched.clear()

    def committed_by(self, name: str) -> None:
        """Note that a unit has ended well."""
        unit = self.units.pop(name)
        self.serial += 1
        for written in unit.written:
            aggregate = unit.hand.get(written)
            if aggregate is None:
                self.committed.pop(written, None)
            elif isinstance(aggregate, Parcel):
                self.committed[written] = Row(self.serial, aggregate.label, aggregate.depot_id)
            else:
                self.committed[written] = Row(self.serial, None, None)

    def is_known(self, name: str) -> bool:
        """Return whether an aggregate is committed or in anybody's hand."""
        return name in self.committed or any(name in unit.hand for unit in self.units.values())

    def must_wait(self, name: str) -> bool:
        """Return whether the next flush of a unit would wait for another one."""
        unit = self.units[name]
        return any(unit.pending.clashes_with(other.held) for key, other in self.units.items() if key != name)

    def is_behind(self, name: str) -> bool:
        """Return whether others have changed or removed what a unit has in hand and has not touched."""
        unit = self.units[name]
        return any(self._is_outdated(unit, key) for key in unit.hand if key not in unit.touched)

    def reasons(self, name: str) -> set[tuple[type[CorelibError], str]]:
        """Return the errors with which the next flush of a unit may be refused, and the aggregates that cause them."""
        unit = self.units[name]
        found: set[tuple[type[CorelibError], str]] = set()
        for key in unit.touched:
            if unit.bases[key] is None:
                if key in self.committed and key not in unit.flushed:
                    found.add((AlreadyExists, key))
            elif self._is_outdated(unit, key):
                found.add((ConcurrencyConflict, key))
            if key in unit.gone and self.is_referred_to(key):
                found.add((ReferenceViolation, key))
        for key, parcel in _parcels(unit.hand):
            if key in unit.touched and self.is_label_taken(parcel.label, key):
                found.add((AlreadyExists, key))
            if key in unit.touched and not self._is_depot_there(unit, parcel.depot_id):
                found.add((ReferenceViolation, key))
        return found

    def labels_in_use(self) -> set[str]:
        """Return the labels that any committed parcel has, or any open unit has had."""
        used = {row.label for row in self.committed.values() if row.label is not None}
        for unit in self.units.values():
            used |= {parcel.label for _, parcel in _parcels(unit.hand)}
            used |= {entry.removeprefix("label ") for entry in unit.pending.exclusive | unit.held.exclusive}
        return used

    def is_label_taken(self, label: str, besides: str) -> bool:
        """Return whether another committed parcel has a label."""
        return any(row.label == label and name != besides for name, row in self.committed.items())

    def owner_of(self, label: str) -> str | None:
        """Return the name of the committed parcel with a label."""
        return next((name for name, row in self.committed.items() if row.label == label), None)

    def is_safe_to_refer_to(self, name: str, depot: str | None) -> bool:
        """Return whether a depot is there for a unit, and will be."""
        others_remove = any(depot in unit.gone for unit in self.units.values())
        return not others_remove and self._is_depot_there(self.units[name], depot)

    def is_referred_to(self, depot: str) -> bool:
        """Return whether a committed parcel or one in any unit's hand refers to a depot."""
        in_hand = (parcel for unit in self.units.values() for _, parcel in _parcels(unit.hand))
        shared = {entry for unit in self.units.values() for entry in unit.pending.shared | unit.held.shared}
        return (
            any(row.depot == depot for row in self.committed.values())
            or any(parcel.depot_id == depot for parcel in in_hand)
            or f"key {depot}" in shared
        )

    def _touch(self, unit: Unit, name: str, states: Iterable[Aggregate], *, whole: bool) -> None:
        unit.touched.add(name)
        unit.written.add(name)
        unit.pending.take(name, states, whole=whole)

    def _is_outdated(self, unit: Unit, name: str) -> bool:
        base, row = unit.bases[name], self.committed.get(name)
        return base is not None and (row is None or row.serial != base)

    def _is_depot_there(self, unit: Unit, depot: str | None) -> bool:
        return depot is None or (depot not in unit.gone and (depot in self.committed or depot in unit.hand))


def _parcels(hand: Mapping[str, Aggregate]) -> list[tuple[str, Parcel]]:
    return [(name, aggregate) for name, aggregate in hand.items() if isinstance(aggregate, Parcel)]
