"""What was billed on a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from attrs import frozen

from corelib import Command, UnitOfWork
from kitlab.ports import Revenue, RevenueReport


@frozen
class ReadRevenue(Command[Sequence[Revenue]]):
    """Ask what was billed on a day, which begins and ends by UTC."""

    day: date


def read_revenue(command: ReadRevenue, uow: UnitOfWork, report: RevenueReport) -> Sequence[Revenue]:
    """Return the revenue by currency, in the order of their codes; currencies without invoices are left out."""
    return report.of(command.day, uow)
