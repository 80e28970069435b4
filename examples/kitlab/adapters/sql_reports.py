"""Reports that the database makes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa

from corelib import UnitOfWork
from corelib.adapters.sqlalchemy import connection_of
from kitlab.adapters.tables import invoice
from kitlab.domain.money import Currency, Money
from kitlab.ports import Revenue

# No function of dates: each engine has its own, in its own time zone, and none of them uses an index.
_OF_A_DAY = (
    sa.select(
        invoice.c.amount_currency,
        sa.func.count().label("invoices"),
        sa.func.sum(invoice.c.amount_amount).label("total"),
    )
    .where(invoice.c.issued_at >= sa.bindparam("begins"), invoice.c.issued_at < sa.bindparam("ends"))
    .group_by(invoice.c.amount_currency)
    .order_by(invoice.c.amount_currency)
)


class SqlRevenueReport:
    """One statement, in the transaction of the unit of work; it sees what that has flushed."""

    def of(self, day: date, uow: UnitOfWork) -> Sequence[Revenue]:
        """Return the revenue of a day."""
        begins = datetime.combine(day, time.min, UTC)
        rows = connection_of(uow).execute(_OF_A_DAY, {"begins": begins, "ends": begins + timedelta(days=1)})
        return [Revenue(row.invoices, Money(row.total, Currency(row.amount_currency))) for row in rows]
