"""What the test itself knows: who has what in hand, who holds what, and what the next flush can be refused for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import define, evolve, field, frozen

from corelib.errors import AlreadyExists, ConcurrencyConflict, CorelibError, ReferenceViolation, TransientFailure
from corelib.testing.contracts.samples import Depot, Parcel

Aggregate = Parcel | Depot


@frozen
class Row:
    """A committed aggregate.

    Args:
        label: of a parcel.
        depot: to which a parcel refers.
    """

    label: str | None = None
    depot: str | None = None


@define
class Claims:
    """What a transaction locks in a database, by what it has written: rows, unique labels, keys of depots."""

    exclusive: set[str] = field(factory=set)
    shared: set[str] = field(factory=set)

    def take(self, name: str, states: Iterable[Row | None], *, whole: bool) -> None:
        """Claim an aggregate with the labels and depots of its states; `whole` if it appears or vanishes."""
        self.exclusive.add(name)
        if whole:
            self.exclusive.add(f"key {name}")
        for state in states:
            if state is not None and state.label is not None:
                self.exclusive.add(f"label {state.label}")
            if state is not None and state.depot is not None:
                self.shared.add(f"key {state.depot}")

    def add(self, other: Claims) -> None:
        """Take over what another has."""
        self.exclusive |= other.exclusive
        self.shared |= other.shared

    def clashes_with(self, other: Claims) -> bool:
        """Return whether one would have to wait for the other."""
        mine, others = self.exclusive | self.shared, other.exclusive | other.shared
        return bool(self.exclusive & others or mine & other.exclusive)

    def copy(self) -> Claims:
        """Return an independent copy."""
        return Claims(set(self.exclusive), set(self.shared))


@define(eq=False)
class Unit:
    """An open unit of work.

    Args:
        began: the number of the last commit before it.
        hand: aggregates in hand by name, as the first world has them.
        bases: the commit that wrote what was loaded; None for what was added.
        touched: changed, added or removed since the last flush.
        written: the same since the beginning.
        flushed: those of them that a flush has written.
        past: those that were written past the hand.
        gone: removed.
        pending: what the next flush will claim.
        held: what earlier flushes and locks have claimed, until the end.
        unsure: what of that some engines have given back, by going back to a savepoint.
        failed: the store has refused something; the unit of work can only go back.
        saved: what was known at each savepoint.
    """

    began: int = 0
    hand: dict[str, Aggregate] = field(factory=dict)
    bases: dict[str, int | None] = field(factory=dict)
    touched: set[str] = field(factory=set)
    written: set[str] = field(factory=set)
    flushed: set[str] = field(factory=set)
    past: set[str] = field(factory=set)
    gone: set[str] = field(factory=set)
    pending: Claims = field(factory=Claims)
    held: Claims = field(factory=Claims)
    unsure: set[str] = field(factory=set)
    failed: bool = False
    saved: list[Unit] = field(factory=list)

    def copy(self) -> Unit:
        """Return what is known now, for the way back."""
        sets = {name: set(getattr(self, name)) for name in ("touched", "written", "flushed", "past", "gone")}
        return evolve(self, hand=dict(self.hand), bases=dict(self.bases), pending=self.pending.copy(), saved=[], **sets)


@define(eq=False)
class Ledger:
    """The committed aggregates and the open units of work, by name.

    Args:
        snapshots: units of work see the state of their beginning.
    """

    snapshots: bool = False
    units: dict[str, Unit] = field(factory=dict)
    committed: dict[str, Row] = field(factory=dict)
    changed: dict[str, int] = field(factory=dict)
    serial: int = 0

    def begun(self, name: str) -> None:
        """Note a new unit of work."""
        self.units[name] = Unit(self.serial)

    def loaded(self, unit: Unit, name: str, aggregate: Aggregate) -> None:
        """Note that a unit has got an aggregate."""
        if name not in unit.hand:
            unit.hand[name] = aggregate
            unit.bases[name] = self.changed.get(name, 0) if name in self.committed else None

    def added(self, unit: Unit, name: str, aggregate: Aggregate) -> None:
        """Note a new aggregate."""
        unit.hand[name], unit.bases[name] = aggregate, None
        unit.gone.discard(name)
        self._touch(unit, name, whole=True)

    def changes(self, unit: Unit, name: str) -> None:
        """Note a change of an aggregate in hand; to be called before it, and again after it."""
        self._touch(unit, name, whole=False)

    def removed(self, unit: Unit, name: str) -> None:
        """Note a removal."""
        if unit.bases[name] is None and name not in unit.flushed:  # nothing of it was ever written
            unit.touched.discard(name)
            unit.written.discard(name)
        else:
            self._touch(unit, name, whole=True)
            unit.gone.add(name)
        del unit.hand[name]

    def flushed(self, unit: Unit) -> None:
        """Note that a unit has written everything: it holds it from now on."""
        unit.held.add(unit.pending)
        unit.pending = Claims()
        unit.flushed |= unit.touched
        unit.touched.clear()

    def wrote_past(self, unit: Unit, names: Iterable[str], claims: Claims) -> None:
        """Note what a unit has written without having it in hand."""
        unit.held.add(claims)
        for known in (unit.written, unit.flushed, unit.past):
            known.update(names)

    def claims_on(self, unit: Unit, names: Iterable[str], states: Iterable[Row] = (), *, whole: bool) -> Claims:
        """Return what writing these aggregates claims, those that get new states included."""
        claims = Claims()
        for name in names:
            claims.take(name, [self.committed.get(name), state_of(unit.hand.get(name)), *states], whole=whole)
        return claims

    def failed(self, unit: Unit, claims: Claims) -> None:
        """Note that the store has refused something, which may have been written and locked in part."""
        unit.failed = True
        for each in (unit.pending, claims):
            unit.held.add(each)
            unit.unsure |= each.exclusive | each.shared

    def saved(self, unit: Unit) -> None:
        """Note a savepoint."""
        unit.saved.append(unit.copy())
        unit.saved[-1].held = unit.held.copy()

    def went_back(self, name: str) -> Unit:
        """Note that a unit is where it was at its last savepoint, but for locks."""
        unit = self.units[name]
        before = unit.saved.pop()
        lost = (unit.held.exclusive | unit.held.shared) - (before.held.exclusive | before.held.shared)
        before.saved, before.unsure, before.held = unit.saved, unit.unsure | lost, unit.held
        self.units[name] = before
        return before

    def committed_by(self, name: str, rows: Mapping[str, Row]) -> None:
        """Note that a unit has ended well, and what is committed now."""
        self.serial += 1
        for written in self.units.pop(name).written:
            self.changed[written] = self.serial
        self.committed = dict(rows)

    def is_known(self, name: str) -> bool:
        """Return whether an aggregate is committed or in anybody's hand."""
        return name in self.committed or any(name in unit.hand or name in unit.written for unit in self.units.values())

    def others_of(self, name: str) -> Iterable[Unit]:
        """Return the other units of work."""
        return [unit for key, unit in self.units.items() if key != name]

    def must_wait(self, name: str, *more: Claims) -> bool:
        """Return whether the next flush of a unit, with what more it claims, would wait for another one."""
        claims = [self.units[name].pending, *more]
        return any(entry.clashes_with(other.held) for other in self.others_of(name) for entry in claims)

    def is_dangling(self, name: str) -> bool:
        """Return whether a unit is about to refer to a depot that others have written since its snapshot."""
        unit = self.units[name]
        return self.snapshots and any(
            self.changed.get(entry.removeprefix("key "), 0) > unit.began for entry in unit.pending.shared
        )

    def reasons(self, name: str) -> set[tuple[type[CorelibError], str]]:
        """Return the errors with which the next flush of a unit may be refused, and the aggregates that cause them."""
        unit = self.units[name]
        found: set[tuple[type[CorelibError], str]] = set()
        for key in unit.touched:
            if unit.bases[key] is None:
                if key in self.committed and key not in unit.flushed:
                    found.add((AlreadyExists, key))
            elif self._is_outdated(unit, key):
                found.add((TransientFailure if self.snapshots else ConcurrencyConflict, key))
            if key in unit.gone and self._is_referred_to(key):
                found.add((ReferenceViolation, key))
                found |= {(TransientFailure, key)} if self.snapshots else set()
        for key, parcel in _parcels(unit.hand):
            if key in unit.touched and self._is_label_taken(parcel.label, key):
                found.add((AlreadyExists, key))
            if key in unit.touched and not self._is_depot_there(unit, parcel.depot_id):
                found.add((ReferenceViolation, key))
        return found

    def is_given_up(self, unit: Unit, label: str) -> bool:
        """Return whether a unit of work has, or has just given up, a label itself."""
        return f"label {label}" in unit.pending.exclusive

    def is_entangled(self, unit: Unit, name: str) -> bool:
        """Return whether another parcel in this hand wants the label of this one, which is committed."""
        row = self.committed.get(name)
        return row is not None and any(key != name and row.label == other.label for key, other in _parcels(unit.hand))

    def _touch(self, unit: Unit, name: str, *, whole: bool) -> None:
        unit.touched.add(name)
        unit.written.add(name)
        unit.pending.take(name, [state_of(unit.hand[name])], whole=whole)

    def _is_label_taken(self, label: str, besides: str) -> bool:
        return any(row.label == label and name != besides for name, row in self.committed.items())

    def _is_referred_to(self, depot: str) -> bool:
        in_hand = (parcel for unit in self.units.values() for _, parcel in _parcels(unit.hand))
        shared = {entry for unit in self.units.values() for entry in unit.pending.shared | unit.held.shared}
        return (
            any(row.depot == depot for row in self.committed.values())
            or any(parcel.depot_id == depot for parcel in in_hand)
            or f"key {depot}" in shared
        )

    def _is_outdated(self, unit: Unit, name: str) -> bool:
        known = unit.began if self.snapshots else unit.bases[name]
        return known is not None and self.changed.get(name, 0) > known

    def _is_depot_there(self, unit: Unit, depot: str | None) -> bool:
        return depot is None or (depot not in unit.gone and (depot in self.committed or depot in unit.hand))


def state_of(aggregate: Aggregate | None) -> Row | None:
    """Return what counts for claims of an aggregate."""
    if isinstance(aggregate, Parcel):
        return Row(aggregate.label, aggregate.depot_id)
    return None if aggregate is None else Row()


def _parcels(hand: Mapping[str, Aggregate]) -> list[tuple[str, Parcel]]:
    return [(name, aggregate) for name, aggregate in hand.items() if isinstance(aggregate, Parcel)]
