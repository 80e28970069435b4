from __future__ import annotations

from decimal import Decimal

import pytest

from kitlab.domain.money import Currency, Money

pytest.importorskip("hypothesis")
from hypothesis import given
from hypothesis import strategies as st

CENTS = st.integers(min_value=0, max_value=10**12)
EUROS = CENTS.map(lambda cents: Money(Decimal(cents).scaleb(-2), Currency.EUR))
QUANTITIES = st.integers(min_value=0, max_value=1000)


class TestMoney:
    @given(EUROS, EUROS)
    def test_can_be_added_in_any_order(self, one: Money, other: Money) -> None:
        assert one.plus(other) == other.plus(one)

    @given(EUROS, EUROS, EUROS)
    def test_can_be_added_in_any_grouping(self, one: Money, two: Money, three: Money) -> None:
        assert one.plus(two).plus(three) == one.plus(two.plus(three))

    @given(EUROS, st.integers(min_value=1, max_value=20))
    def test_is_multiplied_as_if_it_were_added(self, money: Money, quantity: int) -> None:
        total = money
        for _ in range(quantity - 1):
            total = total.plus(money)

        assert money.times(quantity) == total

    @given(EUROS, EUROS, QUANTITIES)
    def test_loses_no_cent_by_multiplying_apart(self, one: Money, other: Money, quantity: int) -> None:
        assert one.plus(other).times(quantity) == one.times(quantity).plus(other.times(quantity))

    @given(st.decimals(), st.sampled_from(Currency))
    def test_is_exact_or_refused(self, amount: Decimal, currency: Currency) -> None:
        try:
            money = Money(amount, currency)
        except ValueError:
            return

        assert money.amount == amount >= 0
        assert amount == amount.quantize(Decimal(1).scaleb(-currency.decimals))
