"""Any specification finds in a database what it finds in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contracts.storages import OnMssql, OnPostgresql, OnSqlite

from corelib.domain.specification import Specification, where
from corelib.domain.specification_evaluation import satisfies
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import Work
from corelib.testing.contracts.samples import Currency, Item, Parcel, Price, Status, a_parcel, an_item

NOON = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
TEXTS = ["", "a", "A", "a ", "ab", "a%", "a_", "ä", "\u05d0", "\U00020bb7", "z'\";--"]
AMOUNTS = [Decimal("0.0001"), Decimal("12.5"), Decimal("12.5000"), Decimal(99999)]
INSTANTS = [NOON, NOON + timedelta(microseconds=1), NOON - timedelta(days=400)]
WEIGHTS = [None, Decimal(0), Decimal("1.5")]

texts, amounts, instants = st.sampled_from(TEXTS), st.sampled_from(AMOUNTS), st.sampled_from(INSTANTS)


def ordered(path: str, values: st.SearchStrategy[object]) -> st.SearchStrategy[Specification]:
    """Return every kind of comparison of a field with these values."""
    field = where(path)
    compare = (field.__eq__, field.__ne__, field.__lt__, field.__le__, field.__gt__, field.__ge__)
    return st.one_of(
        *(values.map(comparison) for comparison in compare),
        st.tuples(values, values).map(lambda pair: field.between(*pair)),
        st.lists(values, max_size=4).map(field.one_of),
    )


item_conditions = st.one_of(
    ordered("quantity", st.integers(0, 3)),
    ordered("weight", st.sampled_from([weight for weight in WEIGHTS if weight is not None])),
    st.just(where("weight").is_null()),
)
conditions = st.one_of(
    ordered("note", texts),
    texts.map(where("note").starts_with),
    texts.map(where("note").contains),
    st.just(where("note").is_null()),
    ordered("price.amount", amounts),
    ordered("packed_at", instants),
    st.sampled_from([where("status") == Status.SENT, where("price.currency") != Currency.CHF]),
    st.recursive(item_conditions, lambda inner: inner.map(lambda part: ~part), max_leaves=2).flatmap(
        lambda inner: st.sampled_from([where("items").any(inner), where("items").all(inner)])
    ),
)
specifications = st.recursive(
    conditions,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: pair[0] & pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] | pair[1]),
        inner.map(lambda part: ~part),
    ),
    max_leaves=6,
)


def parcels() -> list[Parcel]:
    """Return parcels that differ in everything that specifications look at."""
    made = []
    for number, note in enumerate([None, *TEXTS]):
        items: list[Item] = [
            an_item(quantity=place, weight=WEIGHTS[(number + place) % len(WEIGHTS)]) for place in range(number % 4)
        ]
        made.append(
            a_parcel(
                note=note,
                price=Price(AMOUNTS[number % len(AMOUNTS)], list(Currency)[number % 2]),
                packed_at=INSTANTS[number % len(INSTANTS)],
                status=list(Status)[number % 2],
                items=items,
            )
        )
    return made


class WithParcels:
    @pytest.fixture
    def stored(self, storage: Storage) -> tuple[Work, list[Parcel]]:
        work, made = Work(storage), parcels()
        work.stores(*made)
        return work, made


def agreement() -> Callable[..., None]:
    """Return the test, a function of its own for each class: Hypothesis does not share one between classes."""

    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(specification=specifications)
    def test(self: WithParcels, stored: tuple[Work, list[Parcel]], specification: Specification) -> None:
        work, made = stored

        with work.unit() as uow:
            found = {parcel.id for parcel in uow.repository(Parcel).list(specification)}
            count = uow.repository(Parcel).count(specification)

        assert found == {parcel.id for parcel in made if satisfies(parcel, specification)}
        assert count == len(found)

    return test


class TestSqlite(OnSqlite, WithParcels):
    test_finds_what_memory_finds = agreement()


class TestPostgresql(OnPostgresql, WithParcels):
    test_finds_what_memory_finds = agreement()


class TestMssql(OnMssql, WithParcels):
    test_finds_what_memory_finds = agreement()
