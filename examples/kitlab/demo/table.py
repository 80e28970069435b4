"""The figures as a table for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen
from rich.console import Console
from rich.table import Table

from corelib import JobState
from kitlab.demo.figures import StoreFigures
from kitlab.demo.importer import ImportFigures
from kitlab.domain.money import Currency
from kitlab.domain.order import OrderStatus


@frozen
class Durations:
    """How long the two halves of the run took, in seconds, how many jobs ended in the second, how many were mended."""

    importing: float
    working: float
    jobs: int
    mended: int


def print_table(console: Console, imported: ImportFigures, store: StoreFigures, durations: Durations) -> None:
    """Print every figure of the run."""
    table = Table(title="kitlab: what became of the orders", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, value in _rows(imported, store, durations):
        table.add_row(name, value)
    console.print(table)


def write_figures(path: Path, imported: ImportFigures, store: StoreFigures) -> None:
    """Write the business figures, which do not depend on the adapters, as JSON for programs."""
    figures = {
        "read": imported.read,
        "accepted": imported.accepted,
        "rejected": dict(sorted(imported.rejected.items())),
        "orders": {status.value: store.orders.get(status, 0) for status in OrderStatus},
        "jobs": {state.value: store.jobs_in(state) for state in JobState},
        "retried": store.retries,
        "emails": store.confirmations,
        "charged": {
            currency: f"{amount:.{Currency(currency).decimals}f}" for currency, amount in sorted(store.charged.items())
        },
    }
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _rows(imported: ImportFigures, store: StoreFigures, durations: Durations) -> Iterator[tuple[str, str]]:
    yield "lines read", str(imported.read)
    yield "accepted", str(imported.accepted)
    yield "rejected", str(imported.rejected.total())
    for reason, count in sorted(imported.rejected.items()):
        yield f"  {reason}", str(count)
    for status, count in sorted(store.orders.items(), key=lambda pair: pair[0].value):
        yield f"orders {status.value}", str(count)
    yield "jobs succeeded", str(store.jobs_in(JobState.SUCCEEDED))
    yield "jobs retried", str(store.retries)
    yield "dead payments mended", str(durations.mended)
    yield "jobs dead", str(store.jobs_in(JobState.DEAD))
    yield "e-mails", str(store.confirmations)
    for currency, amount in sorted(store.charged.items()):
        yield f"charged {currency}", f"{amount:,.{Currency(currency).decimals}f}"
    yield "orders/s", f"{imported.read / max(durations.importing, 1e-9):,.0f}"
    yield "jobs/s", f"{durations.jobs / max(durations.working, 1e-9):,.0f}"
