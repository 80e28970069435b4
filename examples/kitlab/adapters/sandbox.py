"""Outside services that keep books of their own in the database, in transactions of their own.

They stand for a real gateway and mail service: what they did stays done, whatever becomes of the caller, also if it is
killed a moment later.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from corelib.adapters.sqlalchemy import create_engine
from kitlab.adapters.books import CHARGED, Books, outcome_of
from kitlab.adapters.tables import sandbox_charge, sandbox_email, sandbox_health
from kitlab.ports import Charge, Charged, Declined, Email, GatewayTimeout, HealthForm

_CHARGE = sa.select(sandbox_charge.c.calls, sandbox_charge.c.outcome).where(
    sandbox_charge.c.idempotency_key == sa.bindparam("key")
)
_NEXT_CALL = (
    sandbox_charge.update()
    .where(sandbox_charge.c.idempotency_key == sa.bindparam("key"))
    .values(calls=sa.bindparam("call"), outcome=sa.bindparam("answer"))
)
_EMAIL_KNOWN = sa.select(sandbox_email.c.subject).where(sandbox_email.c.idempotency_key == sa.bindparam("key"))

_FORM_KNOWN = sa.select(sandbox_health.c.order_id).where(sandbox_health.c.idempotency_key == sa.bindparam("key"))
_FORMS = sa.select(sandbox_health.c.order_id).where(sandbox_health.c.order_id == sa.bindparam("order_id"))


class Sandbox:
    """All services over one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def at(cls, database_url: str) -> Self:
        """Return the sandbox that keeps its books in this database."""
        return cls(create_engine(database_url))

    def charge(self, charge: Charge, *, idempotency_key: str) -> Charged | Declined:
        """Take the money once for each key."""
        with self._booking() as connection:
            calls, outcome = connection.execute(_CHARGE, {"key": idempotency_key}).one_or_none() or (0, None)
            if outcome is None:
                outcome = _outcome_or_none(charge.card_token, calls + 1)
                if not calls:
                    connection.execute(sandbox_charge.insert(), _charge_row(charge, idempotency_key, outcome))
                else:
                    connection.execute(_NEXT_CALL, {"key": idempotency_key, "call": calls + 1, "answer": outcome})
        if outcome is None:
            raise GatewayTimeout("the payment gateway did not answer in time")
        return Charged(f"ch_{idempotency_key}") if outcome == CHARGED else Declined("the bank refuses")

    def send(self, email: Email, *, idempotency_key: str) -> None:
        """Take the message once for each key."""
        row = {"idempotency_key": idempotency_key, "recipient": email.recipient, "subject": email.subject}
        with self._booking() as connection:
            if connection.execute(_EMAIL_KNOWN, {"key": idempotency_key}).first() is None:
                connection.execute(sandbox_email.insert(), row)

    def is_complete(self, order_id: str) -> bool:
        """Return whether the form of an order was submitted."""
        with self._engine.connect() as connection:
            return connection.execute(_FORMS, {"order_id": order_id}).first() is not None

    def submit(self, form: HealthForm, *, idempotency_key: str) -> None:
        """Take the form once for each key; what it says is not kept in a sandbox."""
        with self._booking() as connection:
            if connection.execute(_FORM_KNOWN, {"key": idempotency_key}).first() is None:
                connection.execute(
                    sandbox_health.insert(), {"idempotency_key": idempotency_key, "order_id": form.order_id}
                )

    def books(self) -> Books:
        """Return what both services did."""
        charges, emails = sandbox_charge.c, sandbox_email.c
        made = charges.outcome == CHARGED
        totals = sa.select(charges.amount_currency, sa.func.sum(charges.amount_amount), sa.func.count())
        twice = sa.select(charges.order_id).where(made).group_by(charges.order_id).having(sa.func.count() > 1)
        written = sa.select(emails.recipient, emails.subject).group_by(emails.recipient, emails.subject)
        with self._engine.connect() as connection:
            sums = connection.execute(totals.where(made).group_by(charges.amount_currency)).all()
            return Books(
                charged={currency: total for currency, total, _ in sums},
                charges=sum(count for _, _, count in sums),
                double_charges=len(connection.execute(twice).all()),
                emails=connection.execute(sa.select(sa.func.count()).select_from(sandbox_email)).scalar_one(),
                double_emails=len(connection.execute(written.having(sa.func.count() > 1)).all()),
            )

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()

    @contextmanager
    def _booking(self) -> Iterator[Connection]:
        """Of two calls with one key at the same moment, the slower one gets no answer."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except sa.exc.IntegrityError as error:
            raise GatewayTimeout("the service is busy with the same request") from error


def _outcome_or_none(card_token: str, call: int) -> str | None:
    try:
        return outcome_of(card_token, call)
    except GatewayTimeout:
        return None


def _charge_row(charge: Charge, key: str, outcome: str | None) -> dict[str, object]:
    return {
        "idempotency_key": key,
        "order_id": charge.order_id,
        "amount_amount": charge.amount.amount,
        "amount_currency": charge.amount.currency.value,
        "calls": 1,
        "outcome": outcome,
    }
