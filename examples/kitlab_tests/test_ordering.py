"""From an order to the analysis of its kit: use cases on a real database, their jobs, and fakes around them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from corelib import Host
from corelib.testing.jobs import Jobs
from corelib.testing.plugin.race import Race
from kitlab.adapters.fakes import FakeEmailSender, FakeHealthInfo, FakePaymentGateway
from kitlab.adapters.tables import kit as kits
from kitlab.domain.kit import KitNotExpected, KitStatus
from kitlab.domain.order import Order
from kitlab.testing.factories import Factories
from kitlab.use_cases.import_order import ImportOrder
from kitlab.use_cases.receive_kit import ReceiveKit, ask_for_health_info
from kitlab.use_cases.ship_kit import ShipKit
from kitlab.use_cases.submit_health_info import SubmitHealthInfo

BARCODE = "KIT-000042"


@pytest.fixture
def paid(app: Host, factories: Factories) -> Order:
    """An order that is paid, and of which nothing was shipped yet."""
    return factories.paid_orders.persisted(app)


@pytest.fixture
def shipped(app: Host, paid: Order) -> Order:
    """An order whose kit is on its way."""
    app.execute(ShipKit(BARCODE, paid.id, paid.lines[0].kit_code))
    return paid


def statuses(connection: Connection) -> list[str]:
    return list(connection.execute(sa.select(kits.c.status)).scalars())


def an_order(app: Host, factories: Factories) -> ImportOrder:
    practitioner, kit_type = factories.practitioners.persisted(app), factories.kit_types.persisted(app)
    line = factories.ordered_kits.build(kit_code=kit_type.id)
    return factories.import_order.build(practitioner_id=practitioner.id, lines=[line])


class TestOrdering:
    def test_ends_with_a_charge_and_a_confirmation_once_the_jobs_have_run(
        self, app: Host, factories: Factories, jobs: Jobs, gateway: FakePaymentGateway, sender: FakeEmailSender
    ) -> None:
        order = an_order(app, factories)

        app.execute(order)
        jobs.run_all()

        assert [charge.order_id for charge in gateway.charges] == [order.order_id]
        assert [email.recipient for email in sender.emails] == [order.user.email]
        jobs.assert_none_left()

    class WhenTheGatewayLosesItsFirstAnswer:
        def test_takes_the_money_once(
            self, app: Host, factories: Factories, jobs: Jobs, gateway: FakePaymentGateway
        ) -> None:
            gateway.will_time_out(after=True)
            app.execute(an_order(app, factories))

            ran = jobs.run_all()

            assert len(ran) == 3  # the charge twice, and the confirmation
            assert len(gateway.charges) == 1


class TestShipping:
    def test_stores_the_kit(self, shipped: Order, db_connection: Connection) -> None:
        assert statuses(db_connection) == [KitStatus.SHIPPED.value]

    class WhenTwoShipTheSameBarcodeAtOnce:
        def test_one_of_them_does(self, paid: Order, app: Host, race: Race, db_connection: Connection) -> None:
            command = ShipKit(BARCODE, paid.id, paid.lines[0].kit_code)

            answers = race(2, lambda _: app.execute(command))

            assert answers.count(None) == 1
            assert statuses(db_connection) == [KitStatus.SHIPPED.value]


class TestReceiving:
    def test_asks_the_user_for_what_is_missing(
        self, shipped: Order, app: Host, jobs: Jobs, sender: FakeEmailSender
    ) -> None:
        app.execute(ReceiveKit(BARCODE))

        jobs.run_all()

        assert len(jobs.stored(ask_for_health_info)) == 1
        assert [email.recipient for email in sender.emails] == [shipped.user_email]

    def test_accepts_the_kit_once_the_user_has_answered(
        self, shipped: Order, app: Host, jobs: Jobs, health: FakeHealthInfo, db_connection: Connection
    ) -> None:
        app.execute(ReceiveKit(BARCODE))
        jobs.run_all()

        app.execute(SubmitHealthInfo(shipped.id, {"smokes": "no"}))
        jobs.run_all()

        assert [form.order_id for form in health.forms] == [shipped.id]
        assert statuses(db_connection) == [KitStatus.ACCEPTED.value]

    class WhenItComesBackASecondTime:
        def test_is_refused(self, shipped: Order, app: Host) -> None:
            app.execute(ReceiveKit(BARCODE))

            with pytest.raises(KitNotExpected):
                app.execute(ReceiveKit(BARCODE))
