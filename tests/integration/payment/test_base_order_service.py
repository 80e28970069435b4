"""BaseOrderService (Integration): placing orders, on a real database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from corelib import Host
from corelib.errors import AlreadyExists, ReferenceViolation, ValidationFailed
from corelib.ports.unit_of_work import UnitOfWork
from corelib.testing.jobs import Jobs
from corelib.testing.plugin.race import Race
from kitlab.adapters.tables import order as orders
from kitlab.adapters.tables import order_line
from kitlab.domain.order import Order, OrderStatus
from kitlab.testing.factories import Factories
from kitlab.use_cases.charge_payment import charge_payment
from kitlab.use_cases.import_order import AlreadyImported, ImportOrder


def an_order(app: Host, factories: Factories, **changes: object) -> ImportOrder:
    """An incoming order of a practitioner and over kit types that are in the catalogue."""
    practitioner = factories.practitioners.persisted(app)
    kits = [kit.id for kit in factories.kit_types.persisted_many(app, 2)]
    lines = [factories.ordered_kits.build(kit_code=kit) for kit in kits]
    values: dict[str, object] = {"practitioner_id": practitioner.id, "lines": lines, **changes}
    return factories.import_order.build(**values)


def count(connection: Connection, table: sa.Table) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


class TestBaseOrderService:
    class WhenAnOrderArrives:
        def test_stores_it_with_its_lines(self, app: Host, factories: Factories, db_connection: Connection) -> None:
            command = an_order(app, factories)

            app.execute(command)

            stored = db_connection.execute(sa.select(orders)).one()
            assert (stored.id, stored.practitioner_id) == (command.order_id, command.practitioner_id)
            assert (stored.status, stored.version) == (OrderStatus.PLACED.value, 1)
            assert stored.total_amount == sum(line.quantity * line.unit_price for line in command.lines)
            lines = db_connection.execute(sa.select(order_line).order_by(order_line.c.position)).all()
            assert [line.kit_code for line in lines] == [line.kit_code for line in command.lines]

        def test_enqueues_its_charge_with_the_commit(self, app: Host, factories: Factories, jobs: Jobs) -> None:
            command = an_order(app, factories)

            app.execute(command)

            (charge,) = jobs.enqueued(charge_payment)
            assert (charge.order_id, charge.card_token) == (command.order_id, command.card_token)

        def test_charges_nothing_by_itself(self, app: Host, factories: Factories, jobs: Jobs) -> None:
            app.execute(an_order(app, factories))

            (charge,) = jobs.stored(queue="payments")
            assert charge.attempts == 0

    class WhenAKitTypeIsNotSold:
        def test_stores_nothing_and_enqueues_nothing(
            self, app: Host, factories: Factories, jobs: Jobs, db_connection: Connection
        ) -> None:
            retired = factories.kit_types.persisted(app, active=False)
            lines = [factories.ordered_kits.build(kit_code=retired.id)]
            command = an_order(app, factories, lines=lines)

            with pytest.raises(ValidationFailed, match=f"{retired.id} is not sold"):
                app.execute(command)

            assert count(db_connection, orders) == 0
            assert jobs.stored() == []

    class WhenItArrivesASecondTime:
        def test_is_stored_and_charged_once(
            self, app: Host, factories: Factories, jobs: Jobs, db_connection: Connection
        ) -> None:
            command = an_order(app, factories)
            app.execute(command)

            with pytest.raises(AlreadyImported):
                app.execute(command)

            assert count(db_connection, orders) == 1
            assert len(jobs.stored()) == 1

    class WhenItArrivesTwiceAtOnce:
        def test_one_is_stored_and_the_other_refused(
            self, app: Host, factories: Factories, jobs: Jobs, race: Race, db_connection: Connection
        ) -> None:
            command = an_order(app, factories)

            answers = race(2, lambda _: app.execute(command))

            refused = [answer for answer in answers if isinstance(answer, AlreadyExists | AlreadyImported)]
            assert len(refused) == 1
            assert answers.count(command.order_id) == 1
            assert count(db_connection, orders) == 1
            assert len(jobs.stored()) == 1

    class WhenThePractitionerIsNotThere:
        def test_is_refused_by_the_foreign_key(self, factories: Factories, uow: UnitOfWork) -> None:
            stray = factories.orders.build()

            with uow:
                uow.repository(Order, str).add(stray)
                with pytest.raises(ReferenceViolation):
                    uow.commit()

    class WhenTheUnitOfWorkIsLeftWithoutCommit:
        def test_leaves_nothing(self, factories: Factories, uow: UnitOfWork, db_connection: Connection) -> None:
            with uow:
                factories.orders.persisted(uow)

            assert count(db_connection, orders) == 0
