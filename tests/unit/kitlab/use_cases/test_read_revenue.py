from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from tests.unit.kitlab.laboratory import laboratory, raw_order

from kitlab.domain.money import Currency, Money
from kitlab.ports import Revenue
from kitlab.use_cases.read_revenue import ReadRevenue

pytest.importorskip("cattrs")


class TestReadRevenue:
    class WhenOrdersWerePaid:
        def test_tells_what_was_billed_on_that_day(self) -> None:
            lab = laboratory()
            lab.submit(raw_order())
            lab.host.run_due_jobs()
            today = lab.clock.now().date()

            revenue = [lab.host.execute(ReadRevenue(day)) for day in (today, today - timedelta(days=1))]

            assert revenue == [[Revenue(1, Money(Decimal("258.00"), Currency.EUR))], []]
