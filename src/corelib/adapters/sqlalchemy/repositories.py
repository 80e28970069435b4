"""The repositories of one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar, cast

from corelib.adapters.sqlalchemy.entries import Checkpoint
from corelib.adapters.sqlalchemy.plans import Plans
from corelib.adapters.sqlalchemy.repository import SqlRepository
from corelib.adapters.sqlalchemy.seat import Seat

A = TypeVar("A")


class Repositories:
    """Makes repositories when they are asked for, and lets them write in the right order.

    Args:
        plans: how each class is loaded and stored.
        seat: what they share.
    """

    def __init__(self, plans: Plans, seat: Seat) -> None:
        self._plans = plans
        self._seat = seat
        self._made: dict[type, SqlRepository[object]] = {}
        self._checkpoints_taken = False
        self._empty: dict[type, Checkpoint[object]] = {}

    def of(self, aggregate: type[A]) -> SqlRepository[A]:
        """Return the collection of a mapped class.

        Raises:
            UnboundHandler: if no table is mapped for it.
        """
        repository = self._made.get(aggregate)
        if repository is None:
            repository = self._made[aggregate] = SqlRepository(self._plans.of(aggregate), self._seat)
            if self._checkpoints_taken:
                self._empty[aggregate] = repository.hand.checkpoint()
        return cast("SqlRepository[A]", repository)

    def tracked(self) -> Sequence[object]:
        """Return the aggregates in hand."""
        return [aggregate for repository in list(self._made.values()) for aggregate in repository.hand.tracked()]

    def flush(self) -> None:
        """Write what has changed, in the order that foreign keys between the mapped tables ask for."""
        if not self._made:
            return
        ordered = [self._made[kind] for kind in sorted(self._made, key=self._plans.rank_of)]
        for repository in ordered:
            repository.hand.flush_new()
        for repository in ordered:
            repository.hand.flush_changed()
        for repository in reversed(ordered):
            repository.hand.flush_removed()

    def checkpoints(self) -> Mapping[type, Checkpoint[object]]:
        """Return what `return_to` needs to restore the present state."""
        self._checkpoints_taken = True
        return {kind: repository.hand.checkpoint() for kind, repository in self._made.items()}

    def return_to(self, checkpoints: Mapping[type, Checkpoint[object]]) -> None:
        """Restore a state.

        A repository that was made since is emptied, but stays: whoever holds it wants written what he adds to it.
        """
        for kind, repository in self._made.items():
            if kind in checkpoints:
                repository.hand.return_to(checkpoints[kind])
            else:
                repository.hand.return_to(self._empty[kind])
                self._empty[kind] = repository.hand.checkpoint()
