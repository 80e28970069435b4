"""Orders."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from attrs import define, frozen

from corelib import Aggregate
from kitlab.domain.money import Money


class OrderStatus(Enum):
    """Stage of an order."""

    PLACED = "placed"
    PAID = "paid"
    DECLINED = "declined"


class OrderClosed(Exception):
    """An order was to be settled that is settled already."""


@frozen
class OrderPlaced:
    """An order was accepted and is to be paid."""

    order_id: str
    total: Money


@frozen
class OrderLine:
    """A number of kits of one type."""

    kit_code: str
    quantity: int
    unit_price: Money

    @property
    def total(self) -> Money:
        """Return the price of the line."""
        return self.unit_price.times(self.quantity)


@define(eq=False)
class Order(Aggregate):
    """An order as it was received; `id` is the sender's, as `ORD-000001`.

    Args:
        fingerprint: tells whether the same identifier came with the same content.
    """

    id: str
    ordered_at: datetime
    practitioner_id: str
    user_name: str
    user_email: str
    card_token: str
    note: str | None
    lines: list[OrderLine]
    total: Money
    fingerprint: str
    status: OrderStatus = OrderStatus.PLACED

    def place(self) -> None:
        """Announce that the order is to be paid."""
        self.record(OrderPlaced(self.id, self.total))

    def mark_paid(self) -> None:
        """Note that the card was charged."""
        self._settle(OrderStatus.PAID)

    def mark_declined(self) -> None:
        """Note that the card was declined."""
        self._settle(OrderStatus.DECLINED)

    def pay_with(self, card_token: str) -> None:
        """Have another card charged after the bank has declined the one before."""
        if self.status is not OrderStatus.DECLINED:
            raise OrderClosed(f"order {self.id} is {self.status.value} already")
        self.card_token = card_token
        self.status = OrderStatus.PLACED
        self.place()

    def _settle(self, status: OrderStatus) -> None:
        if self.status is not OrderStatus.PLACED:
            raise OrderClosed(f"order {self.id} is {self.status.value} already")
        self.status = status


def total_of(lines: list[OrderLine]) -> Money:
    """Return the price of all lines, of which there is at least one."""
    total = lines[0].total
    for line in lines[1:]:
        total = total.plus(line.total)
    return total
