"""Taking in a kit that has come back, and asking for what the analysis needs."""

from __future__ import annotations

from datetime import timedelta

from attrs import frozen

from corelib import Backoff, Clock, Command, JobRun, UnitOfWork, job
from kitlab.domain.kit import Kit, KitStatus
from kitlab.domain.order import Order
from kitlab.ports import Email, EmailSender, HealthInfo


@frozen
class ReceiveKit(Command[None]):
    """Note that a kit has come back."""

    barcode: str


@frozen
class CheckKit:
    """Which kit to look after."""

    barcode: str
    order_id: str


@frozen
class AskForHealthInfo:
    """Whom to ask, about which kit."""

    barcode: str
    name: str
    email: str


def receive_kit(command: ReceiveKit, uow: UnitOfWork, clock: Clock) -> None:
    """Note the kit, and have it checked.

    Raises:
        NotFound: if no kit with this barcode was shipped.
        KitNotExpected: if it was received before.
    """
    kit = uow.repository(Kit, str).get(command.barcode)
    kit.receive(clock.now())
    uow.jobs.enqueue(check_kit, CheckKit(kit.id, kit.order_id))


@job(queue="kits", attempts=5, backoff=Backoff(first=timedelta(seconds=1)), timeout=timedelta(seconds=20))
def check_kit(payload: CheckKit, uow: UnitOfWork, health: HealthInfo) -> None:
    """Accept the kit if the user's health information is complete; otherwise have the user asked for it.

    The service is called before the unit of work is used, so no transaction waits for it.
    """
    complete = health.is_complete(payload.order_id)
    kit = uow.repository(Kit, str).get(payload.barcode)
    if kit.status is not KitStatus.RECEIVED:
        return  # somebody else has checked it
    if complete:
        kit.accept()
        return
    order = uow.repository(Order, str).get(kit.order_id)
    uow.jobs.enqueue(ask_for_health_info, AskForHealthInfo(kit.id, order.user_name, order.user_email))


@job(queue="email", attempts=5, backoff=Backoff(first=timedelta(seconds=1)), timeout=timedelta(seconds=20))
def ask_for_health_info(payload: AskForHealthInfo, run: JobRun, sender: EmailSender) -> None:
    """Write to the user whose kit waits."""
    text = f"Dear {payload.name},\n\nyour kit {payload.barcode} is here. Please tell us about your health.\n"
    sender.send(Email(payload.email, f"Your kit {payload.barcode}", text), idempotency_key=run.idempotency_key)
