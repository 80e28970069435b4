"""Collections of aggregates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from corelib.domain.page import Page
from corelib.domain.specification import Sort, Specification

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

    def find_many(self, identifiers: Sequence[I_contra]) -> Sequence[A]:
        """Return those that exist among the identifiers, in the order asked, each once; any number may be asked."""
        ...

    def remove(self, aggregate: A) -> None:
        """Take an aggregate and all its parts out of the collection.

        Raises:
            MisuseError: if it was neither loaded nor added in this unit of work.
        """
        ...

    def list(
        self, specification: Specification | None = None, *, sort: Sequence[Sort] = (), limit: int | None = None
    ) -> Sequence[A]:
        """Return the aggregates that satisfy a specification, changes of this unit of work included.

        Args:
            specification: by default all.
            sort: by which fields; what is equal in all of them comes in the order of the identifiers.
            limit: at most so many.

        Raises:
            InvalidSpecification: if a path leads to no field, or a value has another type than its field.
            InvalidData: if a value cannot be compared with its column, as a decimal with more digits than that keeps.
        """
        ...

    def page(
        self,
        specification: Specification | None = None,
        *,
        sort: Sequence[Sort] = (),
        number: int = 1,
        size: int = 50,
    ) -> Page[A]:
        """Return one page of what `list` returns, with the number of all results; a page behind the last is empty.

        Two statements: between them others may commit, so that page and total need not fit.

        Args:
            specification: as in `list`.
            sort: as in `list`.
            number: which page, from 1.
            size: how many items a full page has.

        Raises:
            MisuseError: if number or size is below 1.
            InvalidSpecification, InvalidData: as `list` does.
        """
        ...

    def exists(self, specification: Specification) -> bool:
        """Return whether any aggregate satisfies a specification; raises as `list` does."""
        ...

    def count(self, specification: Specification | None = None) -> int:
        """Return how many aggregates satisfy a specification, by default all; raises as `list` does.

        Changes of this unit of work are included.
        """
        ...

    def stream(self, *, batch: int = 500) -> Iterator[A]:
        """Go through all aggregates in the order of their identifiers, as the store sorts them.

        Args:
            batch: how many are read at a time; memory stays bounded by it. Streamed aggregates are for reading: they
                are not tracked, and their changes are not written.
        """
        ...
