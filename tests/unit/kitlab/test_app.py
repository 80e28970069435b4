from __future__ import annotations

import pytest
from tests.unit.kitlab.laboratory import raw_order

from corelib.bootstrap import bootstrap
from kitlab.app import app
from kitlab.domain.order import Order, OrderStatus
from kitlab.use_cases.import_order import ImportOrder
from kitlab.use_cases.stock_catalogue import KitEntry, PractitionerEntry, StockCatalogue

pytest.importorskip("cattrs")


class TestApp:
    def test_runs_as_it_is_in_memory(self) -> None:
        catalogue = StockCatalogue(
            [PractitionerEntry("PR-1", "Dr Ada", "ada@example.com", active=True)],
            [KitEntry("GUT-01", "Gut", active=True)],
        )

        with bootstrap(app) as host:
            host.execute(catalogue)
            host.submit(ImportOrder, raw_order())
            host.run_due_jobs()
            with host.unit_of_work() as uow:
                order = uow.repository(Order, str).get("ORD-000001")

        assert order.status is OrderStatus.PAID
