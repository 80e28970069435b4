"""Collections of aggregates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Protocol, TypeVar

from corelib.domain.page import CursorPage, Page
from corelib.domain.specification import Sort, Specification

A = TypeVar("A")
I_contra = TypeVar("I_contra", contravariant=True)


class Locking(Enum):
    """Keeps others from changing, removing or locking what is loaded, until this unit of work ends.

    Reading without a lock is never held up by it.
    """

    WAIT = "wait"
    """Wait for others that hold it, at most for the lock timeout of the unit of work."""

    SKIP = "skip"
    """Pass over what others hold, as if it were not there."""

    FAIL = "fail"
    """Raise `RowLocked` at once where others hold it."""


class Repository(Protocol[A, I_contra]):
    """The aggregates of one class, as one unit of work sees them.

    Within the unit of work an identifier stands for one object: whoever asks twice gets the same instance. Changes of
    loaded aggregates are written when the unit of work commits; there is no save call. A changed identifier is refused
    then with a MisuseError.

    Every method raises `TransientFailure` if the unit of work may be run again as a whole, and `UnitOfWorkClosed` once
    the store has refused a statement of it: what it would do after that differs from engine to engine, so that it can
    only be rolled back, or rolled back to a savepoint.

    A class with a field `tenant_field()` is seen through the tenant of the current context: others' aggregates are not
    there. Without a tenant every method raises `TenantMissing`. A class with a field `removal_field()` keeps removed
    aggregates; only `restore` and `list_removed` see them.
    """

    def add(self, aggregate: A) -> None:
        """Take a new aggregate into the collection.

        It is readable in this unit of work at once, in others after the commit.

        Raises:
            AlreadyExists: at the latest on commit, if the identifier is taken. Nothing of the unit of work is stored.
        """
        ...

    def add_many(self, aggregates: Iterable[A]) -> None:
        """Take new aggregates into the collection, as `add` does with each."""
        ...

    def get(self, identifier: I_contra, *, lock: Locking | None = None) -> A:
        """Return the aggregate with this identifier.

        Args:
            identifier: of the aggregate.
            lock: lock it as well. Pending changes are written first, and an aggregate that is in hand already is
                compared with the store.

        Raises:
            NotFound: if there is none, or it is passed over by `Locking.SKIP`.
            RowLocked: if somebody else holds it, at once or when the lock timeout is over.
            ConcurrencyConflict: if it was in hand already, and somebody has changed it since.
        """
        ...

    def find(self, identifier: I_contra, *, lock: Locking | None = None) -> A | None:
        """Return the aggregate with this identifier, or None; otherwise as `get`."""
        ...

    def get_many(self, identifiers: Sequence[I_contra]) -> Sequence[A]:
        """Return the aggregates with these identifiers, in the order asked, each once; any number may be asked.

        Raises:
            NotFound: if one is missing; the first that is.
        """
        ...

    def find_many(self, identifiers: Sequence[I_contra]) -> Sequence[A]:
        """Return those that exist among the identifiers, in the order asked, each once; any number may be asked."""
        ...

    def remove(self, aggregate: A) -> None:
        """Take an aggregate and all its parts out of the collection.

        Where the class has a `removal_field()`, that is set to the present instant instead, on commit.

        Raises:
            MisuseError: if it was neither loaded nor added in this unit of work.
        """
        ...

    def restore(self, identifier: I_contra) -> A:
        """Take a removed aggregate back into the collection and return it.

        Raises:
            NotFound: if there is no removed one with this identifier.
            MisuseError: if the class has no `removal_field()`.
        """
        ...

    def list_removed(
        self, specification: Specification | None = None, *, sort: Sequence[Sort] = (), limit: int | None = None
    ) -> Sequence[A]:
        """Return removed aggregates, for reading: they are not tracked. Otherwise as `list`.

        Raises:
            MisuseError: if the class has no `removal_field()`.
        """
        ...

    def list(
        self,
        specification: Specification | None = None,
        *,
        sort: Sequence[Sort] = (),
        limit: int | None = None,
        lock: Locking | None = None,
    ) -> Sequence[A]:
        """Return the aggregates that satisfy a specification, changes of this unit of work included.

        Args:
            specification: by default all.
            sort: by which fields; what is equal in all of them comes in the order of the identifiers.
            limit: at most so many.
            lock: lock them as well. Of those in hand the stored state is compared, as `get` does.

        Raises:
            RowLocked, ConcurrencyConflict: as `get` does with a lock.
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

    def page_after(
        self,
        cursor: str | None = None,
        specification: Specification | None = None,
        *,
        sort: Sequence[Sort] = (),
        size: int = 50,
    ) -> CursorPage[A]:
        """Return the page that follows a cursor, in the order of `sort` and then of the identifiers.

        The place is found by the values of the last aggregate that was shown, so that pages far behind are as cheap as
        the first, and nothing is shown twice or left out because others add or remove something before it.

        Args:
            cursor: `next` of the page before; None for the first page.
            specification: as in `list`; the same for all pages.
            sort: as in `list`; the same for all pages.
            size: how many items a full page has.

        Raises:
            InvalidCursor: if the cursor was not made for this class and order, or was changed.
            MisuseError: if the size is below 1.
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

    def stream(self, specification: Specification | None = None, *, batch: int = 500) -> Iterator[A]:
        """Go through the aggregates that satisfy a specification, in the order of the identifiers, as the store sorts.

        Changes of this unit of work are included. Streamed aggregates are for reading: they are not tracked, and
        their changes are not written.

        Args:
            specification: by default all.
            batch: how many are read at a time; memory stays bounded by it.

        Raises:
            MisuseError: if the batch is below 1.
            InvalidSpecification, InvalidData: as `list` does.
        """
        ...

    def upsert_many(self, aggregates: Iterable[A]) -> None:
        """Store each aggregate, parts included, whether or not there is one with its identifier; for mass data.

        Nothing is loaded or compared: whoever comes last wins, and the version of what was there goes up by one. It
        happens at once, within this unit of work. The aggregates are not in hand afterwards; events that they recorded
        are taken on commit. Of two with the same identifier the later one is stored.

        Raises:
            MisuseError: if one of them is in hand in this unit of work: change it there.
            IntegrityViolation: if the data breaks a constraint.
        """
        ...

    def update_where(self, specification: Specification | None, changes: Mapping[str, object]) -> int:
        """Change fields of all aggregates that satisfy a specification, without loading them; return how many.

        It happens at once, within this unit of work. Every version goes up by one. Aggregates in hand are changed as
        well, and are written on commit as usual.

        Args:
            specification: which ones; None means all.
            changes: new values by the path of the field, as `{"status": Status.SENT, "price.amount": Decimal(2)}`;
                None only for fields that may be None.

        Raises:
            InvalidSpecification: for a path that leads to no field or to the identifier, or a value of another type.
            MisuseError: without changes.
            IntegrityViolation: if the data breaks a constraint.
        """
        ...

    def remove_where(self, specification: Specification | None) -> int:
        """Remove all aggregates that satisfy a specification, parts included, without loading them; return how many.

        It happens at once, within this unit of work; those in hand are removed as `remove` does.

        Args:
            specification: which ones; None means all.

        Raises:
            InvalidSpecification: as `list` does.
            ReferenceViolation: if something still points at one of them.
        """
        ...
