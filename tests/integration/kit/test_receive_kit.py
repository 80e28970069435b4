from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from corelib import Host
from corelib.errors import AlreadyExists, ConcurrencyConflict, NotFound, ReferenceViolation, ValidationFailed
from corelib.testing.jobs import Jobs
from corelib.testing.plugin.race import Race
from kitlab.adapters.fakes import FakeEmailSender, FakeHealthInfo
from kitlab.adapters.tables import kit as kits
from kitlab.domain.kit import Kit, KitNotExpected, KitStatus
from kitlab.domain.order import Order
from kitlab.testing.factories import Factories
from kitlab.use_cases.receive_kit import CheckKit, ReceiveKit, check_kit
from kitlab.use_cases.ship_kit import ShipKit
from kitlab.use_cases.submit_health_info import SubmitHealthInfo, hand_on_health_info


@pytest.fixture
def shipped(app: Host, factories: Factories) -> Kit:
    """A kit on its way."""
    return factories.kits.persisted(app)


def status(connection: Connection) -> str:
    return str(connection.execute(sa.select(kits.c.status)).scalar_one())


class TestShipKit:
    class WhenTheOrderIsPaid:
        def test_stores_the_kit(self, app: Host, factories: Factories, db_connection: Connection) -> None:
            order = factories.paid_orders.persisted(app)
            command = ShipKit("KIT-000001", order.id, order.lines[0].kit_code)

            app.execute(command)

            stored = db_connection.execute(sa.select(kits)).one()
            assert (stored.id, stored.order_id, stored.status) == ("KIT-000001", order.id, KitStatus.SHIPPED.value)

    class WhenTheOrderIsNotPaid:
        def test_is_refused(self, app: Host, factories: Factories) -> None:
            order = factories.orders.persisted(app)

            with pytest.raises(ValidationFailed, match="is not paid"):
                app.execute(ShipKit("KIT-000001", order.id, order.lines[0].kit_code))

    class WhenTheBarcodeIsInUse:
        def test_is_refused(self, app: Host, shipped: Kit, factories: Factories) -> None:
            order = factories.paid_orders.persisted(app)

            with pytest.raises(AlreadyExists):
                app.execute(ShipKit(shipped.id, order.id, order.lines[0].kit_code))

    class WhenTheOrderIsRemovedMeanwhile:
        def test_is_kept_by_the_foreign_key(self, shipped: Kit, app: Host) -> None:
            with app.unit_of_work() as uow:
                orders = uow.repository(Order, str)
                orders.remove(orders.get(shipped.order_id))
                with pytest.raises(ReferenceViolation):
                    uow.commit()


class TestReceiveKit:
    class WhenTheHealthInformationIsThere:
        def test_accepts_the_kit(
            self, shipped: Kit, app: Host, jobs: Jobs, health: FakeHealthInfo, db_connection: Connection
        ) -> None:
            health.will_be_complete()

            app.execute(ReceiveKit(shipped.id))
            jobs.run_all()

            stored = db_connection.execute(sa.select(kits)).one()
            assert stored.status == KitStatus.ACCEPTED.value
            assert stored.received_at is not None
            jobs.assert_none_left()

    class WhenTheHealthInformationIsMissing:
        def test_asks_the_user_for_it(
            self, shipped: Kit, app: Host, jobs: Jobs, sender: FakeEmailSender, db_connection: Connection
        ) -> None:
            app.execute(ReceiveKit(shipped.id))
            jobs.run_all()

            assert status(db_connection) == KitStatus.RECEIVED.value
            assert [email.subject for email in sender.emails] == [f"Your kit {shipped.id}"]

    class WhenTheHealthServiceDoesNotAnswerAtFirst:
        def test_asks_again(
            self, shipped: Kit, app: Host, jobs: Jobs, health: FakeHealthInfo, db_connection: Connection
        ) -> None:
            health.will_be_complete(times=None)
            health.will_time_out("is_complete", times=2)

            app.execute(ReceiveKit(shipped.id))
            jobs.run_all()

            assert len(health.calls_of("is_complete")) == 3
            assert status(db_connection) == KitStatus.ACCEPTED.value

    class WhenNoSuchKitWasShipped:
        def test_says_so(self, app: Host) -> None:
            with pytest.raises(NotFound, match="KIT-999999"):
                app.execute(ReceiveKit("KIT-999999"))

    class WhenItWasReceivedBefore:
        def test_is_refused(self, shipped: Kit, app: Host, jobs: Jobs) -> None:
            app.execute(ReceiveKit(shipped.id))

            with pytest.raises(KitNotExpected, match="is received, not shipped"):
                app.execute(ReceiveKit(shipped.id))

            assert len(jobs.stored()) == 1

    class WhenTwoReceiveItAtOnce:
        def test_one_of_them_does(self, shipped: Kit, app: Host, jobs: Jobs, race: Race) -> None:
            answers = race(2, lambda _: app.execute(ReceiveKit(shipped.id)))

            lost = [answer for answer in answers if isinstance(answer, ConcurrencyConflict | KitNotExpected)]
            assert (len(lost), answers.count(None)) == (1, 1)
            assert jobs.enqueued(check_kit) == [CheckKit(shipped.id, shipped.order_id)]


class TestSubmitHealthInfo:
    class WhenAKitWaitsForIt:
        def test_accepts_the_kit(
            self, shipped: Kit, app: Host, jobs: Jobs, health: FakeHealthInfo, db_connection: Connection
        ) -> None:
            app.execute(ReceiveKit(shipped.id))
            jobs.run_all()

            app.execute(SubmitHealthInfo(shipped.order_id, {"allergies": "none"}))
            jobs.run_all()

            assert [dict(form.answers) for form in health.forms] == [{"allergies": "none"}]
            assert status(db_connection) == KitStatus.ACCEPTED.value
            jobs.assert_none_left()

    class WhenTheAnswerOfTheHealthServiceIsLost:
        def test_submits_it_once(self, shipped: Kit, app: Host, jobs: Jobs, health: FakeHealthInfo) -> None:
            health.will_time_out(after=True)

            app.execute(SubmitHealthInfo(shipped.order_id, {"allergies": "none"}))
            jobs.run_all()

            assert len(health.forms) == 1
            (handed_on,) = jobs.stored(hand_on_health_info)
            assert handed_on.attempts == 2

    class WhenThereIsNoSuchOrder:
        def test_hands_nothing_on(self, app: Host, jobs: Jobs) -> None:
            with pytest.raises(NotFound):
                app.execute(SubmitHealthInfo("ORD-999999", {"allergies": "none"}))

            assert jobs.stored() == []
