from __future__ import annotations

from datetime import UTC

import pytest

pytest.importorskip("polyfactory")
pytest.importorskip("cattrs")

from corelib import Host
from corelib.bootstrap import bootstrap
from corelib.testing.factories import Factory, Source
from kitlab.app import app
from kitlab.domain.catalogue import KitType, Practitioner
from kitlab.domain.order import Order, OrderStatus, total_of
from kitlab.testing.factories import Factories


@pytest.fixture
def factories() -> Factories:
    return Factories(Source(seed=1))


@pytest.fixture
def host() -> Host:
    return bootstrap(app)


class TestFactories:
    def test_all_build_and_differ(self, factories: Factories) -> None:
        for factory in vars(factories).values():
            assert isinstance(factory, Factory)
            first, second = factory.build_many(2)
            assert first is not second

    class WhenAnOrderIsStored:
        def test_stores_its_practitioner_and_its_kit_types(self, factories: Factories, host: Host) -> None:
            order = factories.orders.persisted(host)

            with host.unit_of_work() as uow:
                practitioner = uow.repository(Practitioner, str).get(order.practitioner_id)
                kits = uow.repository(KitType, str).get_many([line.kit_code for line in order.lines])
            assert practitioner.active
            assert all(kit.active for kit in kits)

        def test_has_the_total_of_its_lines_and_an_instant_in_utc(self, factories: Factories) -> None:
            order = factories.orders.build()

            assert order.total == total_of(order.lines)
            assert order.ordered_at.tzinfo is UTC
            assert order.take_events() == ()

    class WhenAKitIsStored:
        def test_belongs_to_a_paid_order(self, factories: Factories, host: Host) -> None:
            kit = factories.kits.persisted(host)

            with host.unit_of_work() as uow:
                order = uow.repository(Order, str).get(kit.order_id)
            assert order.status is OrderStatus.PAID

    class WhenAnOrderComesFromOutside:
        def test_can_be_imported(self, factories: Factories, host: Host) -> None:
            practitioner = factories.practitioners.persisted(host)
            kit = factories.kit_types.persisted(host)
            lines = [factories.ordered_kits.build(kit_code=kit.id)]
            command = factories.import_order.build(practitioner_id=practitioner.id, lines=lines)

            identifier = host.execute(command)

            assert identifier == command.order_id
