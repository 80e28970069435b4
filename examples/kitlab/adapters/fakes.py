"""Outside services in memory."""

from __future__ import annotations

import threading
from collections import Counter
from decimal import Decimal

from corelib.adapters.memory import ScriptedFake
from kitlab.adapters.books import CHARGED, Books, outcome_of
from kitlab.ports import Charge, Charged, Declined, Email, GatewayTimeout, HealthForm


class FakePaymentGateway(ScriptedFake):
    """Charges once for each key; the card's token says what happens (see `outcome_of`), unless a test does."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: Counter[str] = Counter()
        self._answers: dict[str, Charged | Declined] = {}
        self._charges: dict[str, Charge] = {}
        self._lock = threading.Lock()

    @property
    def charges(self) -> tuple[Charge, ...]:
        """Return the charges that were made."""
        with self._lock:
            return tuple(self._charges.values())

    def will_decline(self, reason: str = "the bank refuses", *, nth: int = 1, times: int | None = 1) -> None:
        """Have the nth of the next calls answered with a refusal, and so many in a row."""
        self.will_answer("charge", Declined(reason), nth=nth, times=times)

    def will_time_out(self, *, nth: int = 1, times: int | None = 1, after: bool = False) -> None:
        """Have no answer come to the nth of the next calls; `after` has the money taken all the same."""
        self.will_raise("charge", GatewayTimeout("no answer"), nth=nth, times=times, after=after)

    def charge(self, charge: Charge, *, idempotency_key: str) -> Charged | Declined:
        """Take the money once."""
        return self.played(
            "charge", lambda: self._charge(charge, idempotency_key), charge=charge, idempotency_key=idempotency_key
        )

    def _charge(self, charge: Charge, idempotency_key: str) -> Charged | Declined:
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

    def _forget(self) -> None:
        with self._lock:
            self._calls.clear()
            self._answers.clear()
            self._charges.clear()


class FakeEmailSender(ScriptedFake):
    """Keeps one message for each key."""

    def __init__(self) -> None:
        super().__init__()
        self._emails: dict[str, Email] = {}
        self._lock = threading.Lock()

    @property
    def emails(self) -> tuple[Email, ...]:
        """Return the messages that were sent."""
        with self._lock:
            return tuple(self._emails.values())

    def will_time_out(self, *, nth: int = 1, times: int | None = 1, after: bool = False) -> None:
        """Have no answer come to the nth of the next calls; `after` has the message sent all the same."""
        self.will_raise("send", GatewayTimeout("no answer"), nth=nth, times=times, after=after)

    def send(self, email: Email, *, idempotency_key: str) -> None:
        """Keep the message."""
        self.played("send", lambda: self._send(email, idempotency_key), email=email, idempotency_key=idempotency_key)

    def _send(self, email: Email, idempotency_key: str) -> None:
        with self._lock:
            self._emails.setdefault(idempotency_key, email)

    def _forget(self) -> None:
        with self._lock:
            self._emails.clear()


class FakeHealthInfo(ScriptedFake):
    """Keeps one form for each key."""

    def __init__(self) -> None:
        super().__init__()
        self._forms: dict[str, HealthForm] = {}
        self._lock = threading.Lock()

    @property
    def forms(self) -> tuple[HealthForm, ...]:
        """Return the forms that were submitted."""
        with self._lock:
            return tuple(self._forms.values())

    def will_be_complete(self, *, complete: bool = True, nth: int = 1, times: int | None = 1) -> None:
        """Have the nth of the next questions answered so, whatever was submitted."""
        self.will_answer("is_complete", complete, nth=nth, times=times)

    def will_time_out(
        self, method: str = "submit", *, nth: int = 1, times: int | None = 1, after: bool = False
    ) -> None:
        """Have no answer come to the nth of the next calls; `after` has the form taken all the same."""
        self.will_raise(method, GatewayTimeout("no answer"), nth=nth, times=times, after=after)

    def is_complete(self, order_id: str) -> bool:
        """Return whether there is a form."""
        return self.played(
            "is_complete", lambda: any(form.order_id == order_id for form in self.forms), order_id=order_id
        )

    def submit(self, form: HealthForm, *, idempotency_key: str) -> None:
        """Keep the form."""
        self.played("submit", lambda: self._submit(form, idempotency_key), form=form, idempotency_key=idempotency_key)

    def _submit(self, form: HealthForm, idempotency_key: str) -> None:
        with self._lock:
            self._forms.setdefault(idempotency_key, form)

    def _forget(self) -> None:
        with self._lock:
            self._forms.clear()


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
