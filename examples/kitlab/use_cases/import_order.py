"""Importing one order."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from decimal import Decimal

import attrs
from attrs import field, frozen, validators

from corelib import Command, UnitOfWork
from corelib.errors import CorelibError, Problem, ValidationFailed
from kitlab.domain.catalogue import KitType, Practitioner
from kitlab.domain.money import Currency, Money
from kitlab.domain.order import Order, OrderLine, OrderPlaced, total_of
from kitlab.domain.texts import check_email, check_name, check_note
from kitlab.use_cases.charge_payment import ChargePayment, charge_payment

MOST_KITS = 1000
HIGHEST_PRICE = Decimal(1_000_000)


class AlreadyImported(CorelibError):
    """The same order, with the same content, is there already."""


class OrderConflict(CorelibError):
    """Another order with the same identifier is there already."""


@frozen
class OrderedKit:
    """One line of an incoming order; the price is for one kit, in the order's currency."""

    kit_code: str = field(validator=check_name)
    quantity: int = field(validator=[validators.ge(1), validators.le(MOST_KITS)])
    unit_price: Decimal = field(validator=[validators.gt(Decimal(0)), validators.le(HIGHEST_PRICE)])


@frozen
class Recipient:
    """For whom the kits are."""

    name: str = field(validator=check_name)
    email: str = field(validator=check_email)


@frozen
class ImportOrder(Command[str]):
    """Take in an order as a practitioner's system sent it; answered by the order's identifier."""

    order_id: str = field(validator=validators.matches_re(r"ORD-\d{6,12}"))
    ordered_at: datetime
    practitioner_id: str = field(validator=check_name)
    user: Recipient
    currency: Currency
    lines: list[OrderedKit] = field(validator=[validators.min_len(1), validators.max_len(100)])
    card_token: str = field(validator=check_name)
    note: str | None = field(default=None, validator=check_note)

    def fingerprint(self) -> str:
        """Return a digest of the content, equal for equal orders, however their prices and instants are written."""
        content = attrs.asdict(self, value_serializer=_canonical)
        return hashlib.sha256(repr(content).encode()).hexdigest()


def _canonical(_: object, __: object, value: object) -> object:
    if isinstance(value, Decimal):
        return value.normalize()
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def import_order(command: ImportOrder, uow: UnitOfWork) -> str:
    """Check the order against the catalogue and what was imported before, and place it.

    Raises:
        AlreadyImported: if it is there.
        OrderConflict: if its identifier was used for another order.
        ValidationFailed: if the practitioner, a kit type or a price is not acceptable.
    """
    orders = uow.repository(Order, str)
    existing = orders.find(command.order_id)
    if existing is not None:
        raise _refusal(existing, command)
    problems = [*_practitioner_problems(command, uow), *_kit_problems(command, uow)]
    lines, price_problems = _priced(command)
    problems += price_problems
    if problems:
        raise ValidationFailed("ImportOrder", problems)
    order = Order(
        id=command.order_id,
        ordered_at=command.ordered_at,
        practitioner_id=command.practitioner_id,
        user_name=command.user.name,
        user_email=command.user.email,
        card_token=command.card_token,
        note=command.note,
        lines=lines,
        total=total_of(lines),
        fingerprint=command.fingerprint(),
    )
    order.place()
    orders.add(order)
    return order.id


def charge_placed_order(event: OrderPlaced, uow: UnitOfWork) -> None:
    """Have every placed order charged, in the transaction that stores it."""
    order = uow.repository(Order, str).get(event.order_id)
    uow.jobs.enqueue(charge_payment, ChargePayment(order.id, order.total, order.card_token))


def _refusal(existing: Order, command: ImportOrder) -> CorelibError:
    if existing.fingerprint == command.fingerprint():
        return AlreadyImported(f"Order {existing.id} was imported before.")
    return OrderConflict(f"Order {existing.id} was imported before with other content.")


def _practitioner_problems(command: ImportOrder, uow: UnitOfWork) -> list[Problem]:
    practitioner = uow.repository(Practitioner, str).find(command.practitioner_id)
    if practitioner is None:
        return [Problem("practitioner_id", f"{command.practitioner_id} is not known", "unknown_practitioner")]
    if not practitioner.active:
        return [Problem("practitioner_id", f"{command.practitioner_id} is not active", "inactive_practitioner")]
    return []


def _kit_problems(command: ImportOrder, uow: UnitOfWork) -> list[Problem]:
    found = uow.repository(KitType, str).find_many([line.kit_code for line in command.lines])
    sold = {kit.id for kit in found if kit.active}
    return [
        Problem(f"lines[{place}].kit_code", f"{line.kit_code} is not sold", "unknown_kit")
        for place, line in enumerate(command.lines)
        if line.kit_code not in sold
    ]


def _priced(command: ImportOrder) -> tuple[list[OrderLine], list[Problem]]:
    lines: list[OrderLine] = []
    problems: list[Problem] = []
    for place, line in enumerate(command.lines):
        try:
            lines.append(OrderLine(line.kit_code, line.quantity, Money(line.unit_price, command.currency)))
        except ValueError as error:
            problems.append(Problem(f"lines[{place}].unit_price", str(error)))
    return lines, problems
