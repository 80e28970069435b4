"""kitlab put together in memory, with a catalogue and everything that a test may want to look at."""

from __future__ import annotations

from typing import TypeVar

from attrs import frozen

from corelib import Context, Host
from corelib.adapters.memory import ManualClock, MemoryLogger
from corelib.bootstrap import bootstrap
from kitlab.adapters.fakes import FakeEmailSender, FakeHealthInfo, FakePaymentGateway
from kitlab.app import app
from kitlab.domain.billing import Confirmation, Invoice, Payment
from kitlab.domain.catalogue import KitType, Practitioner
from kitlab.domain.order import Order
from kitlab.ports import EmailSender, HealthInfo, PaymentGateway
from kitlab.use_cases.import_order import ImportOrder

A = TypeVar("A")
Raw = dict[str, object]


@frozen
class Laboratory:
    """A host in memory. Practitioner PR-1 is active, PR-0 is not; kits GUT-01 and VIT-01 are sold, OLD-01 is not."""

    host: Host
    clock: ManualClock
    log: MemoryLogger
    gateway: FakePaymentGateway
    sender: FakeEmailSender
    health: FakeHealthInfo

    def submit(self, raw: Raw, *, correlation_id: str = "c-1") -> str:
        return self.host.submit(ImportOrder, raw, context=Context(correlation_id))

    def order(self, identifier: str = "ORD-000001") -> Order:
        with self.host.unit_of_work() as uow:
            return uow.repository(Order, str).get(identifier)

    def all(self, kind: type[A]) -> list[A]:
        with self.host.unit_of_work() as uow:
            return list(uow.repository(kind).stream())

    def orders(self) -> list[Order]:
        return self.all(Order)

    def payments(self) -> list[Payment]:
        return self.all(Payment)

    def invoices(self) -> list[Invoice]:
        return self.all(Invoice)

    def confirmations(self) -> list[Confirmation]:
        return self.all(Confirmation)


def laboratory(
    *, gateway: PaymentGateway | None = None, sender: EmailSender | None = None, stocked: bool = True
) -> Laboratory:
    """Open a laboratory; `gateway` and `sender` may stand in the place of the fakes."""
    clock, log = ManualClock(), MemoryLogger()
    fake_gateway, fake_sender, health = FakePaymentGateway(), FakeEmailSender(), FakeHealthInfo()
    services: dict[type, object] = {
        PaymentGateway: gateway or fake_gateway,
        EmailSender: sender or fake_sender,
        HealthInfo: health,
    }
    host = bootstrap(app, clock=clock, log=log, services=services)
    if stocked:
        with host.unit_of_work() as uow:
            practitioners, kits = uow.repository(Practitioner, str), uow.repository(KitType, str)
            practitioners.add(Practitioner("PR-0", "Retired", "retired@example.com", active=False))
            practitioners.add(Practitioner("PR-1", "Dr Ada", "ada@example.com", active=True))
            kits.add(KitType("GUT-01", "Gut", active=True))
            kits.add(KitType("VIT-01", "Vitamins", active=True))
            kits.add(KitType("OLD-01", "Old", active=False))
            uow.commit()
    return Laboratory(host, clock, log, fake_gateway, fake_sender, health)


def raw_line(**changes: object) -> Raw:
    return {"kit_code": "GUT-01", "quantity": 2, "unit_price": "129.00", **changes}


def raw_order(**changes: object) -> Raw:
    """Return a valid order over 258.00 EUR with some fields set otherwise."""
    return {
        "order_id": "ORD-000001",
        "ordered_at": "2026-01-02T08:05:46+02:00",
        "practitioner_id": "PR-1",
        "user": {"name": "Zoë Lovelace", "email": "zoe@example.com"},
        "currency": "EUR",
        "lines": [raw_line()],
        "card_token": "tok_visa_1",
        **changes,
    }
