from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from corelib import Host, JobState
from corelib.application.jobs.run_outcome import RunOutcome
from corelib.testing.jobs import Jobs
from kitlab.adapters.fakes import FakeEmailSender, FakePaymentGateway
from kitlab.adapters.tables import invoice, payment
from kitlab.adapters.tables import order as orders
from kitlab.domain.order import Order, OrderStatus
from kitlab.testing.factories import Factories
from kitlab.use_cases.charge_payment import ChargePayment, charge_payment


@pytest.fixture
def order(app: Host, factories: Factories) -> Order:
    """An order whose charge is enqueued."""
    order = factories.orders.persisted(app)
    with app.unit_of_work() as uow:
        uow.jobs.enqueue(charge_payment, ChargePayment(order.id, order.total, order.card_token))
        uow.commit()
    return order


def status(connection: Connection) -> str:
    return str(connection.execute(sa.select(orders.c.status)).scalar_one())


def count(connection: Connection, table: sa.Table) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


class TestChargePayment:
    class WhenTheCardIsGood:
        def test_pays_the_order_and_bills_it(
            self, order: Order, jobs: Jobs, gateway: FakePaymentGateway, db_connection: Connection
        ) -> None:
            jobs.run_all()

            assert status(db_connection) == OrderStatus.PAID.value
            billed = db_connection.execute(sa.select(invoice)).one()
            assert (billed.order_id, billed.amount_amount) == (order.id, order.total.amount)
            assert [charge.order_id for charge in gateway.charges] == [order.id]
            jobs.assert_none_left()

        def test_writes_to_the_user(self, order: Order, jobs: Jobs, sender: FakeEmailSender) -> None:
            jobs.run_all()

            assert [email.recipient for email in sender.emails] == [order.user_email]

    class WhenTheCardIsDeclined:
        def test_notes_that_and_bills_nothing(
            self, order: Order, jobs: Jobs, gateway: FakePaymentGateway, db_connection: Connection
        ) -> None:
            gateway.will_decline("no funds")

            jobs.run_all()

            assert status(db_connection) == OrderStatus.DECLINED.value
            assert db_connection.execute(sa.select(payment.c.reference)).scalar_one() is None
            assert count(db_connection, invoice) == 0
            jobs.assert_none_left()

    class WhenTheGatewayDoesNotAnswerAtFirst:
        def test_asks_again_with_the_same_key(
            self, order: Order, jobs: Jobs, gateway: FakePaymentGateway, db_connection: Connection
        ) -> None:
            gateway.will_time_out(times=2)

            jobs.run_all()

            keys = {call.arguments["idempotency_key"] for call in gateway.calls}
            assert (len(gateway.calls), len(keys)) == (3, 1)
            assert status(db_connection) == OrderStatus.PAID.value

    class WhenTheAnswerIsLost:
        def test_takes_the_money_once(
            self, order: Order, jobs: Jobs, gateway: FakePaymentGateway, db_connection: Connection
        ) -> None:
            gateway.will_time_out(after=True)

            jobs.run_all()

            assert len(gateway.charges) == 1
            assert count(db_connection, payment) == count(db_connection, invoice) == 1

    class WhenTheGatewayNeverAnswers:
        def test_leaves_a_dead_letter_and_the_order_as_it_was(
            self, order: Order, jobs: Jobs, gateway: FakePaymentGateway, db_connection: Connection
        ) -> None:
            gateway.will_time_out(times=None)

            jobs.run_all()

            (dead,) = jobs.stored(charge_payment, state=JobState.DEAD)
            assert (dead.attempts, dead.error) == (5, "GatewayTimeout: no answer")
            assert status(db_connection) == OrderStatus.PLACED.value
            assert count(db_connection, payment) == 0

    class WhenTheMessageIsDeliveredTwice:
        def test_charges_once(
            self, order: Order, jobs: Jobs, gateway: FakePaymentGateway, db_connection: Connection
        ) -> None:
            jobs.run_all()
            (charge,) = jobs.stored(charge_payment)

            outcome = jobs.deliver_again(charge)

            assert outcome is RunOutcome.SKIPPED
            assert len(gateway.calls) == 1
            assert count(db_connection, payment) == 1

    class WhenTwoChargesOfOneOrderRunAtOnce:
        def test_one_is_kept_and_the_other_dies(
            self, order: Order, app: Host, jobs: Jobs, db_connection: Connection
        ) -> None:
            with app.unit_of_work() as uow:
                uow.jobs.enqueue(charge_payment, ChargePayment(order.id, order.total, "tok_visa_other"))
                uow.commit()

            jobs.run_all()

            states = sorted(job.state.value for job in jobs.stored(charge_payment))
            assert states == [JobState.DEAD.value, JobState.SUCCEEDED.value]
            assert count(db_connection, payment) == count(db_connection, invoice) == 1
