from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from attrs import evolve

from kitlab.domain.money import Currency
from kitlab.use_cases.import_order import ImportOrder, OrderedKit, Recipient

pytest.importorskip("hypothesis")
from hypothesis import assume, given
from hypothesis import strategies as st

LINES = st.builds(
    OrderedKit,
    kit_code=st.sampled_from(["GUT-01", "VIT-01"]),
    quantity=st.integers(min_value=1, max_value=1000),
    unit_price=st.integers(min_value=1, max_value=10**6).map(lambda cents: Decimal(cents).scaleb(-2)),
)
ORDERS = st.builds(
    ImportOrder,
    order_id=st.just("ORD-000001"),
    ordered_at=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    practitioner_id=st.sampled_from(["PR-1", "PR-2"]),
    user=st.builds(Recipient, name=st.sampled_from(["Ada", "Zoë"]), email=st.just("a@b.de")),
    currency=st.sampled_from(Currency),
    lines=st.lists(LINES, min_size=1, max_size=3),
    card_token=st.sampled_from(["tok_1", "tok_2"]),
    note=st.none() | st.sampled_from(["", "ring"]),
)
OFFSETS = st.integers(min_value=-14 * 60, max_value=14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def in_other_words(order: ImportOrder, offset: timezone, zeros: int) -> ImportOrder:
    """Return an equal order, whose instant and prices are written otherwise."""
    lines = [evolve(line, unit_price=line.unit_price.quantize(Decimal(1).scaleb(-2 - zeros))) for line in order.lines]
    return evolve(order, ordered_at=order.ordered_at.astimezone(offset), lines=lines)


class TestImportOrder:
    class TestFingerprint:
        @given(ORDERS, OFFSETS, st.integers(min_value=0, max_value=5))
        def test_is_equal_for_equal_orders(self, order: ImportOrder, offset: timezone, zeros: int) -> None:
            same = in_other_words(order, offset, zeros)

            assert same == order
            assert same.fingerprint() == order.fingerprint()

        @given(ORDERS, ORDERS)
        def test_differs_for_different_orders(self, one: ImportOrder, other: ImportOrder) -> None:
            assume(one != other)

            assert one.fingerprint() != other.fingerprint()
