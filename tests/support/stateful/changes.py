"""New aggregates and changes of aggregates as values, which can be applied in each world and read in a report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from attrs import frozen
from hypothesis import strategies as st
from tests.support.stateful.names import CITIES, DEPOTS, PARCELS, identifier_of

from corelib.testing.contracts.samples import Currency, Depot, Item, Parcel, Price, Status, a_parcel

NOON = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
NOTES = (None, "", "x", "X", "a%", "\U00020bb7")
AMOUNTS = ("0.0001", "1.0000", "12.5000", "99999.0000")  # as many digits as the columns keep, which events show
QUANTITIES = (0, 1, 2)


@frozen
class NewParcel:
    """A parcel to be added."""

    name: str
    label: str
    depot: str | None = None
    note: str | None = None
    amount: str = "1.0000"
    items: tuple[int, ...] = ()

    def make(self) -> Parcel:
        """Return the parcel, another object each time."""
        return a_parcel(
            id=identifier_of(self.name),
            label=self.label,
            depot_id=self.depot,
            note=self.note,
            price=Price(Decimal(self.amount)),
            items=[item_of(quantity) for quantity in self.items],
        )


@frozen
class NewDepot:
    """A depot to be added."""

    name: str
    city: str = CITIES[0]

    def make(self) -> Depot:
        """Return the depot, another object each time."""
        return Depot(self.name, self.city)


@frozen
class Sets:
    """A field gets a value."""

    field: str
    value: object

    def apply(self, aggregate: Parcel | Depot) -> None:
        """Set it."""
        setattr(aggregate, self.field, self.value)


@frozen
class Sends:
    """A parcel is sent, which records an event."""

    def apply(self, aggregate: Parcel | Depot) -> None:
        """Send it."""
        assert isinstance(aggregate, Parcel)
        aggregate.send()


@frozen
class SetsItems:
    """The items get these quantities: some places stay, others change, appear or vanish; the code follows from each."""

    quantities: tuple[int, ...]

    def apply(self, aggregate: Parcel | Depot) -> None:
        """Replace the list."""
        assert isinstance(aggregate, Parcel)
        aggregate.items = [item_of(quantity) for quantity in self.quantities]


@frozen
class ChangesItems:
    """The list of items is changed in place, at a place counted from the start; beyond its end nothing happens."""

    how: str
    place: int = 0
    quantity: int = 1

    def apply(self, aggregate: Parcel | Depot) -> None:
        """Change it."""
        assert isinstance(aggregate, Parcel)
        items, item = aggregate.items, item_of(self.quantity)
        if self.how == "append":
            items.append(item)
        elif self.how == "insert":
            items.insert(self.place, item)
        elif self.how == "reverse":
            items.reverse()
        elif self.place < len(items):
            if self.how == "replace":
                items[self.place] = item
            else:
                del items[self.place]


Change = Sets | Sends | SetsItems | ChangesItems
New = NewParcel | NewDepot


def item_of(quantity: int) -> Item:
    """Return an item that differs with its quantity in every column."""
    weight = Decimal(quantity) / 2 if quantity else None
    return Item(f"code {quantity}", quantity, Price(Decimal(quantity), list(Currency)[quantity % 2]), weight)


quantities = st.sampled_from(QUANTITIES)
new_depots = st.builds(NewDepot, name=st.sampled_from(DEPOTS), city=st.sampled_from(CITIES))
_places = st.integers(0, 2)
item_changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(ChangesItems, how=st.just("append"), quantity=quantities),
    st.builds(ChangesItems, how=st.sampled_from(["insert", "replace"]), place=_places, quantity=quantities),
    st.builds(ChangesItems, how=st.just("remove"), place=_places),
    st.just(ChangesItems("reverse")),
    st.builds(SetsItems, quantities=st.lists(quantities, max_size=4).map(tuple)),
)
depot_changes: st.SearchStrategy[Change] = st.builds(Sets, field=st.just("city"), value=st.sampled_from(CITIES))


def new_parcels(labels: st.SearchStrategy[str]) -> st.SearchStrategy[NewParcel]:
    """Return parcels to be added, with labels of a strategy."""
    return st.builds(
        NewParcel,
        name=st.sampled_from(PARCELS),
        label=labels,
        depot=st.none() | st.sampled_from(DEPOTS),
        note=st.sampled_from(NOTES),
        amount=st.sampled_from(AMOUNTS),
        items=st.lists(quantities, max_size=3).map(tuple),
    )


def parcel_changes(labels: st.SearchStrategy[str]) -> st.SearchStrategy[Change]:
    """Return changes of a parcel's own fields, with labels of a strategy."""
    values: dict[str, st.SearchStrategy[object]] = {
        "note": st.sampled_from(NOTES),
        "label": labels,
        "depot_id": st.none() | st.sampled_from(DEPOTS),
        "price": st.builds(Price, st.sampled_from(AMOUNTS).map(Decimal), st.sampled_from(Currency)),
        "status": st.sampled_from(Status),
        "packed_at": st.sampled_from([NOON, NOON + timedelta(microseconds=1)]),
    }
    return st.one_of(
        *(st.builds(Sets, field=st.just(field), value=value) for field, value in values.items()), st.just(Sends())
    )
