"""Aggregates in memory, as one transaction sees them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar, cast

from attrs import define

from corelib.adapters.memory.state import copy_of, state_of
from corelib.adapters.memory.tables import Stored, Tables
from corelib.domain.page import Page, offset_of
from corelib.domain.specification import Sort, Specification
from corelib.domain.specification_check import check, check_sort
from corelib.domain.specification_evaluation import in_order, satisfies
from corelib.errors import AlreadyExists, ConcurrencyConflict, MisuseError, NotFound

A = TypeVar("A")


@define(eq=False)
class _Entry(Generic[A]):
    """An aggregate in hand: the version and state it was loaded with (0 and None for a new one)."""

    aggregate: A
    version: int
    loaded: object
    removed: bool = False


class MemoryRepository(Generic[A]):
    """Keeps the contract of `corelib.ports.repository.Repository`; `check` and `apply` are the transaction's commit."""

    def __init__(self, kind: type[A], tables: Tables) -> None:
        self._kind = kind
        self._tables = tables
        self._entries: dict[object, _Entry[A]] = {}

    def add(self, aggregate: A) -> None:
        """Take a new aggregate."""
        identifier = _identifier(aggregate)
        if identifier in self._entries:
            raise self._taken(identifier)
        self._entries[identifier] = _Entry(aggregate, 0, None)

    def get(self, identifier: object) -> A:
        """Return the aggregate."""
        found = self.find(identifier)
        if found is None:
            raise NotFound(self._kind.__name__, identifier)
        return found

    def find(self, identifier: object) -> A | None:
        """Return the aggregate, or None."""
        entry = self._entries.get(identifier) or self._load(identifier)
        return None if entry is None or entry.removed else entry.aggregate

    def find_many(self, identifiers: Sequence[object]) -> Sequence[A]:
        """Return those that exist, in the order asked."""
        found = (self.find(identifier) for identifier in dict.fromkeys(identifiers))
        return [aggregate for aggregate in found if aggregate is not None]

    def remove(self, aggregate: A) -> None:
        """Take an aggregate out."""
        identifier = _identifier(aggregate)
        entry = self._entries.get(identifier)
        if entry is None or entry.aggregate is not aggregate:
            raise MisuseError(
                f"{self._kind.__name__} {identifier!r} does not belong to this unit of work.",
                hint="Load it here before removing it.",
            )
        if entry.version:
            entry.removed = True
        else:
            del self._entries[identifier]

    def list(
        self, specification: Specification | None = None, *, sort: Sequence[Sort] = (), limit: int | None = None
    ) -> Sequence[A]:
        """Look at every aggregate."""
        return self._in_hand(self._sorted(specification, sort)[:limit])

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
        found = self._sorted(specification, sort)
        return Page(self._in_hand(found[start : start + size]), len(found), number, size)

    def exists(self, specification: Specification) -> bool:
        """Look at every aggregate."""
        return bool(self._matching(specification))

    def count(self, specification: Specification | None = None) -> int:
        """Count the aggregates."""
        return len(self._matching(specification))

    def stream(self, *, batch: int = 500) -> Iterator[A]:  # noqa: ARG002 - all is in memory
        """Go through copies of all aggregates."""
        for aggregate in self._visible():
            yield copy_of(aggregate)

    def _sorted(self, specification: Specification | None, sort: Sequence[Sort]) -> Sequence[A]:
        check_sort(sort, self._kind)
        return in_order(self._matching(specification), sort)

    def _in_hand(self, found: Sequence[A]) -> Sequence[A]:
        """Return the instances of this unit of work for what was found in the store."""
        return [self.get(_identifier(aggregate)) for aggregate in found]

    def _matching(self, specification: Specification | None) -> Sequence[A]:
        if specification is None:
            return self._visible()
        check(specification, self._kind)
        return [aggregate for aggregate in self._visible() if satisfies(aggregate, specification)]

    def _visible(self) -> Sequence[A]:
        """Return what this unit of work sees, in the order of the identifiers; what is not in hand is not copied."""
        with self._tables.lock:
            visible = {key: stored.aggregate for key, stored in self._tables.of(self._kind).items()}
        for key, entry in self._entries.items():
            if entry.removed:
                visible.pop(key, None)
            else:
                visible[key] = entry.aggregate
        return [cast("A", visible[key]) for key in sorted(visible, key=lambda key: (str(type(key)), key))]

    def tracked(self) -> Sequence[object]:
        """Return the aggregates in hand."""
        return [entry.aggregate for entry in self._entries.values()]

    def check(self) -> None:
        """Raise if what is in hand cannot be applied to what is committed now."""
        committed = self._tables.of(self._kind)
        for identifier, entry in self._entries.items():
            if _identifier(entry.aggregate) != identifier:
                raise MisuseError(f"The identifier of a {self._kind.__name__} was changed from {identifier!r}.")
            stored = committed.get(identifier)
            if not entry.version and stored is not None:
                raise self._taken(identifier)
            if entry.version and _changed(entry) and (stored is None or stored.version != entry.version):
                found = stored.version if stored else None
                raise ConcurrencyConflict(self._kind.__name__, identifier, expected=entry.version, found=found)

    def apply(self) -> None:
        """Make what is in hand the committed state."""
        committed = self._tables.of(self._kind)
        for identifier, entry in self._entries.items():
            if entry.removed:
                del committed[identifier]
            elif _changed(entry):
                committed[identifier] = Stored(copy_of(entry.aggregate), entry.version + 1)

    def _load(self, identifier: object) -> _Entry[A] | None:
        with self._tables.lock:
            stored = self._tables.of(self._kind).get(identifier)
            if stored is None:
                return None
            aggregate: A = copy_of(stored.aggregate)  # type: ignore[assignment]
            entry = _Entry(aggregate, stored.version, state_of(aggregate))
        self._entries[identifier] = entry
        return entry

    def _taken(self, identifier: object) -> AlreadyExists:
        return AlreadyExists(f"There is a {self._kind.__name__} with the identifier {identifier!r} already.")


def _identifier(aggregate: object) -> object:
    try:
        return aggregate.id  # type: ignore[attr-defined]
    except AttributeError:
        raise MisuseError(f"{type(aggregate).__name__} has no field `id`, so it is no aggregate root.") from None


def _changed(entry: _Entry[A]) -> bool:
    return entry.removed or state_of(entry.aggregate) != entry.loaded
