"""The nightly billing run: what was invoiced so far, by currency."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from attrs import frozen

from corelib import JobRun, Schedule, UnitOfWork, job
from kitlab.domain.billing import Invoice

TOLD_EVERY = 250


@frozen
class RunBilling:
    """Ask for a billing run over all invoices."""


@frozen
class BillingRun:
    """What a run has added up.

    Args:
        invoices: how many there were.
        totals: their money by currency.
    """

    invoices: int
    totals: Mapping[str, Decimal]


@job(queue="billing", attempts=3, timeout=timedelta(minutes=10))
def run_billing(_: RunBilling, uow: UnitOfWork, run: JobRun) -> BillingRun:
    """Add up all invoices, and tell how far it is; what it returns is kept with the job."""
    invoices = uow.repository(Invoice)
    number, totals = 0, dict[str, Decimal]()
    known = invoices.count()
    for number, invoice in enumerate(invoices.stream(), start=1):
        currency = invoice.amount.currency.value
        totals[currency] = totals.get(currency, Decimal(0)) + invoice.amount.amount
        if number % TOLD_EVERY == 0:
            run.check_cancelled()
            run.progress(number, known, "adding up invoices")
    run.progress(number, number, "all invoices added up")
    return BillingRun(number, totals)


nightly_billing: Schedule = Schedule(
    "nightly billing", cron="0 2 * * *", zone="Europe/Zurich", job=run_billing, payload=RunBilling()
)
