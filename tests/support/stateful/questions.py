"""Questions about parcels as values, which can be put in each world and read in a report."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen
from hypothesis import strategies as st
from tests.support.stateful.changes import AMOUNTS, NOTES, QUANTITIES
from tests.support.stateful.names import DEPOTS, LABELS, PARCELS, identifier_of, name_of

from corelib.domain.specification import Sort, Specification, ascending, descending, where
from corelib.ports.repository import Locking, Repository
from corelib.testing.contracts.samples import Parcel, Status

Parcels = Repository[Parcel, object]


@frozen
class Gets:
    """The parcel with an identifier, or an error."""

    name: str
    lock: Locking | None = None

    def put(self, parcels: Parcels) -> object:
        """Ask."""
        return parcels.get(identifier_of(self.name), lock=self.lock)


@frozen
class Finds:
    """Those that exist among some identifiers."""

    names: tuple[str, ...]

    def put(self, parcels: Parcels) -> object:
        """Ask."""
        return parcels.find_many([identifier_of(name) for name in self.names])


@frozen
class GetsMany:
    """All with some identifiers, or an error."""

    names: tuple[str, ...]

    def put(self, parcels: Parcels) -> object:
        """Ask."""
        return parcels.get_many([identifier_of(name) for name in self.names])


@frozen
class Lists:
    """All that satisfy a specification."""

    specification: Specification | None = None
    sort: tuple[Sort, ...] = ()
    limit: int | None = None
    lock: Locking | None = None

    def put(self, parcels: Parcels) -> object:
        """Ask."""
        return parcels.list(self.specification, sort=self.sort, limit=self.limit, lock=self.lock)


@frozen
class Pages:
    """A page of them."""

    specification: Specification | None = None
    sort: tuple[Sort, ...] = ()
    number: int = 1
    size: int = 2

    def put(self, parcels: Parcels) -> object:
        """Ask."""
        return parcels.page(self.specification, sort=self.sort, number=self.number, size=self.size)


@frozen
class Walks:
    """All pages, one after the other by their cursors."""

    specification: Specification | None = None
    sort: tuple[Sort, ...] = ()
    size: int = 1

    def put(self, parcels: Parcels) -> object:
        """Ask for page after page."""
        found: list[Parcel] = []
        cursor: str | None = None
        for _ in range(2 * len(PARCELS)):
            page = parcels.page_after(cursor, self.specification, sort=self.sort, size=self.size)
            found += page.items
            cursor = page.next
            if cursor is None:
                break
        listed = parcels.list(self.specification, sort=self.sort)
        shown, expected = [name_of(parcel) for parcel in found], [name_of(parcel) for parcel in listed]
        assert shown == expected, f"{self}: the pages show {shown}, the list {expected}"  # cursors are made alike
        return found


@frozen
class Counts:
    """How many there are."""

    specification: Specification | None = None

    def put(self, parcels: Parcels) -> object:
        """Ask."""
        return parcels.count(self.specification)


@frozen
class Exists:
    """Whether there is any."""

    specification: Specification

    def put(self, parcels: Parcels) -> object:
        """Ask."""
        return parcels.exists(self.specification)


@frozen
class Streams:
    """All of them, for reading."""

    batch: int = 1

    def put(self, parcels: Parcels) -> object:
        """Ask, and go through to the end."""
        return list(parcels.stream(batch=self.batch))


LookUp = Gets | Finds | GetsMany
Locked = Gets | Lists
Question = Lists | Pages | Walks | Counts | Exists | Streams

_texts = st.sampled_from([note for note in NOTES if note is not None])
_conditions = st.one_of(
    _texts.map(where("note").__eq__),
    _texts.map(where("note").__gt__),
    _texts.map(where("note").contains),
    st.just(where("note").is_null()),
    st.sampled_from(LABELS).map(where("label").__eq__),
    st.lists(st.sampled_from(DEPOTS), max_size=2).map(where("depot_id").one_of),
    st.sampled_from(AMOUNTS).map(Decimal).map(where("price.amount").__le__),
    st.just(where("status") == Status.SENT),
    st.sampled_from(QUANTITIES).map(lambda quantity: where("items").any(where("quantity") == quantity)),
    st.sampled_from(QUANTITIES).map(lambda quantity: where("items").all(where("quantity") >= quantity)),
)
specifications: st.SearchStrategy[Specification] = st.recursive(
    _conditions,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: pair[0] & pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] | pair[1]),
        inner.map(lambda part: ~part),
    ),
    max_leaves=3,
)
anything = st.none() | specifications
_paths = st.sampled_from(["note", "price.amount", "packed_at", "depot_id"])
_sorts = st.lists(
    st.one_of(_paths.map(ascending), _paths.map(descending)), max_size=2, unique_by=lambda sort: sort.path
).map(tuple)  # many leave ties, which the identifiers break
_names = st.sampled_from(PARCELS)
_lists = st.lists(_names, max_size=5).map(tuple)

look_ups: st.SearchStrategy[LookUp] = st.one_of(
    st.builds(Gets, name=_names), st.builds(Finds, names=_lists), st.builds(GetsMany, names=_lists)
)
"""Questions that are answered by identifier, without a flush."""

questions: st.SearchStrategy[Question] = st.one_of(
    st.builds(Lists, specification=anything, sort=_sorts, limit=st.none() | st.integers(0, 3)),
    st.builds(Pages, specification=anything, sort=_sorts, number=st.integers(1, 2), size=st.integers(1, 3)),
    st.builds(Walks, specification=anything, sort=_sorts, size=st.integers(1, 3)),
    st.builds(Counts, specification=anything),
    st.builds(Exists, specification=specifications),
    st.builds(Streams, batch=st.integers(1, 3)),
)
"""Questions about all that there is, which flush first."""

_locks = st.sampled_from(Locking)
locked: st.SearchStrategy[Locked] = st.one_of(
    st.builds(Gets, name=_names, lock=_locks),
    st.builds(Lists, specification=anything, sort=_sorts, limit=st.none() | st.integers(1, 2), lock=_locks),
)
"""Questions that lock what they find."""
