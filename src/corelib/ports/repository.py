"""Collections of aggregates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

A = TypeVar("A")
I_contra = TypeVar("I_contra", contravariant=True)


class Repository(Protocol[A, I_contra]):
    """The aggregates of one class, as one unit of work sees them.

    Within the unit of work an identifier stands for one object: whoever asks twice gets the same instance. Changes of
    loaded aggregates are written when the unit of work commits; there is no save call. A changed identifier is refused
    then with a MisuseError.
    """

    def add(self, aggregate: A) -> None:
        """Take a new aggregate into the collection.

        It is readable in this unit of work at once, in others after the commit.

        Raises:
            AlreadyExists: at the latest on commit, if the identifier is taken. Nothing of the unit of work is stored.
        """
        ...

    def get(self, identifier: I_contra) -> A:
        """Return the aggregate with this identifier.

        Raises:
            NotFound: if there is none.
        """
        ...

    def find(self, identifier: I_contra) -> A | None:
        """Return the aggregate with this identifier, or None."""
        ...

    def find_many(self, identifiers: Sequence[I_contra]) -> list[A]:
        """Return those that exist among the identifiers, in the order asked, each once; any number may be asked."""
        ...

    def remove(self, aggregate: A) -> None:
        """Take an aggregate and all its parts out of the collection.

        Raises:
            MisuseError: if it was neither loaded nor added in this unit of work.
        """
        ...

    def count(self) -> int:
        """Return how many aggregates there are, those added in this unit of work included."""
        ...

    def stream(self, *, batch: int = 500) -> Iterator[A]:
        """Go through all aggregates in the order of their identifiers, as the store sorts them.

        Args:
            batch: how many are read at a time; memory stays bounded by it. Streamed aggregates are for reading: they
                are not tracked, and their changes are not written.
        """
        ...
