"""Random sequences of operations by interleaved units of work, in two worlds at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.support.stateful import bulk, changes, questions
from tests.support.stateful.bulk import Removes, Selecting, Updates, Upserts
from tests.support.stateful.changes import Change, New, NewDepot, NewParcel, Sets
from tests.support.stateful.ledger import Claims, Row
from tests.support.stateful.names import DEPOTS, LABELS, PARCELS, UNITS, name_of
from tests.support.stateful.pair import Pair
from tests.support.stateful.questions import Gets, Locked, LookUp, Question, Streams
from tests.support.stateful.worlds import Answered, World

from corelib.domain.specification import Specification
from corelib.ports.repository import Locking
from corelib.ports.storage import DEFAULT_TERMS, Terms
from corelib.testing.contracts.samples import Depot, Parcel

T = TypeVar("T")
Rule = Callable[..., None]
DEEPEST = 2
"""How many savepoints may be nested."""


def chosen(choices: Callable[[StorageMachine], Sequence[T]]) -> st.SearchStrategy[T]:
    """Return a strategy for one of the things that the machine offers at the moment."""
    return st.runner().flatmap(lambda machine: st.sampled_from(choices(machine)))


def when(*choices: Callable[[StorageMachine], Sequence[object]]) -> Callable[[Rule], Rule]:
    """Leave a rule out while the machine offers nothing for it."""
    return precondition(lambda machine: all(choice(machine) for choice in choices))


units = st.runner().flatmap(lambda machine: st.sampled_from([*machine.pair.sides, *list(machine.pair.sides)[:2]]))
labels = st.sampled_from(LABELS)


class StorageMachine(RuleBasedStateMachine):
    """Does the same in two worlds and compares every answer, every error, and the committed states at the end.

    What engines may do in their own way is left out by rules:

    * A unit of work that has flushed a change holds the aggregate, its labels, and the depots that it refers to, until
      it ends. Another one flushes nothing that touches these: in one thread it would wait for ever. Neither does it
      lock what is held, unless it passes over that or fails at once.
    * Whether going back to a savepoint gives back the locks taken since is not told: PostgreSQL does, SQL Server
      does not. Until the unit of work ends, nobody else tries to lock these.
    * Where a flush can be refused for two reasons, any of the errors will do, and where two aggregates are the reason,
      any of them: which statement comes first is not told.
    * A label that a unit of work gives up is not taken again before the flush: statements run one after the other.
    * Under snapshot isolation a reference to what others have written since the snapshot is a violation, a transient
      failure, or valid: foreign keys are checked against the snapshot on PostgreSQL, against what is committed on SQL
      Server. Nothing is flushed that would try.

    Args:
        worlds: the two.
        terms: of all units of work.
    """

    def __init__(self, worlds: tuple[World, World], terms: Terms = DEFAULT_TERMS) -> None:
        super().__init__()
        self.pair = Pair(worlds, terms)
        for unit in UNITS[: min(world.units for world in worlds)]:
            self.pair.begin(unit)

    # What can be done at the moment

    def flushable(self) -> Sequence[str]:
        """Return the units of work that could write now without waiting for another."""
        ledger = self.pair.ledger
        return [name for name in self.pair.sides if not ledger.must_wait(name) and not ledger.is_dangling(name)]

    def saved(self) -> Sequence[str]:
        """Return the units of work that are within the block of a savepoint."""
        return [name for name, sides in self.pair.sides.items() if sides[0].savepoints]

    def savable(self) -> Sequence[str]:
        """Return the units of work that may take another savepoint."""
        return [name for name in self.flushable() if len(self.pair.sides[name][0].savepoints) < DEEPEST]

    def releasable(self) -> Sequence[str]:
        """Return the units of work that may leave the block of a savepoint well."""
        return [name for name in self.flushable() if self.pair.sides[name][0].savepoints]

    def parcels(self) -> Sequence[str]:
        """Return the parcels that are committed or in anybody's hand."""
        return [name for name in PARCELS if self.pair.ledger.is_known(name)]

    def depots(self) -> Sequence[str]:
        """Return the depots that are committed or in anybody's hand."""
        return [name for name in DEPOTS if self.pair.ledger.is_known(name)]

    def known(self) -> Sequence[str]:
        """Return the aggregates that are committed or in anybody's hand."""
        return [*self.parcels(), *self.depots()]

    # Rules

    @initialize(
        depots=st.sets(st.sampled_from(DEPOTS)), labels=st.lists(st.sampled_from(LABELS), max_size=3, unique=True)
    )
    def stored(self, depots: set[str], labels: list[str]) -> None:
        """Begin with what is committed already."""
        for name in sorted(depots):
            self._add("A", [NewDepot(name)])
        for name, label in zip(PARCELS, labels, strict=False):
            self._add("A", [NewParcel(name, label, items=(1,))])
        self.pair.commit("A")
        for unit in list(self.pair.sides)[1:]:
            self.pair.end(unit)

    @rule(unit=units, new=changes.new_parcels(labels) | changes.new_depots)
    def add(self, unit: str, new: New) -> None:
        """Add an aggregate."""
        self._add(unit, [new])

    @rule(unit=units, new=st.lists(changes.new_parcels(labels), max_size=3))
    def add_many(self, unit: str, new: list[NewParcel]) -> None:
        """Add several parcels."""
        if _all_differ(new) and all(self._may_have(unit, entry.name, entry.label) for entry in new):
            self.pair.add(unit, new, lambda repository, made: repository.add_many(made))

    @rule(unit=units, question=questions.look_ups)
    def look_up(self, unit: str, question: LookUp) -> None:
        """Look parcels up by their identifiers."""
        self.pair.compare(str(question), unit, lambda side: question.put(side.parcels))

    @when(parcels)
    @rule(
        unit=units,
        name=chosen(parcels),
        changes=st.lists(changes.parcel_changes(labels) | changes.item_changes, min_size=1, max_size=2),
    )
    def change_parcel(self, unit: str, name: str, changes: list[Change]) -> None:
        """Change a parcel."""
        if self.pair.look(unit, name):
            self._change(unit, name, changes)

    @when(depots)
    @rule(unit=units, name=chosen(depots), change=changes.depot_changes)
    def change_depot(self, unit: str, name: str, change: Change) -> None:
        """Change a depot."""
        if self.pair.look(unit, name):
            self.pair.change(unit, name, change)

    @when(known)
    @rule(unit=units, name=chosen(known))
    def remove(self, unit: str, name: str) -> None:
        """Remove an aggregate."""
        if not self.pair.ledger.is_entangled(self.pair.known(unit), name) and self.pair.look(unit, name):
            self.pair.remove(unit, name)

    @when(flushable)
    @rule(unit=chosen(flushable), question=questions.questions)
    def ask(self, unit: str, question: Question) -> None:
        """Ask a question about parcels."""
        tracks = not isinstance(question, Streams)
        self.pair.compare(str(question), unit, lambda side: question.put(side.parcels), flushes=True, tracks=tracks)

    @when(flushable)
    @rule(unit=chosen(flushable))
    def list_depots(self, unit: str) -> None:
        """List depots."""
        self.pair.compare("list()", unit, lambda side: side.depots.list(), flushes=True)

    @when(flushable)
    @rule(unit=chosen(flushable), question=questions.locked)
    def lock(self, unit: str, question: Locked) -> None:
        """Lock parcels."""
        ledger = self.pair.ledger
        names = {question.name} if isinstance(question, Gets) else self._found(unit, Parcel, question.specification)
        others = ledger.others_of(unit)
        if any(names & other.unsure for other in others):
            return
        if question.lock is Locking.WAIT and any(names & other.held.exclusive for other in others):
            return
        claims = Claims(names)
        answer = self.pair.compare(
            str(question), unit, lambda side: question.put(side.parcels), flushes=True, claims=claims
        )
        if isinstance(answer, Answered):
            self.pair.known(unit).held.add(claims)

    @when(flushable)
    @rule(unit=chosen(flushable), new=st.lists(changes.new_parcels(labels), min_size=1, max_size=3))
    def upsert_many(self, unit: str, new: list[NewParcel]) -> None:
        """Store parcels, whether or not they are there."""
        known, ledger = self.pair.known(unit), self.pair.ledger
        names, given = {entry.name for entry in new}, [Row(entry.label, entry.depot) for entry in new]
        claims = ledger.claims_on(known, names, given, whole=True)
        if len(new) > 1 and any(f"label {entry.label}" in known.held.exclusive for entry in new):
            return  # one of them may give up the label that another takes, and which is written first is not told
        if _all_differ(new) and self._may_write(unit, names, claims, {entry.label for entry in new}):
            act = Upserts(tuple(new))
            self.pair.write_past(str(act), unit, lambda side: act.run(side.parcels), names, claims, loose=len(new) > 1)

    @when(flushable)
    @rule(unit=chosen(flushable), act=bulk.selecting(labels))
    def write_where(self, unit: str, act: Selecting) -> None:
        """Change or remove all that satisfy a specification."""
        known, ledger = self.pair.known(unit), self.pair.ledger
        values = dict(act.changes) if isinstance(act, Updates) else {}
        label, depot = values.get("label"), values.get("depot_id")
        names = self._found(unit, act.kind, act.specification)
        given = [Row(None if label is None else str(label), None if depot is None else str(depot))]
        claims = ledger.claims_on(known, names, given, whole=isinstance(act, Removes))
        if not self._may_write(unit, names, claims, set() if label is None else {str(label)}):
            return
        loose = label is not None and depot is not None
        self.pair.write_past(
            str(act), unit, lambda side: act.run(side.uow.repository(act.kind, object)), names, claims, loose=loose
        )
        if isinstance(act, Removes) and unit in self.flushable():
            self.pair.forget(unit, names)

    @when(flushable)
    @rule(unit=chosen(flushable))
    def flush(self, unit: str) -> None:
        """Write what has changed into the transaction."""
        self.pair.compare("flush()", unit, lambda side: side.uow.flush(), flushes=True)

    @when(savable, parcels)
    @rule(
        unit=chosen(savable),
        name=chosen(parcels),
        changes=st.lists(changes.parcel_changes(labels) | changes.item_changes, min_size=1, max_size=2),
        how=st.sampled_from(["go back", "release"]),
    )
    def attempt(self, unit: str, name: str, changes: list[Change], how: str) -> None:
        """Change a parcel in hand within a block, and leave that."""
        if not self.pair.look(unit, name) or not self.pair.save(unit):
            return
        self._change(unit, name, changes)
        if how == "release" and unit in self.flushable():
            self.pair.release(unit)
        else:
            self.pair.go_back(unit)

    @when(savable)
    @rule(unit=chosen(savable))
    def save(self, unit: str) -> None:
        """Begin the block of a savepoint."""
        self.pair.save(unit)

    @when(releasable)
    @rule(unit=chosen(releasable))
    def release(self, unit: str) -> None:
        """Leave the block of a savepoint well."""
        self.pair.release(unit)

    @when(saved)
    @rule(unit=chosen(saved))
    def go_back(self, unit: str) -> None:
        """Leave the block of a savepoint with an error."""
        self.pair.go_back(unit)

    @rule(unit=units, how=st.sampled_from(["commit", "roll back"]))
    def end(self, unit: str, how: str) -> None:
        """Leave the block with or without a commit, and begin again."""
        if how == "roll back":
            self.pair.end(unit)
        elif unit in self.flushable():
            self.pair.commit(unit)

    def teardown(self) -> None:
        """Compare what both worlds have kept."""
        self.pair.compare_committed()

    # What is left out

    def _add(self, unit: str, new: Sequence[New]) -> None:
        if all(not isinstance(entry, NewParcel) or self._may_have(unit, entry.name, entry.label) for entry in new):
            self.pair.add(unit, new, lambda repository, made: repository.add(made[0]))

    def _change(self, unit: str, name: str, changes: Sequence[Change]) -> None:
        for change in changes:
            label = change.value if isinstance(change, Sets) and change.field == "label" else None
            if self._may_have(unit, name, label):
                self.pair.change(unit, name, change)

    def _may_have(self, unit: str, name: str, label: object) -> bool:
        """Return whether a parcel may get a label, or is changed with the one it has."""
        known, ledger = self.pair.known(unit), self.pair.ledger
        return not ledger.is_entangled(known, name) and (label is None or not ledger.is_given_up(known, str(label)))

    def _may_write(self, unit: str, names: set[str], claims: Claims, labels: set[str]) -> bool:
        """Return whether aggregates can be written past the hand without waiting, and labels be taken."""
        known, ledger = self.pair.known(unit), self.pair.ledger
        if ledger.must_wait(unit, claims) or any(ledger.is_entangled(known, name) for name in names):
            return False
        if ledger.snapshots and any(
            ledger.changed.get(entry.removeprefix("key "), 0) > known.began for entry in claims.shared
        ):
            return False
        owners = {name: row.label for name, row in ledger.committed.items()}
        return not any(owners.get(name) in labels for name in names)

    def _found(self, unit: str, kind: type[Parcel | Depot], specification: Specification | None) -> set[str]:
        """Return what satisfies a specification, as the first world has it; if asking would write, all it could be."""
        known = self.pair.known(unit)
        names = set(PARCELS if kind is Parcel else DEPOTS)
        if known.touched or known.failed:
            return {name for name in names if self.pair.ledger.is_known(name)}
        found = self.pair.sides[unit][0].uow.repository(kind, object).stream(specification)
        return {name_of(entry) for entry in found} | (names & set(known.hand))


def _all_differ(new: Sequence[NewParcel]) -> bool:
    return len({entry.name for entry in new}) == len({entry.label for entry in new}) == len(new)
