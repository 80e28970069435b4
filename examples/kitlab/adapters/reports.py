"""Reports over the aggregates, for hosts without a database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

from corelib import UnitOfWork, where
from kitlab.domain.billing import Invoice
from kitlab.domain.money import Money
from kitlab.ports import Revenue


class MemoryRevenueReport:
    """Adds up the invoices one by one."""

    def of(self, day: date, uow: UnitOfWork) -> Sequence[Revenue]:
        """Return the revenue of a day."""
        begins = datetime.combine(day, time.min, UTC)
        of_the_day = (where("issued_at") >= begins) & (where("issued_at") < begins + timedelta(days=1))
        invoices = uow.repository(Invoice).stream(of_the_day)
        by_currency = groupby(sorted(invoices, key=_currency), key=_currency)
        return [_revenue([invoice.amount for invoice in group]) for _, group in by_currency]


def _currency(invoice: Invoice) -> str:
    return invoice.amount.currency.value


def _revenue(amounts: list[Money]) -> Revenue:
    total = amounts[0]
    for amount in amounts[1:]:
        total = total.plus(amount)
    return Revenue(len(amounts), total)
