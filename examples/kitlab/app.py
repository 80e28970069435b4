"""kitlab, described: which handlers it has and what they need."""

from __future__ import annotations

from collections.abc import Mapping

from corelib import App, Resources
from kitlab.adapters.fakes import FakeEmailSender, FakePaymentGateway
from kitlab.ports import EmailSender, PaymentGateway
from kitlab.use_cases.charge_payment import charge_payment
from kitlab.use_cases.import_order import charge_placed_order, import_order
from kitlab.use_cases.send_confirmation import send_confirmation
from kitlab.use_cases.stock_catalogue import stock_catalogue


def services(resources: Resources) -> Mapping[type, object]:
    """Make the outside services: in memory beside a memory store, else sandboxes with books in the database."""
    if resources.database_url.startswith("memory:"):
        return {PaymentGateway: FakePaymentGateway(), EmailSender: FakeEmailSender()}
    from kitlab.adapters.sandbox import Sandbox  # noqa: PLC0415 - needs SQLAlchemy, which memory does without

    sandbox = Sandbox.at(resources.database_url)
    resources.on_close(sandbox.close)
    return {PaymentGateway: sandbox, EmailSender: sandbox}


app = App(
    name="kitlab",
    commands=[import_order, stock_catalogue],
    events=[charge_placed_order],
    jobs=[charge_payment, send_confirmation],
    services=services,
    schema="kitlab.adapters.tables:schema",
)
