"""The same units of work in two worlds: what is done is done in both, and compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tests.support.stateful.changes import Change, New
from tests.support.stateful.ledger import Claims, Ledger, Row, Unit, state_of
from tests.support.stateful.names import identifier_of, kind_of, name_of
from tests.support.stateful.worlds import (
    Answer,
    Answered,
    Refused,
    Side,
    World,
    asked,
    begun,
    committed,
    ended,
    states,
)

from corelib.errors import CorelibError, NotFound, UnitOfWorkClosed
from corelib.ports.repository import Repository
from corelib.ports.storage import Isolation, Terms
from corelib.testing.contracts.arranging import Work
from corelib.testing.contracts.samples import Depot, Parcel

Adding = Callable[[Repository[object, object], list[object]], None]
NOTHING = Claims()


class Pair:
    """Two worlds, the units of work that are open in both, and what the test knows of them.

    Args:
        worlds: the two.
        terms: of all units of work.
    """

    def __init__(self, worlds: tuple[World, World], terms: Terms) -> None:
        self.worlds = worlds
        self.sides: dict[str, tuple[Side, ...]] = {}
        self.ledger = Ledger(snapshots=terms.isolation is Isolation.SNAPSHOT)
        self._terms = terms
        self._works = tuple(Work(world.emptied()) for world in worlds)

    def begin(self, unit: str) -> None:
        """Begin a unit of work in both."""
        self.sides[unit] = tuple(begun(work, self._terms) for work in self._works)
        self.ledger.begun(unit)

    def end(self, unit: str) -> None:
        """Leave its block, and begin again."""
        self._leave(unit)
        self.begin(unit)

    def known(self, unit: str) -> Unit:
        """Return what is known of a unit of work."""
        return self.ledger.units[unit]

    def look(self, unit: str, name: str) -> bool:
        """Look for an aggregate, and return whether it was found and can be worked with."""
        kind, identifier = kind_of(name), identifier_of(name)
        answer = self.compare(f"find({name})", unit, lambda side: side.uow.repository(kind, object).find(identifier))
        return isinstance(answer, Answered) and name in self.sides[unit][0].hand

    def add(self, unit: str, new: Sequence[New], act: Adding) -> None:
        """Add aggregates, an instance in each world."""
        made = {id(side): [entry.make() for entry in new] for side in self.sides[unit]}
        kind = kind_of(new[0].name) if new else Parcel
        answer = self.compare(
            f"add({', '.join(entry.name for entry in new)})",
            unit,
            lambda side: act(side.uow.repository(kind, object), [*made[id(side)]]),
        )
        if isinstance(answer, Refused):
            if not self.known(unit).failed:
                self.end(unit)  # some of several may have been taken
            return
        for place, entry in enumerate(new):
            for side in self.sides[unit]:
                side.hand[entry.name] = made[id(side)][place]
            self.ledger.added(self.known(unit), entry.name, self.sides[unit][0].hand[entry.name])

    def change(self, unit: str, name: str, change: Change) -> None:
        """Change an aggregate in hand."""
        self.ledger.changes(self.known(unit), name)
        for side in self.sides[unit]:
            change.apply(side.hand[name])
        self.ledger.changes(self.known(unit), name)

    def remove(self, unit: str, name: str) -> None:
        """Remove an aggregate in hand."""
        kind = kind_of(name)
        answer = self.compare(
            f"remove({name})", unit, lambda side: side.uow.repository(kind, object).remove(side.hand[name])
        )
        if isinstance(answer, Answered):
            for side in self.sides[unit]:
                del side.hand[name]
            self.ledger.removed(self.known(unit), name)

    def write_past(
        self, title: str, unit: str, act: Callable[[Side], object], names: set[str], claims: Claims, *, loose: bool
    ) -> None:
        """Write aggregates that are not in hand, and change or remove those that are.

        Args:
            title: for reports.
            unit: which unit of work.
            act: what it does.
            names: what it may write.
            claims: what it claims for that.
            loose: the store may refuse it for several reasons.
        """
        before = states(self.sides[unit][0].hand)
        answer = self.compare(title, unit, act, flushes=True, claims=claims, loose=loose)
        if isinstance(answer, Refused):
            return
        self.ledger.wrote_past(self.known(unit), names, claims)
        for name, held in self.sides[unit][0].hand.items():
            if before[name] != states({name: held})[name]:
                self.ledger.changes(self.known(unit), name)
        self.compare_hands(unit)

    def forget(self, unit: str, names: set[str]) -> None:
        """Note that aggregates in hand were removed, which those are that are not found any more."""
        known = self.known(unit)
        for name in names & set(self.sides[unit][0].hand):
            kind, identifier = kind_of(name), identifier_of(name)
            answer = self.compare(
                f"find({name})", unit, lambda side, i=identifier, k=kind: side.uow.repository(k, object).find(i)
            )
            if answer == Answered(None):
                for side in self.sides[unit]:
                    del side.hand[name]
                del known.hand[name]
                known.gone.add(name)

    def save(self, unit: str) -> bool:
        """Begin the block of a savepoint; return whether the store has let it."""
        answer = self.compare("savepoint()", unit, lambda side: side.save(), flushes=True)
        if isinstance(answer, Answered):
            self.ledger.saved(self.known(unit))
        return isinstance(answer, Answered)

    def release(self, unit: str) -> None:
        """Leave the innermost block; if that is refused, the unit of work is where it was before the block."""
        self.compare("release()", unit, lambda side: side.release(), flushes=True, leaves=True)

    def go_back(self, unit: str) -> None:
        """Leave the innermost block with an error."""
        for side in self.sides[unit]:
            side.go_back()
        self._went_back(unit)

    def commit(self, unit: str) -> None:
        """Leave all blocks, and commit."""
        while self.sides[unit][0].savepoints:
            self.release(unit)
        answer = self.compare("commit()", unit, lambda side: side.uow.commit(), flushes=True)
        if isinstance(answer, Answered):
            self.ledger.committed_by(unit, self._rows())
            self.end(unit)

    def compare(
        self,
        title: str,
        unit: str,
        act: Callable[[Side], object],
        *,
        flushes: bool = False,
        tracks: bool = True,
        claims: Claims = NOTHING,
        loose: bool = False,
        leaves: bool = False,
    ) -> Answer:
        """Do something in both worlds, compare the answers, and note what follows from them.

        Args:
            title: for reports.
            unit: which unit of work.
            act: what it does.
            flushes: what has changed is written first.
            tracks: aggregates in the answer are in hand afterwards.
            claims: what it may lock.
            loose: the store may refuse it for several reasons.
            leaves: it leaves the innermost block.
        """
        reasons = self.ledger.reasons(unit) if flushes else set()
        loose = loose or (flushes and bool(self.known(unit).past) and len(self.known(unit).touched) > 1)
        answers = []
        for side in self.sides[unit]:
            answer, aggregates = asked(lambda side=side: act(side))
            answers.append(answer)
            for aggregate in aggregates if tracks else ():
                side.holds(aggregate)
        self._agree(f"{title} by {unit}", tuple(_told(answer, reasons, loose=loose) for answer in answers))
        if isinstance(answers[0], Refused):
            if flushes and answers[0].error is NotFound:  # which was found out after the flush
                self.ledger.flushed(self.known(unit))
            self._refused(unit, answers[0], claims, leaves=leaves)
        else:
            self._answered(unit, flushes=flushes, leaves=leaves)
        return answers[0]

    def compare_hands(self, unit: str) -> None:
        """Compare the aggregates in hand."""
        hands = [states(side.hand) for side in self.sides[unit]]
        self._agree(f"what {unit} has in hand", _differing(*hands))

    def compare_committed(self) -> None:
        """Compare what both worlds have kept."""
        for unit in self.sides:
            self._leave(unit)
        self._agree("what is committed", _differing(*map(committed, self._works)))

    def _leave(self, unit: str) -> None:
        for side in self.sides[unit]:
            ended(side)

    def _answered(self, unit: str, *, flushes: bool, leaves: bool) -> None:
        known = self.known(unit)
        for name, aggregate in self.sides[unit][0].hand.items():
            self.ledger.loaded(known, name, aggregate)
        if flushes:
            self.ledger.flushed(known)
        if leaves:
            known.saved.pop()

    def _refused(self, unit: str, answer: Refused, claims: Claims, *, leaves: bool) -> None:
        """Find out whether the unit of work can still be used."""
        if leaves:
            self.ledger.failed(self.known(unit), claims)
            self._went_back(unit)
        if not answer.by_store or self.known(unit).failed:
            return
        use = self._use(unit)
        if use == Refused(UnitOfWorkClosed):
            self.ledger.failed(self.known(unit), claims)
            if not self.sides[unit][0].savepoints:
                self.end(unit)

    def _use(self, unit: str) -> Answer:
        answers = [asked(lambda side=side: side.depots.find("nowhere"))[0] for side in self.sides[unit]]
        self._agree(f"use by {unit} after an error of the store", tuple(answers))
        return answers[0]

    def _went_back(self, unit: str) -> None:
        self.ledger.went_back(unit)
        self.compare_hands(unit)
        for world, side in zip(self.worlds, self.sides[unit], strict=True):
            found = _differing(side.saved_state, states(side.hand))
            assert found == ({}, {}), f"what {unit} has in hand in {world.name} was {found[0]}, came back as {found[1]}"

    def _rows(self) -> dict[str, Row]:
        side = begun(self._works[0])
        found: list[Depot | Parcel] = [*side.depots.list(), *side.parcels.list()]
        ended(side)
        return {name_of(entry): state_of(entry) or Row() for entry in found}

    def _agree(self, title: str, answers: tuple[object, ...]) -> None:
        first, second = answers
        told = "\n".join(f"  {world.name}: {answer}" for world, answer in zip(self.worlds, answers, strict=True))
        assert first == second, f"{title} differs:\n{told}"


def _differing(first: Mapping[str, object], second: Mapping[str, object]) -> tuple[dict[str, object], ...]:
    """Return what differs, of aggregates that are in both only the fields that do."""
    names = [name for name in {**first, **second} if first.get(name) != second.get(name)]
    differing: tuple[dict[str, object], ...] = ({}, {})
    for name in names:
        values: tuple[object, ...] = (first.get(name), second.get(name))
        if isinstance(values[0], dict) and isinstance(values[1], dict):
            values = _differing(values[0], values[1])
        for found, value in zip(differing, values, strict=True):
            found[name] = value
    return differing


def _told(answer: Answer, reasons: set[tuple[type[CorelibError], str]], *, loose: bool) -> Answer:
    """Return as much of a refusal as has to be the same in both worlds."""
    if not isinstance(answer, Refused) or (len(reasons) < 2 and not loose) or answer.error is UnitOfWorkClosed:
        return answer
    errors = {error for error, _ in reasons}
    return Refused(answer.error) if len(errors) == 1 and not loose else Refused(CorelibError)
