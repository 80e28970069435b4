"""Sending a kit to the user."""

from __future__ import annotations

from attrs import field, frozen, validators

from corelib import Command, UnitOfWork
from corelib.errors import Problem, ValidationFailed
from kitlab.domain.kit import Kit
from kitlab.domain.order import Order, OrderStatus


@frozen
class ShipKit(Command[None]):
    """Note that a kit of an order was sent."""

    barcode: str = field(validator=validators.matches_re(r"KIT-\d{6,12}"))
    order_id: str
    kit_code: str


def ship_kit(command: ShipKit, uow: UnitOfWork) -> None:
    """Store the kit.

    Raises:
        NotFound: if there is no such order.
        ValidationFailed: if the order is not paid, or has no kit of this type.
        AlreadyExists: if another kit has the barcode.
    """
    order = uow.repository(Order, str).get(command.order_id)
    problems = []
    if order.status is not OrderStatus.PAID:
        problems.append(Problem("order_id", f"{order.id} is not paid", "order_not_paid"))
    if command.kit_code not in {line.kit_code for line in order.lines}:
        problems.append(Problem("kit_code", f"{command.kit_code} was not ordered", "kit_not_ordered"))
    if problems:
        raise ValidationFailed("ShipKit", problems)
    uow.repository(Kit, str).add(Kit(command.barcode, order.id, command.kit_code))
