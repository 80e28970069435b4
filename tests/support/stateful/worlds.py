"""Stores that have to give the same answers, and answers that can be compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

from attrs import define, field, frozen
from tests.support.stateful.names import name_of

from corelib.domain.page import Page
from corelib.errors import ConcurrencyConflict, CorelibError, NotFound, PersistenceError, UnitOfWorkClosed
from corelib.ports.repository import Repository
from corelib.ports.storage import DEFAULT_TERMS, Storage, Terms
from corelib.ports.unit_of_work import UnitOfWork
from corelib.testing.contracts.arranging import Work
from corelib.testing.contracts.samples import Depot, Parcel, contents

Aggregate = Parcel | Depot
States = dict[str, object]
"""What aggregates are like, by their names."""


class GivenUp(Exception):
    """Lets a block go back to its beginning."""


@frozen
class World:
    """A store under test.

    Args:
        name: for reports.
        emptied: empties it and returns it; called before every sequence.
        units: how many units of work it takes at a time without making one wait in the same thread.
    """

    name: str
    emptied: Callable[[], Storage]
    units: int


@frozen
class Answered:
    """An operation gave an answer."""

    value: object


@frozen
class Refused:
    """An operation raised an error of corelib.

    Args:
        error: its class.
        about: what the error tells programs, where that has to be the same as well.
    """

    error: type[CorelibError]
    about: tuple[object, ...] = ()

    @property
    def by_store(self) -> bool:
        """Return whether a store has given the error, after which the unit of work may be unusable."""
        return issubclass(self.error, PersistenceError | ConcurrencyConflict | UnitOfWorkClosed)


Answer = Answered | Refused


@define(eq=False)
class Side:
    """A unit of work in one world: what the test holds there.

    Args:
        uow: the open unit of work.
        hand: the aggregates that it has handed out or taken, by name.
        savepoints: the blocks that are open, with what was in hand when they began, and in which state.
        saved_state: what was in hand at the savepoint to which it has just gone back.
    """

    uow: UnitOfWork
    hand: dict[str, Aggregate] = field(factory=dict)
    savepoints: list[tuple[AbstractContextManager[None], dict[str, Aggregate], States]] = field(factory=list)
    saved_state: States = field(factory=dict)

    @property
    def parcels(self) -> Repository[Parcel, object]:
        """Return the collection of parcels."""
        return self.uow.repository(Parcel, object)

    @property
    def depots(self) -> Repository[Depot, str]:
        """Return the collection of depots."""
        return self.uow.repository(Depot, str)

    def save(self) -> None:
        """Enter the block of a savepoint."""
        block = self.uow.savepoint()
        block.__enter__()
        self.savepoints.append((block, dict(self.hand), states(self.hand)))

    def release(self) -> None:
        """Leave the innermost block; if that is refused, it has gone back."""
        block, hand, state = self.savepoints.pop()
        try:
            block.__exit__(None, None, None)
        except CorelibError:
            self.hand, self.saved_state = hand, state
            raise

    def go_back(self) -> None:
        """Leave the innermost block with an error."""
        block, self.hand, self.saved_state = self.savepoints.pop()
        error = GivenUp()
        block.__exit__(GivenUp, error, None)

    def holds(self, aggregate: Aggregate) -> None:
        """Note an aggregate that the unit of work has returned: an identifier stands for one object."""
        name = name_of(aggregate)
        known = self.hand.setdefault(name, aggregate)
        assert known is aggregate, f"{name} came as another object than before"


def states(hand: Mapping[str, Aggregate]) -> States:
    """Return the fields of aggregates, apart from the instances."""
    return {
        name: {field: [*value] if isinstance(value, list) else value for field, value in contents(held).items()}
        for name, held in hand.items()
    }


def begun(work: Work, terms: Terms = DEFAULT_TERMS) -> Side:
    """Begin a unit of work."""
    uow = work.unit(terms)
    uow.__enter__()
    return Side(uow)


def ended(side: Side) -> None:
    """Leave the block of a unit of work: without a commit before, that rolls back."""
    uow: AbstractContextManager[object] = side.uow  # type: ignore[assignment]
    uow.__exit__(None, None, None)


def asked(act: Callable[[], object]) -> tuple[Answer, Sequence[Aggregate]]:
    """Run an operation; return its answer, and the aggregates within it as they are."""
    try:
        value = act()
    except CorelibError as error:
        return Refused(type(error), _about(error)), ()
    return Answered(_comparable(value)), _aggregates(value)


def committed(work: Work) -> dict[str, object]:
    """Return all that a store holds, as another unit of work finds it."""
    side = begun(work)
    try:
        depots, parcels = side.depots.list(), side.parcels.list()
    finally:
        ended(side)
    events = sorted((event.name, event.payload) for event in work.storage.events())
    return {**{name_of(found): contents(found) for found in [*depots, *parcels]}, "events": events}


def _about(error: CorelibError) -> tuple[object, ...]:
    if isinstance(error, ConcurrencyConflict):
        return (error.kind, error.identifier, error.expected, error.found)
    return (error.kind, error.identifier) if isinstance(error, NotFound) else ()


def _comparable(value: object) -> object:
    if isinstance(value, Aggregate):
        return (name_of(value), contents(value))
    if isinstance(value, Page):
        return ("page", _comparable(value.items), value.total, value.pages)
    if isinstance(value, list | tuple):
        return [_comparable(entry) for entry in value]
    return value


def _aggregates(value: object) -> Sequence[Aggregate]:
    if isinstance(value, Aggregate):
        return [value]
    if isinstance(value, Page):
        return _aggregates(value.items)
    if isinstance(value, list | tuple):
        return [entry for entry in value if isinstance(entry, Aggregate)]
    return []
