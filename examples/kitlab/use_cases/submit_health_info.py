"""Handing a user's health information on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from attrs import field, frozen, validators

from corelib import Backoff, Command, JobRun, UnitOfWork, job, where
from kitlab.domain.kit import Kit, KitStatus
from kitlab.domain.order import Order
from kitlab.ports import HealthForm, HealthInfo
from kitlab.use_cases.receive_kit import CheckKit, check_kit


@frozen
class SubmitHealthInfo(Command[None]):
    """Take in what a user has filled in."""

    order_id: str
    answers: Mapping[str, str] = field(validator=validators.min_len(1), repr=False)


@frozen
class HandOn:
    """What to hand on."""

    order_id: str
    answers: Mapping[str, str] = field(repr=False)


def submit_health_info(command: SubmitHealthInfo, uow: UnitOfWork) -> None:
    """Have the answers handed on.

    Raises:
        NotFound: if there is no such order.
    """
    order = uow.repository(Order, str).get(command.order_id)
    uow.jobs.enqueue(hand_on_health_info, HandOn(order.id, command.answers))


@job(queue="health", attempts=5, backoff=Backoff(first=timedelta(seconds=1)), timeout=timedelta(seconds=20))
def hand_on_health_info(payload: HandOn, uow: UnitOfWork, run: JobRun, health: HealthInfo) -> None:
    """Submit the answers, and have the kits checked that wait for them."""
    health.submit(HealthForm(payload.order_id, payload.answers), idempotency_key=run.idempotency_key)
    waiting = (where("order_id") == payload.order_id) & (where("status") == KitStatus.RECEIVED)
    for kit in uow.repository(Kit, str).list(waiting):
        uow.jobs.enqueue(check_kit, CheckKit(kit.id, kit.order_id))
