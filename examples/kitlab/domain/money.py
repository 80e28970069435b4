"""Amounts of money."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

from attrs import frozen

_DECIMALS = {"JPY": 0}


class Currency(Enum):
    """Currencies that kitlab sells in, by their ISO 4217 codes."""

    CHF = "CHF"
    EUR = "EUR"
    GBP = "GBP"
    JPY = "JPY"
    SEK = "SEK"
    USD = "USD"

    @property
    def decimals(self) -> int:
        """Return how many digits an amount may have after the point."""
        return _DECIMALS.get(self.value, 2)


@frozen
class Money:
    """An exact amount in one currency.

    Raises:
        ValueError: if the amount is negative or has more decimals than the currency.
    """

    amount: Decimal
    currency: Currency

    def __attrs_post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError(f"must not be negative: {self.amount}")
        if self.amount != round(self.amount, self.currency.decimals):
            raise ValueError(f"has more decimals than {self.currency.value} has: {self.amount}")

    def times(self, quantity: int) -> Money:
        """Return the amount so many times."""
        return Money(self.amount * quantity, self.currency)

    def plus(self, other: Money) -> Money:
        """Return the sum; both must have the same currency."""
        if other.currency is not self.currency:
            raise ValueError(f"cannot add {other.currency.value} to {self.currency.value}")
        return Money(self.amount + other.amount, self.currency)
