"""Paying an order whose card was declined with another card."""

from __future__ import annotations

from attrs import field, frozen

from corelib import Command, UnitOfWork
from kitlab.domain.order import Order
from kitlab.domain.texts import check_name


@frozen
class PayOrder(Command[None]):
    """Charge another card; answered before that is done."""

    order_id: str
    card_token: str = field(validator=check_name, repr=False)


def pay_order(command: PayOrder, uow: UnitOfWork) -> None:
    """Open the order for another payment. The job that follows from it charges the card.

    Of two who do so at once one has a ConcurrencyConflict or an OrderClosed, so that one card is charged.

    Raises:
        NotFound: if there is no such order.
        OrderClosed: if it is paid, or being paid.
    """
    uow.repository(Order, str).get(command.order_id).pay_with(command.card_token)
