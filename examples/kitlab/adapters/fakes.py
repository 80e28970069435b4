"""Outside services in memory."""

from __future__ import annotations

import threading
from collections import Counter
from decimal import Decimal

from kitlab.adapters.books import CHARGED, Books, outcome_of
from kitlab.ports import Charge, Charged, Declined, Email


class FakePaymentGateway:
    """Charges once for each key; the card's token says what happens (see `outcome_of`)."""

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()
        self._answers: dict[str, Charged | Declined] = {}
        self._charges: dict[str, Charge] = {}
        self._lock = threading.Lock()

    @property
    def charges(self) -> tuple[Charge, ...]:
        """Return the charges that were made."""
        with self._lock:
            return tuple(self._charges.values())

    def charge(self, charge: Charge, *, idempotency_key: str) -> Charged | Declined:
        """Take the money once."""
        with self._lock:
            if idempotency_key not in self._answers:
                self._answers[idempotency_key] = self._first_answer(charge, idempotency_key)
            return self._answers[idempotency_key]

    def _first_answer(self, charge: Charge, key: str) -> Charged | Declined:
        self._calls[key] += 1
        if outcome_of(charge.card_token, self._calls[key]) != CHARGED:
            return Declined("the bank refuses")
        self._charges[key] = charge
        return Charged(f"ch_{key}")


class FakeEmailSender:
    """Keeps one message for each key."""

    def __init__(self) -> None:
        self._emails: dict[str, Email] = {}
        self._lock = threading.Lock()

    @property
    def emails(self) -> tuple[Email, ...]:
        """Return the messages that were sent."""
        with self._lock:
            return tuple(self._emails.values())

    def send(self, email: Email, *, idempotency_key: str) -> None:
        """Keep the message."""
        with self._lock:
            self._emails.setdefault(idempotency_key, email)


def books_of(gateway: FakePaymentGateway, sender: FakeEmailSender) -> Books:
    """Return what both did."""
    charged: Counter[str] = Counter()
    totals: dict[str, Decimal] = {}
    for charge in gateway.charges:
        charged[charge.order_id] += 1
        currency = charge.amount.currency.value
        totals[currency] = totals.get(currency, Decimal(0)) + charge.amount.amount
    written = Counter((email.recipient, email.subject) for email in sender.emails)
    return Books(
        charged=totals,
        charges=charged.total(),
        double_charges=sum(count > 1 for count in charged.values()),
        emails=written.total(),
        double_emails=sum(count > 1 for count in written.values()),
    )
