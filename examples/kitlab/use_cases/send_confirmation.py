"""Telling the user that the order is paid."""

from __future__ import annotations

from datetime import timedelta

from attrs import frozen

from corelib import Backoff, Clock, JobRun, UnitOfWork, job
from kitlab.domain.billing import Confirmation
from kitlab.domain.money import Money
from kitlab.ports import Email, EmailSender


@frozen
class SendConfirmation:
    """To whom to write what."""

    order_id: str
    name: str
    email: str
    amount: Money


@job(queue="email", attempts=5, backoff=Backoff(first=timedelta(seconds=1)), timeout=timedelta(seconds=20))
def send_confirmation(
    payload: SendConfirmation, uow: UnitOfWork, run: JobRun, sender: EmailSender, clock: Clock
) -> None:
    """Send the confirmation and note that it was sent."""
    email = Email(
        recipient=payload.email,
        subject=f"Your order {payload.order_id}",
        text=(
            f"Dear {payload.name},\n\nyour order {payload.order_id} is paid: "
            f"{payload.amount.amount} {payload.amount.currency.value}.\n"
        ),
    )
    sender.send(email, idempotency_key=run.idempotency_key)
    sent = Confirmation(run.job_id, payload.order_id, email.recipient, email.subject, clock.now())
    uow.repository(Confirmation).add(sent)
