from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from corelib import Host
from corelib.errors import ConcurrencyConflict, NotFound
from corelib.testing.jobs import Jobs
from corelib.testing.plugin.race import Race
from kitlab.adapters.fakes import FakePaymentGateway
from kitlab.adapters.tables import order as orders
from kitlab.adapters.tables import payment
from kitlab.domain.order import Order, OrderClosed, OrderStatus
from kitlab.testing.factories import Factories
from kitlab.use_cases.charge_payment import charge_payment
from kitlab.use_cases.pay_order import PayOrder


@pytest.fixture
def declined(app: Host, factories: Factories) -> Order:
    """An order whose card the bank has declined."""
    order = factories.orders.persisted(app, status=OrderStatus.DECLINED)
    factories.payments.persisted(app, order_id=order.id, amount=order.total, reference=None)
    return order


class TestPayOrder:
    class WhenTheOtherCardIsGood:
        def test_pays_the_order(
            self,
            declined: Order,
            app: Host,
            jobs: Jobs,
            gateway: FakePaymentGateway,
            db_connection: Connection,
        ) -> None:
            app.execute(PayOrder(declined.id, "tok_visa_other"))
            jobs.run_all()

            stored = db_connection.execute(sa.select(orders.c.status, orders.c.card_token)).one()
            assert tuple(stored) == (OrderStatus.PAID.value, "tok_visa_other")
            assert [charge.card_token for charge in gateway.charges] == ["tok_visa_other"]
            reference = db_connection.execute(sa.select(payment.c.reference)).scalar_one()
            assert reference.startswith("ch_")
            jobs.assert_none_left()

    class WhenTheOtherCardIsDeclinedToo:
        def test_can_be_paid_with_a_third(
            self, declined: Order, app: Host, jobs: Jobs, gateway: FakePaymentGateway, db_connection: Connection
        ) -> None:
            gateway.will_decline()
            app.execute(PayOrder(declined.id, "tok_visa_second"))
            jobs.run_all()

            app.execute(PayOrder(declined.id, "tok_visa_third"))
            jobs.run_all()

            assert db_connection.execute(sa.select(orders.c.status)).scalar_one() == OrderStatus.PAID.value
            assert [charge.card_token for charge in gateway.charges] == ["tok_visa_third"]

    class WhenTheOrderIsPaid:
        def test_is_refused_and_charges_nothing(self, app: Host, factories: Factories, jobs: Jobs) -> None:
            paid = factories.paid_orders.persisted(app)

            with pytest.raises(OrderClosed, match="is paid already"):
                app.execute(PayOrder(paid.id, "tok_visa_other"))

            assert jobs.stored() == []

    class WhenThereIsNoSuchOrder:
        def test_says_so(self, app: Host) -> None:
            with pytest.raises(NotFound):
                app.execute(PayOrder("ORD-999999", "tok_visa_other"))

    class WhenTwoCardsAreOfferedAtOnce:
        def test_one_of_them_is_charged(
            self, declined: Order, app: Host, jobs: Jobs, race: Race, gateway: FakePaymentGateway
        ) -> None:
            cards = iter(["tok_visa_one", "tok_visa_two"])

            answers = race(2, lambda _: app.execute(PayOrder(declined.id, next(cards))))
            jobs.run_all()

            lost = [answer for answer in answers if isinstance(answer, ConcurrencyConflict | OrderClosed)]
            assert (len(lost), answers.count(None)) == (1, 1)
            (charge,) = jobs.enqueued(charge_payment)
            assert [taken.card_token for taken in gateway.charges] == [charge.card_token]
