"""Payments, invoices and what was written to the users."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from attrs import define

from corelib import Aggregate
from kitlab.domain.money import Money


@define(eq=False)
class Payment(Aggregate):
    """The last answer of the payment gateway to one order; `reference` is the gateway's, None for a declined card."""

    id: UUID
    order_id: str
    amount: Money
    reference: str | None


@define(eq=False)
class Invoice(Aggregate):
    """What a paid order is billed with."""

    id: UUID
    order_id: str
    amount: Money
    issued_at: datetime


@define(eq=False)
class Confirmation(Aggregate):
    """An e-mail that the sender took."""

    id: UUID
    order_id: str
    recipient: str
    subject: str
    sent_at: datetime
