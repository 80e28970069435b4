"""Outside services that kitlab uses."""

from __future__ import annotations

from typing import Protocol

from attrs import frozen

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
