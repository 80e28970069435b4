"""What the stores say after the run, and whether it all agrees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal

from attrs import frozen

from corelib import Host, JobState
from kitlab.adapters.books import Books
from kitlab.demo.importer import ImportFigures
from kitlab.domain.billing import Confirmation, Invoice, Payment
from kitlab.domain.order import Order, OrderStatus
from kitlab.use_cases.run_billing import nightly_billing


@frozen
class StoreFigures:
    """Everything on the database, earlier runs included.

    Args:
        orders: by status.
        charged: money of charged payments, by currency.
        invoiced: money of invoices, by currency.
        confirmations: e-mails that were sent.
        placed_events: recorded events of placed orders.
        jobs: by name and state; without billing runs, of which every run of the demonstration makes another one.
        retries: runs beyond the first of each job.
    """

    orders: Mapping[OrderStatus, int]
    charged: Mapping[str, Decimal]
    invoiced: Mapping[str, Decimal]
    payments_charged: int
    payments_declined: int
    invoices: int
    confirmations: int
    placed_events: int
    jobs: Mapping[tuple[str, JobState], int]
    retries: int

    def jobs_in(self, state: JobState) -> int:
        """Return how many jobs are in a state."""
        return sum(count for (_, found), count in self.jobs.items() if found is state)


def read_store(host: Host) -> StoreFigures:
    """Read all figures back, in bounded memory."""
    orders: Counter[OrderStatus] = Counter()
    charged: dict[str, Decimal] = {}
    invoiced: dict[str, Decimal] = {}
    answers: Counter[bool] = Counter()
    with host.unit_of_work(read_only=True) as uow:
        for order in uow.repository(Order, str).stream():
            orders[order.status] += 1
        for payment in uow.repository(Payment).stream():
            answers[payment.reference is not None] += 1
            if payment.reference is not None:
                _add(charged, payment.amount.currency.value, payment.amount.amount)
        for invoice in uow.repository(Invoice).stream():
            _add(invoiced, invoice.amount.currency.value, invoice.amount.amount)
        invoices = uow.repository(Invoice).count()
        confirmations = uow.repository(Confirmation).count()
    jobs: Counter[tuple[str, JobState]] = Counter()
    retries = 0
    for job in host.jobs.stream():
        if job.name == nightly_billing.job.__name__:
            continue
        jobs[job.name, job.state] += 1
        retries += max(0, job.attempts - 1)
    return StoreFigures(
        orders=orders,
        charged=charged,
        invoiced=invoiced,
        payments_charged=answers[True],
        payments_declined=answers[False],
        invoices=invoices,
        confirmations=confirmations,
        placed_events=sum(event.name == "OrderPlaced" for event in host.storage.events()),
        jobs=jobs,
        retries=retries,
    )


def imbalances(
    imported: ImportFigures, store: StoreFigures, books: Books, billed: Mapping[str, Decimal]
) -> Iterator[str]:
    """Compare everything with everything that has to agree with it; each sentence is one thing that does not."""
    orders = sum(store.orders.values())
    charges = {state: store.jobs.get(("charge_payment", state), 0) for state in JobState}
    letters = {state: store.jobs.get(("send_confirmation", state), 0) for state in JobState}
    paid, declined = store.orders.get(OrderStatus.PAID, 0), store.orders.get(OrderStatus.DECLINED, 0)
    pairs: list[tuple[str, object, str, object]] = [
        ("lines read", imported.read, "accepted and rejected", imported.accepted + imported.rejected.total()),
        ("orders", orders, "OrderPlaced events", store.placed_events),
        ("orders", orders, "charge jobs", sum(charges.values())),
        ("jobs pending or running", store.jobs_in(JobState.PENDING) + store.jobs_in(JobState.RUNNING), "none", 0),
        ("orders paid and declined", paid + declined, "charge jobs succeeded", charges[JobState.SUCCEEDED]),
        ("orders still placed", store.orders.get(OrderStatus.PLACED, 0), "charge jobs dead", charges[JobState.DEAD]),
        ("orders paid", paid, "payments charged", store.payments_charged),
        ("orders paid", paid, "invoices", store.invoices),
        ("orders paid", paid, "confirmation jobs", sum(letters.values())),
        ("orders declined", declined, "payments declined", store.payments_declined),
        ("confirmation jobs succeeded", letters[JobState.SUCCEEDED], "confirmations", store.confirmations),
        ("money charged", dict(store.charged), "money invoiced", dict(store.invoiced)),
        ("money invoiced", dict(store.invoiced), "the billing run", dict(billed)),
        ("money charged", dict(store.charged), "the gateway's books", dict(books.charged)),
        ("payments charged", store.payments_charged, "charges in the gateway's books", books.charges),
        ("orders charged twice", books.double_charges, "none", 0),
        ("confirmations", store.confirmations, "messages in the sender's books", books.emails),
        ("messages sent twice", books.double_emails, "none", 0),
    ]
    if imported.accepted > orders:
        yield f"{imported.accepted} orders were accepted, but there are {orders}"
    for left_name, left, right_name, right in pairs:
        if left != right:
            yield f"{left_name}: {left}; {right_name}: {right}"


def _add(totals: dict[str, Decimal], currency: str, amount: Decimal) -> None:
    totals[currency] = totals.get(currency, Decimal(0)) + amount
