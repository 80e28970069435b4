from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

from corelib import Host
from corelib.ports.unit_of_work import UnitOfWork
from kitlab.adapters.sql_reports import SqlRevenueReport
from kitlab.domain.money import Currency, Money
from kitlab.ports import Revenue
from kitlab.testing.factories import Factories
from kitlab.use_cases.read_revenue import ReadRevenue

DAY = date(2026, 2, 3)
NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)


def euros(amount: str) -> Money:
    return Money(Decimal(amount), Currency.EUR)


class TestReadRevenue:
    class WhenInvoicesWereWrittenInSeveralCurrencies:
        def test_adds_them_up_by_currency(self, app: Host, factories: Factories) -> None:
            for amount in (euros("0.10"), euros("0.20"), Money(Decimal(700), Currency.JPY)):
                factories.invoices.persisted(app, issued_at=NOON, amount=amount)

            revenue = app.execute(ReadRevenue(DAY))

            assert revenue == [Revenue(2, euros("0.30")), Revenue(1, Money(Decimal(700), Currency.JPY))]

    class WhenInvoicesLieAtTheEdgesOfTheDay:
        def test_counts_the_first_instant_and_not_the_last(self, app: Host, factories: Factories) -> None:
            midnight = datetime(2026, 2, 3, tzinfo=UTC)
            edges = [midnight - timedelta(microseconds=1), midnight, midnight + timedelta(days=1)]
            for amount, edge in zip(("1", "2", "4"), edges, strict=True):
                factories.invoices.persisted(app, issued_at=edge, amount=euros(amount))

            revenue = app.execute(ReadRevenue(DAY))

            assert revenue == [Revenue(1, euros("2"))]

        def test_goes_by_utc_wherever_the_invoice_was_written(self, app: Host, factories: Factories) -> None:
            in_auckland = datetime(2026, 2, 4, 6, tzinfo=timezone(timedelta(hours=13)))
            factories.invoices.persisted(app, issued_at=in_auckland, amount=euros("2"))

            revenue = app.execute(ReadRevenue(DAY))

            assert revenue == [Revenue(1, euros("2"))]

    class WhenThereAreNoInvoices:
        def test_is_empty(self, app: Host) -> None:
            assert app.execute(ReadRevenue(DAY)) == []

    class WhenAmountsAreLarge:
        def test_adds_them_up_to_the_cent(self, app: Host, factories: Factories) -> None:
            for _ in range(3):
                factories.invoices.persisted(app, issued_at=NOON, amount=euros("9999999999999.99"))

            revenue = app.execute(ReadRevenue(DAY))

            assert revenue == [Revenue(3, euros("29999999999999.97"))]


class TestSqlRevenueReport:
    class WhenTheUnitOfWorkHasWrittenInvoices:
        def test_counts_what_was_flushed(self, factories: Factories, uow: UnitOfWork) -> None:
            with uow:
                factories.invoices.persisted(uow, issued_at=NOON, amount=euros("5"))

                revenue = SqlRevenueReport().of(DAY, uow)

            assert revenue == [Revenue(1, euros("5"))]

    class WhenThatWasNotCommitted:
        def test_is_seen_by_nobody_else(self, app: Host, factories: Factories, uow: UnitOfWork) -> None:
            with uow:
                factories.invoices.persisted(uow, issued_at=NOON, amount=euros("5"))

            assert app.execute(ReadRevenue(DAY)) == []
