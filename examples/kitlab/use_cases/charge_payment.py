"""Charging the card of a placed order."""

from __future__ import annotations

from datetime import timedelta

from attrs import frozen

from corelib import Backoff, Clock, JobRun, UnitOfWork, job, new_id, where
from kitlab.domain.billing import Invoice, Payment
from kitlab.domain.money import Money
from kitlab.domain.order import Order
from kitlab.ports import Charge, Declined, PaymentGateway
from kitlab.use_cases.send_confirmation import SendConfirmation, send_confirmation


@frozen
class ChargePayment:
    """Which card to charge with how much."""

    order_id: str
    amount: Money
    card_token: str


@job(
    queue="payments",
    attempts=5,
    backoff=Backoff(first=timedelta(milliseconds=250), factor=2, jitter=0.1),
    timeout=timedelta(seconds=20),
)
def charge_payment(payload: ChargePayment, uow: UnitOfWork, run: JobRun, gateway: PaymentGateway, clock: Clock) -> None:
    """Charge the card; on success mark the order paid, write the invoice and enqueue the confirmation.

    The gateway is called before the unit of work is used, so no transaction waits for it.
    """
    charge = Charge(payload.order_id, payload.amount, payload.card_token)
    answer = gateway.charge(charge, idempotency_key=run.idempotency_key)
    order = uow.repository(Order, str).get(payload.order_id)
    if isinstance(answer, Declined):
        order.mark_declined()
        _note_payment(uow, payload, None)
        return
    order.mark_paid()
    _note_payment(uow, payload, answer.reference)
    uow.repository(Invoice).add(Invoice(new_id(), order.id, payload.amount, clock.now()))
    uow.jobs.enqueue(send_confirmation, SendConfirmation(order.id, order.user_name, order.user_email, payload.amount))


def _note_payment(uow: UnitOfWork, payload: ChargePayment, reference: str | None) -> None:
    """Keep the answer; after a declined card there is a payment already."""
    payments = uow.repository(Payment)
    for payment in payments.list(where("order_id") == payload.order_id):
        payment.reference = reference
        return
    payments.add(Payment(new_id(), payload.order_id, payload.amount, reference))
