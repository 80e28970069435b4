"""Operations on many aggregates as values, which can be done in each world and read in a report."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType

from attrs import frozen
from hypothesis import strategies as st
from tests.support.stateful.changes import AMOUNTS, NOTES, NewParcel
from tests.support.stateful.names import CITIES, DEPOTS
from tests.support.stateful.questions import anything

from corelib.domain.specification import Specification, where
from corelib.ports.repository import Repository
from corelib.testing.contracts.samples import Currency, Depot, Parcel, Status

Aggregate = Parcel | Depot


@frozen
class Upserts:
    """Parcels are stored past the unit of work."""

    new: tuple[NewParcel, ...]
    kind = Parcel

    def run(self, parcels: Repository[Aggregate, object]) -> object:
        """Store them."""
        return parcels.upsert_many([entry.make() for entry in self.new])


@frozen
class Updates:
    """All that satisfy a specification are changed; `changes` are pairs of paths and values."""

    kind: type[Aggregate]
    specification: Specification | None
    changes: tuple[tuple[str, object], ...]

    def run(self, repository: Repository[Aggregate, object]) -> object:
        """Change them."""
        return repository.update_where(self.specification, MappingProxyType(dict(self.changes)))


@frozen
class Removes:
    """All that satisfy a specification are removed."""

    kind: type[Aggregate]
    specification: Specification | None

    def run(self, repository: Repository[Aggregate, object]) -> object:
        """Remove them."""
        return repository.remove_where(self.specification)


Selecting = Updates | Removes

_cities = st.none() | st.sampled_from(CITIES).map(where("city").__eq__)
_pairs: dict[str, st.SearchStrategy[object]] = {
    "note": st.sampled_from(NOTES),
    "price.amount": st.sampled_from(AMOUNTS).map(Decimal),
    "price.currency": st.sampled_from(Currency),
    "status": st.sampled_from(Status),
    "depot_id": st.none() | st.sampled_from(DEPOTS),
}


def selecting(labels: st.SearchStrategy[str]) -> st.SearchStrategy[Selecting]:
    """Return changes and removals by specification, with labels of a strategy."""
    paths = {**_pairs, "label": labels}
    pair = st.one_of(*(st.tuples(st.just(path), value) for path, value in paths.items()))
    pairs = st.lists(pair, min_size=1, max_size=2, unique_by=lambda entry: entry[0]).map(tuple)
    city = st.sampled_from(CITIES).map(lambda value: (("city", value),))
    return st.one_of(
        st.builds(Updates, kind=st.just(Parcel), specification=anything, changes=pairs),
        st.builds(Updates, kind=st.just(Parcel), specification=anything, changes=pairs),
        st.builds(Updates, kind=st.just(Depot), specification=_cities, changes=city),
        st.builds(Removes, kind=st.just(Parcel), specification=anything),
        st.builds(Removes, kind=st.just(Depot), specification=_cities),
    )
