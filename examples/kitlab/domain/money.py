"""Amounts of money."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

from attrs import frozen

_DECIMALS = {"JPY": 0}
_LIMIT = Decimal(10) ** 14  # below it every amount, and every sum of a few, is exact and fits its column


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
        ValueError: if the amount is negative, has more decimals than the currency, or is no number below 10^14.
    """

    amount: Decimal
    currency: Currency

    def __attrs_post_init__(self) -> None:
        if not self.amount.is_finite() or self.amount >= _LIMIT:
            raise ValueError(f"must be a number below {_LIMIT}: {_shown(self.amount)}")
        if self.amount < 0:
            raise ValueError(f"must not be negative: {_shown(self.amount)}")
        if self.amount != round(self.amount, self.currency.decimals):
            raise ValueError(f"has more decimals than {self.currency.value} has: {_shown(self.amount)}")

    def times(self, quantity: int) -> Money:
        """Return the amount so many times."""
        return Money(self.amount * quantity, self.currency)

    def plus(self, other: Money) -> Money:
        """Return the sum; both must have the same currency."""
        if other.currency is not self.currency:
            raise ValueError(f"cannot add {other.currency.value} to {self.currency.value}")
        return Money(self.amount + other.amount, self.currency)


def _shown(amount: Decimal) -> str:
    text = str(amount)
    return text if len(text) <= 40 else f"{text[:37]}..."
