"""Random sequences of operations by interleaved units of work, in two worlds at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from attrs import frozen
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.support.stateful import changes, questions
from tests.support.stateful.changes import Change, New, NewDepot, NewParcel, Sets
from tests.support.stateful.ledger import Ledger, Unit
from tests.support.stateful.names import DEPOTS, LABELS, PARCELS, UNITS, identifier_of, kind_of
from tests.support.stateful.questions import LookUp, Question, Streams
from tests.support.stateful.worlds import Answer, Refused, Side, World, asked, begun, committed, ended

from corelib.errors import CorelibError
from corelib.ports.repository import Repository
from corelib.testing.contracts.samples import Parcel

T = TypeVar("T")
Rule = Callable[..., None]
Adding = Callable[[Repository[object, object], list[object]], None]


@frozen
class Reach:
    """What the sequences may touch. Each switch that is off leaves something out in which the worlds still differ.

    Args:
        constraints: labels that are taken, depots that are missing or still referred to.
        outdated: questions while others have changed what is in hand here.
        doomed: questions while the flush that they bring about is to be refused.
        replaced: adding what was removed in the same unit of work.
        without: names of rules and of questions that are left out.
        versions: the versions that a `ConcurrencyConflict` names are compared too.
    """

    constraints: bool = True
    outdated: bool = True
    doomed: bool = True
    replaced: bool = True
    versions: bool = True
    without: frozenset[str] = frozenset()


def chosen(choices: Callable[[StorageMachine], Sequence[T]]) -> st.SearchStrategy[T]:
    """Return a strategy for one of the things that the machine offers at the moment."""
    return st.runner().flatmap(lambda machine: st.sampled_from(choices(machine)))


def when(*choices: Callable[[StorageMachine], Sequence[object]]) -> Callable[[Rule], Rule]:
    """Leave a rule out while the machine offers nothing for it, or where it is out of reach."""

    def decorate(function: Rule) -> Rule:
        name = function.__name__
        return precondition(
            lambda machine: name not in machine.reach.without and all(choice(machine) for choice in choices)
        )(function)

    return decorate


units = st.runner().flatmap(lambda machine: st.sampled_from([*machine.sides, *list(machine.sides)[:2]]))


class StorageMachine(RuleBasedStateMachine):
    """Does the same in two worlds and compares every answer, every error, and the committed states at the end.

    What engines may do in their own way is left out by rules:

    * A unit of work that has flushed a change holds the aggregate, its labels, and the depots that it refers to, until
      it ends. Another one flushes nothing that touches these: in one thread it would wait for ever.
    * Where a flush can be refused for two reasons, any of the errors will do, and where two aggregates are the reason,
      any of them: which statement comes first is not told.
    * Once the store has refused something, the unit of work is rolled back.
    * A label that a unit of work gives up is not taken again before the flush: statements run one after the other.

    Args:
        worlds: the two.
        reach: what the sequences may touch.
    """

    def __init__(self, worlds: tuple[World, World], reach: Reach) -> None:
        super().__init__()
        self.worlds = worlds
        self.reach = reach
        self.storages = tuple(world.emptied() for world in worlds)
        self.sides: dict[str, tuple[Side, ...]] = {}
        self.ledger = Ledger()
        for unit in UNITS[: min(world.units for world in worlds)]:
            self._begin(unit)

    # What can be done at the moment

    def flushable(self) -> Sequence[str]:
        """Return the units of work that could write now without waiting for another."""
        return [name for name in self.sides if not self.ledger.must_wait(name)]

    def asking(self) -> Sequence[str]:
        """Return the units of work that may ask questions now, which makes them flush."""
        return [
            name
            for name in self.flushable()
            if (self.reach.outdated or not self.ledger.is_behind(name))
            and (self.reach.doomed or not self.ledger.reasons(name))
        ]

    def parcels(self) -> Sequence[str]:
        """Return the parcels that are committed or in anybody's hand."""
        return [name for name in PARCELS if self.ledger.is_known(name)]

    def depots(self) -> Sequence[str]:
        """Return the depots that are committed or in anybody's hand."""
        return [name for name in DEPOTS if self.ledger.is_known(name)]

    def known(self) -> Sequence[str]:
        """Return the aggregates that are committed or in anybody's hand."""
        return [*self.parcels(), *self.depots()]

    def labels(self) -> Sequence[str]:
        """Return the labels that may be given."""
        if self.reach.constraints:
            return LABELS
        used = self.ledger.labels_in_use()
        return [label for label in LABELS if label not in used]

    # Rules

    @initialize(
        depots=st.sets(st.sampled_from(DEPOTS)), labels=st.lists(st.sampled_from(LABELS), max_size=3, unique=True)
    )
    def stored(self, depots: set[str], labels: list[str]) -> None:
        """Begin with what is committed already."""
        for name in sorted(depots):
            self._add("A", [NewDepot(name)], lambda repository, made: repository.add(made[0]))
        for name, label in zip(PARCELS, labels, strict=False):
            self._add("A", [NewParcel(name, label, items=(1,))], lambda repository, made: repository.add(made[0]))
        self._commit("A")

    @when(labels)
    @rule(unit=units, new=changes.new_parcels(chosen(labels)) | changes.new_depots)
    def add(self, unit: str, new: New) -> None:
        """Add an aggregate."""
        self._add(unit, [new], lambda repository, made: repository.add(made[0]))

    @when(labels)
    @rule(unit=units, new=st.lists(changes.new_parcels(chosen(labels)), max_size=3))
    def add_many(self, unit: str, new: list[NewParcel]) -> None:
        """Add several parcels."""
        if len({parcel.name for parcel in new}) == len({parcel.label for parcel in new}) == len(new):
            self._add(unit, new, lambda repository, made: repository.add_many(made))

    @rule(unit=units, question=questions.look_ups)
    def look_up(self, unit: str, question: LookUp) -> None:
        """Look parcels up by their identifiers."""
        if type(question).__name__ in self.reach.without:
            return
        self._compare(str(question), unit, lambda side: question.put(side.parcels))

    @when(parcels, labels)
    @rule(
        unit=units,
        name=chosen(parcels),
        changes=st.lists(changes.parcel_changes(chosen(labels)) | changes.item_changes, min_size=1, max_size=2),
    )
    def change_parcel(self, unit: str, name: str, changes: list[Change]) -> None:
        """Change a parcel."""
        for change in changes if self._has(unit, name) else ():
            label = change.value if isinstance(change, Sets) and change.field == "label" else None
            depot = change.value if isinstance(change, Sets) and change.field == "depot_id" else None
            if self._may_have(unit, name, label=label, depot=depot):
                self._change(unit, name, change)

    @when(depots)
    @rule(unit=units, name=chosen(depots), change=changes.depot_changes)
    def change_depot(self, unit: str, name: str, change: Change) -> None:
        """Change a depot."""
        if self._has(unit, name):
            self._change(unit, name, change)

    @when(known)
    @rule(unit=units, name=chosen(known))
    def remove(self, unit: str, name: str) -> None:
        """Remove an aggregate."""
        if self._has(unit, name) and self._may_remove(unit, name):
            self._remove(unit, name)

    @when(asking)
    @rule(unit=chosen(asking), question=questions.questions)
    def ask(self, unit: str, question: Question) -> None:
        """Ask a question about parcels."""
        if type(question).__name__ in self.reach.without:
            return
        tracks = not isinstance(question, Streams)
        self._compare(str(question), unit, lambda side: question.put(side.parcels), flushes=True, tracks=tracks)

    @when(asking)
    @rule(unit=chosen(asking))
    def list_depots(self, unit: str) -> None:
        """List depots."""
        self._compare("list()", unit, lambda side: side.depots.list(), flushes=True)

    @when(flushable)
    @rule(unit=chosen(flushable))
    def flush(self, unit: str) -> None:
        """Write what has changed into the transaction."""
        self._compare("flush()", unit, lambda side: side.uow.flush(), flushes=True)

    @rule(unit=units, how=st.sampled_from(["commit", "roll back"]))
    def end(self, unit: str, how: str) -> None:
        """Leave the block with or without a commit, and begin again."""
        if how == "roll back":
            self._end(unit)
        elif not self.ledger.must_wait(unit):
            self._commit(unit)

    def teardown(self) -> None:
        """Compare what both worlds have kept."""
        for unit in self.sides:
            self._end(unit)
        first, second = map(committed, self.storages)
        differing = [name for name in {**first, **second} if first.get(name) != second.get(name)]
        self._agree(
            "what is committed", tuple({name: kept.get(name) for name in differing} for kept in (first, second))
        )

    # How rules do it in both worlds

    def _add(
        self, unit: str, new: Sequence[New], act: Callable[[Repository[object, object], list[object]], None]
    ) -> None:
        made = {id(side): [entry.make() for entry in new] for side in self.sides[unit]}
        if not all(self._may_add(unit, entry) for entry in new):
            return
        kind = kind_of(new[0].name) if new else Parcel
        answer = self._compare(
            f"add({', '.join(entry.name for entry in new)})",
            unit,
            lambda side: act(side.uow.repository(kind, object), [*made[id(side)]]),
        )
        if isinstance(answer, Refused):
            self._end(unit)  # some of several may have been taken
            return
        for place, entry in enumerate(new):
            for side in self.sides[unit]:
                side.hand[entry.name] = made[id(side)][place]
            self.ledger.added(self.ledger.units[unit], entry.name, self.sides[unit][0].hand[entry.name])

    def _has(self, unit: str, name: str) -> bool:
        """Look for an aggregate, and return whether it was found."""
        kind, identifier = kind_of(name), identifier_of(name)
        self._compare(f"find({name})", unit, lambda side: side.uow.repository(kind, object).find(identifier))
        return name in self.sides[unit][0].hand

    def _change(self, unit: str, name: str, change: Change) -> None:
        known = self.ledger.units[unit]
        self.ledger.changes(known, name)
        for side in self.sides[unit]:
            change.apply(side.hand[name])
        self.ledger.changes(known, name)

    def _remove(self, unit: str, name: str) -> None:
        kind = kind_of(name)
        answer = self._compare(
            f"remove({name})", unit, lambda side: side.uow.repository(kind, object).remove(side.hand[name])
        )
        if not isinstance(answer, Refused):
            for side in self.sides[unit]:
                del side.hand[name]
            self.ledger.removed(self.ledger.units[unit], name)

    def _commit(self, unit: str) -> None:
        answer = self._compare("commit()", unit, lambda side: side.uow.commit(), flushes=True)
        if not isinstance(answer, Refused):
            self.ledger.committed_by(unit)
            self._end(unit)

    def _compare(
        self, title: str, unit: str, act: Callable[[Side], object], *, flushes: bool = False, tracks: bool = True
    ) -> Answer:
        """Do something in both worlds, compare the answers, and note what follows from them."""
        reasons = self.ledger.reasons(unit) if flushes else set()
        answers = []
        for side in self.sides[unit]:
            answer, aggregates = asked(lambda side=side: act(side), versions=self.reach.versions)
            answers.append(answer)
            for aggregate in aggregates if tracks else ():
                side.holds(aggregate)
        self._agree(f"{title} by {unit}", tuple(_told(answer, reasons) for answer in answers))
        self._note(unit, answers[0], flushes=flushes)
        return answers[0]

    def _note(self, unit: str, answer: Answer, *, flushes: bool) -> None:
        if isinstance(answer, Refused):
            if flushes and answer.by_store:
                self._end(unit)
            return
        for name, aggregate in self.sides[unit][0].hand.items():
            self.ledger.loaded(self.ledger.units[unit], name, aggregate)
        if flushes:
            self.ledger.flushed(self.ledger.units[unit])

    def _agree(self, title: str, answers: tuple[object, ...]) -> None:
        first, second = answers
        told = "\n".join(f"  {world.name}: {answer}" for world, answer in zip(self.worlds, answers, strict=True))
        assert first == second, f"{title} differs:\n{told}"

    def _end(self, unit: str) -> None:
        for side in self.sides[unit]:
            ended(side)
        self._begin(unit)

    def _begin(self, unit: str) -> None:
        self.sides[unit] = tuple(map(begun, self.storages))
        self.ledger.units[unit] = Unit()

    # What is left out

    def _may_add(self, unit: str, new: New) -> bool:
        if not self.reach.replaced and new.name in self.ledger.units[unit].gone:
            return False
        return not isinstance(new, NewParcel) or self._may_have(unit, new.name, label=new.label, depot=new.depot)

    def _may_have(self, unit: str, name: str, *, label: object, depot: object) -> bool:
        if self._is_entangled(unit, name):
            return False
        if self.reach.constraints:
            return label is None or self._is_untouched(unit, str(label))
        return self.ledger.is_safe_to_refer_to(unit, None if depot is None else str(depot))

    def _may_remove(self, unit: str, name: str) -> bool:
        if name in DEPOTS:
            return self.reach.constraints or not self.ledger.is_referred_to(name)
        return not self._is_entangled(unit, name)

    def _is_untouched(self, unit: str, label: str) -> bool:
        """Return whether a unit of work has not given a label up itself."""
        known = self.ledger.units[unit]
        return f"label {label}" not in known.pending.exclusive | known.held.exclusive

    def _is_entangled(self, unit: str, name: str) -> bool:
        """Return whether another parcel in this hand wants the label of this one, which is committed."""
        row = self.ledger.committed.get(name)
        hand = self.ledger.units[unit].hand
        return row is not None and any(
            isinstance(other, Parcel) and other.label == row.label and key != name for key, other in hand.items()
        )


def _told(answer: Answer, reasons: set[tuple[type[CorelibError], str]]) -> Answer:
    """Return as much of a refusal as has to be the same in both worlds."""
    if not isinstance(answer, Refused) or len(reasons) < 2:
        return answer
    errors = {error for error, _ in reasons}
    return Refused(answer.error) if len(errors) == 1 else Refused(CorelibError)
