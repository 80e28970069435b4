"""kitlab, described: which handlers it has and what they need."""

from __future__ import annotations

from collections.abc import Mapping

from corelib import App, Resources
from kitlab.adapters.fakes import FakeEmailSender, FakeHealthInfo, FakePaymentGateway
from kitlab.adapters.reports import MemoryRevenueReport
from kitlab.ports import EmailSender, HealthInfo, PaymentGateway, RevenueReport
from kitlab.use_cases.charge_payment import charge_payment
from kitlab.use_cases.import_order import charge_placed_order, import_order
from kitlab.use_cases.pay_order import pay_order
from kitlab.use_cases.read_revenue import read_revenue
from kitlab.use_cases.receive_kit import ask_for_health_info, check_kit, receive_kit
from kitlab.use_cases.register_user import register_user, send_welcome
from kitlab.use_cases.run_billing import nightly_billing, run_billing
from kitlab.use_cases.send_confirmation import send_confirmation
from kitlab.use_cases.ship_kit import ship_kit
from kitlab.use_cases.stock_catalogue import stock_catalogue
from kitlab.use_cases.submit_health_info import hand_on_health_info, submit_health_info


def services(resources: Resources) -> Mapping[type, object]:
    """Make the outside services: in memory beside a memory store, else sandboxes with books in the database."""
    if resources.database_url.startswith("memory:"):
        return {
            PaymentGateway: FakePaymentGateway(),
            EmailSender: FakeEmailSender(),
            HealthInfo: FakeHealthInfo(),
            RevenueReport: MemoryRevenueReport(),
        }
    from kitlab.adapters.sandbox import Sandbox  # noqa: PLC0415 - needs SQLAlchemy, which memory does without
    from kitlab.adapters.sql_reports import SqlRevenueReport  # noqa: PLC0415 - as above

    sandbox = Sandbox.at(resources.database_url)
    resources.on_close(sandbox.close)
    return {PaymentGateway: sandbox, EmailSender: sandbox, HealthInfo: sandbox, RevenueReport: SqlRevenueReport()}


app = App(
    name="kitlab",
    commands=[
        import_order,
        pay_order,
        read_revenue,
        receive_kit,
        register_user,
        ship_kit,
        stock_catalogue,
        submit_health_info,
    ],
    events=[charge_placed_order],
    jobs=[
        ask_for_health_info,
        charge_payment,
        check_kit,
        hand_on_health_info,
        run_billing,
        send_confirmation,
        send_welcome,
    ],
    schedules=[nightly_billing],
    services=services,
    schema="kitlab.adapters.tables:schema",
)
