from __future__ import annotations

from decimal import Decimal

import pytest

from kitlab.domain.money import Currency, Money


def euros(amount: str) -> Money:
    return Money(Decimal(amount), Currency.EUR)


class TestCurrency:
    @pytest.mark.parametrize(("currency", "decimals"), [(Currency.EUR, 2), (Currency.CHF, 2), (Currency.JPY, 0)])
    def test_knows_its_decimals(self, currency: Currency, decimals: int) -> None:
        assert currency.decimals == decimals


class TestMoney:
    @pytest.mark.parametrize(
        ("amount", "currency"),
        [
            ("0", Currency.EUR),
            ("0.01", Currency.EUR),
            ("1.10", Currency.EUR),
            ("1E+3", Currency.EUR),
            ("99999999999999.99", Currency.EUR),
            ("7", Currency.JPY),
        ],
    )
    def test_takes_an_exact_amount(self, amount: str, currency: Currency) -> None:
        assert Money(Decimal(amount), currency).amount == Decimal(amount)

    def test_is_equal_by_amount_and_currency(self) -> None:
        assert euros("1.1") == euros("1.10")
        assert euros("1.1") != euros("1.2")
        assert euros("1") != Money(Decimal(1), Currency.CHF)

    def test_can_be_multiplied(self) -> None:
        assert euros("0.10").times(3) == euros("0.30")

    def test_can_be_added(self) -> None:
        assert euros("0.10").plus(euros("0.20")) == euros("0.30")

    class WhenTheAmountIsNone:
        @pytest.mark.parametrize("amount", ["-0.01", "-1"])
        def test_refuses_a_negative_one(self, amount: str) -> None:
            with pytest.raises(ValueError, match=f"must not be negative: {amount}"):
                euros(amount)

        @pytest.mark.parametrize(
            ("amount", "currency"), [("0.001", Currency.EUR), ("1.5", Currency.JPY), ("1E-30", Currency.EUR)]
        )
        def test_refuses_more_decimals_than_the_currency_has(self, amount: str, currency: Currency) -> None:
            with pytest.raises(ValueError, match=f"has more decimals than {currency.value} has: "):
                Money(Decimal(amount), currency)

        @pytest.mark.parametrize(
            "amount", ["1E+14", "1E+30", "1E+999999", "9" * 40, "NaN", "sNaN", "Infinity", "-Infinity"]
        )
        def test_refuses_what_cannot_be_kept_exactly(self, amount: str) -> None:
            with pytest.raises(ValueError, match="must be a number below 100000000000000: ") as caught:
                euros(amount)

            assert len(str(caught.value)) < 100

    class WhenTheCurrenciesDiffer:
        def test_cannot_be_added(self) -> None:
            with pytest.raises(ValueError, match="cannot add CHF to EUR"):
                euros("1").plus(Money(Decimal(1), Currency.CHF))

    class WhenTheResultWouldBeNegative:
        def test_cannot_be_multiplied(self) -> None:
            with pytest.raises(ValueError, match="must not be negative"):
                euros("1").times(-1)
