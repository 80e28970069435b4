from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from tests.unit.kitlab.laboratory import Laboratory, laboratory, raw_order

from corelib.domain.job import Progress
from kitlab.use_cases.run_billing import BillingRun, RunBilling, nightly_billing, run_billing

pytest.importorskip("cattrs")
pytest.importorskip("cronsim")


def billed(lab: Laboratory) -> BillingRun:
    job_id = lab.host.enqueue(run_billing, RunBilling())
    lab.host.run_due_jobs()
    return lab.host.wait_for_job(job_id, timeout=timedelta(0)).result(BillingRun)


class TestRunBilling:
    class WhenOrdersArePaid:
        def test_adds_up_their_invoices_by_currency(self) -> None:
            lab = laboratory()
            lab.submit(raw_order(card_token="tok_visa_1"))
            lab.host.run_due_jobs()

            run = billed(lab)

            assert run == BillingRun(1, {"EUR": Decimal("258.00")})

    class WhenThereAreNoInvoices:
        def test_has_no_totals(self) -> None:
            run = billed(laboratory())

            assert run == BillingRun(0, {})

    class WhenTheScheduleIsStartedByHand:
        def test_tells_that_it_has_got_through(self) -> None:
            lab = laboratory()
            lab.host.declare()

            job_id = lab.host.schedules.run_now(nightly_billing.name)
            lab.host.run_due_jobs()

            stored = lab.host.jobs.find(job_id)
            assert stored is not None
            assert stored.progress == Progress(0, 0, "all invoices added up")
