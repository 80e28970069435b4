"""Outside services that kitlab uses, and the report that each store makes in its own way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from attrs import field, frozen

from corelib import UnitOfWork
from kitlab.domain.money import Money


class GatewayTimeout(Exception):
    """A service did not answer in time: nobody knows whether it did what was asked. Ask again with the same key."""


@frozen
class Charge:
    """A request to take money from a card."""

    order_id: str
    amount: Money
    card_token: str


@frozen
class Charged:
    """The money was taken; `reference` finds it again at the gateway."""

    reference: str


@frozen
class Declined:
    """The card's bank refused: a business outcome, not an error."""

    reason: str


class PaymentGateway(Protocol):
    """Takes money from cards."""

    def charge(self, charge: Charge, *, idempotency_key: str) -> Charged | Declined:
        """Take the money once for each key: a repeated call gets the first answer and has no second effect.

        Raises:
            GatewayTimeout: if no answer came.
        """
        ...


@frozen
class Email:
    """A message to one recipient."""

    recipient: str
    subject: str
    text: str


class EmailSender(Protocol):
    """Sends e-mail."""

    def send(self, email: Email, *, idempotency_key: str) -> None:
        """Hand over the message once for each key.

        Raises:
            GatewayTimeout: if no answer came.
        """
        ...


@frozen
class HealthForm:
    """What a user says about their health before a kit can be analysed: answers by the names of the questions."""

    order_id: str
    answers: Mapping[str, str] = field(repr=False, hash=False)


class HealthInfo(Protocol):
    """Keeps the health information of users, apart from kitlab's own data."""

    def is_complete(self, order_id: str) -> bool:
        """Return whether the form of an order was submitted.

        Raises:
            GatewayTimeout: if no answer came.
        """
        ...

    def submit(self, form: HealthForm, *, idempotency_key: str) -> None:
        """Hand over a form once for each key; a second form of an order takes the place of the first.

        Raises:
            GatewayTimeout: if no answer came.
        """
        ...


@frozen
class Revenue:
    """What was billed in one currency: in how many invoices, and how much in all."""

    invoices: int
    total: Money


class RevenueReport(Protocol):
    """Adds up what was billed."""

    def of(self, day: date, uow: UnitOfWork) -> Sequence[Revenue]:
        """Return the revenue of a day.

        Args:
            day: begins and ends by UTC.
            uow: in which to read; what it has flushed counts.

        Returns:
            One for each currency with invoices, in the order of the codes.
        """
        ...
