"""The contracts of kitlab's own ports, written as those of corelib are."""
# ruff: noqa: D102, D106, S101 - the names of the tests are their sentences

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar
from uuid import uuid4

import pytest
from attrs import evolve

from corelib import Host
from corelib.testing.contracts.suite import ContractSuite
from corelib.testing.contracts.waiting import at_the_same_time
from corelib.testing.factories import Source
from kitlab.domain.money import Currency, Money
from kitlab.ports import (
    Charge,
    Charged,
    Declined,
    Email,
    EmailSender,
    GatewayTimeout,
    HealthForm,
    HealthInfo,
    PaymentGateway,
    Revenue,
    RevenueReport,
)
from kitlab.testing.factories import InvoiceFactory

MoneyTaken = Callable[[], Mapping[str, Decimal]]
MessagesTaken = Callable[[], int]

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)

UNCLEAR = "unclear"
"""Stands for a call that got no answer."""


class PaymentGatewayContract(ContractSuite):
    """Money is taken once for each key."""

    port: ClassVar[str] = "PaymentGateway"

    @pytest.fixture
    def gateway(self) -> PaymentGateway:
        """Return a gateway that has charged nobody yet."""
        raise NotImplementedError

    @pytest.fixture
    def taken(self) -> MoneyTaken:
        """Return a function that tells how much money `gateway` has taken, by currency."""
        raise NotImplementedError

    @pytest.fixture
    def good_card(self) -> str:
        """Return a card that can be charged."""
        return "tok_ok_1"

    @pytest.fixture
    def declined_card(self) -> str:
        """Return a card whose bank refuses."""
        return "tok_declined_1"

    @pytest.fixture
    def slow_card(self) -> str:
        """Return a card for which the first two calls get no answer."""
        return "tok_timeout2_1"

    class WhenACardIsCharged:
        def test_takes_the_money(self, gateway: PaymentGateway, taken: MoneyTaken, good_card: str) -> None:
            answer = gateway.charge(a_charge(good_card, "12.50"), idempotency_key=a_key())

            assert isinstance(answer, Charged)
            assert answer.reference
            assert taken() == {"CHF": Decimal("12.50")}

        def test_adds_up_what_it_takes_under_other_keys(
            self, gateway: PaymentGateway, taken: MoneyTaken, good_card: str
        ) -> None:
            gateway.charge(a_charge(good_card, "12.50"), idempotency_key=a_key())
            gateway.charge(a_charge(good_card, "0.10"), idempotency_key=a_key())
            gateway.charge(a_charge(good_card, "100", Currency.JPY), idempotency_key=a_key())

            assert taken() == {"CHF": Decimal("12.60"), "JPY": Decimal(100)}

        def test_gives_each_charge_a_reference_of_its_own(self, gateway: PaymentGateway, good_card: str) -> None:
            charge = a_charge(good_card)

            answers = [gateway.charge(charge, idempotency_key=a_key()) for _ in range(2)]

            assert answers[0] != answers[1]

    class WhenTheKeyWasUsedBefore:
        def test_gives_the_first_answer(self, gateway: PaymentGateway, good_card: str) -> None:
            charge, key = a_charge(good_card), a_key()
            first = gateway.charge(charge, idempotency_key=key)

            second = gateway.charge(charge, idempotency_key=key)

            assert second == first

        def test_takes_no_more_money(self, gateway: PaymentGateway, taken: MoneyTaken, good_card: str) -> None:
            charge, key = a_charge(good_card, "12.50"), a_key()
            gateway.charge(charge, idempotency_key=key)

            gateway.charge(charge, idempotency_key=key)

            assert taken() == {"CHF": Decimal("12.50")}

        def test_looks_at_the_key_and_not_at_the_amount(
            self, gateway: PaymentGateway, taken: MoneyTaken, good_card: str
        ) -> None:
            key = a_key()
            first = gateway.charge(a_charge(good_card, "12.50"), idempotency_key=key)

            second = gateway.charge(a_charge(good_card, "99.00"), idempotency_key=key)

            assert second == first
            assert taken() == {"CHF": Decimal("12.50")}

        def test_looks_at_the_key_and_not_at_the_card(
            self, gateway: PaymentGateway, taken: MoneyTaken, good_card: str, declined_card: str
        ) -> None:
            charge, key = a_charge(good_card, "12.50"), a_key()
            first = gateway.charge(charge, idempotency_key=key)

            second = gateway.charge(evolve(charge, card_token=declined_card), idempotency_key=key)

            assert second == first
            assert taken() == {"CHF": Decimal("12.50")}

        def test_repeats_a_refusal_as_well(
            self, gateway: PaymentGateway, taken: MoneyTaken, good_card: str, declined_card: str
        ) -> None:
            charge, key = a_charge(declined_card), a_key()
            first = gateway.charge(charge, idempotency_key=key)

            second = gateway.charge(evolve(charge, card_token=good_card), idempotency_key=key)

            assert second == first
            assert taken() == {}

    class WhenTheBankRefuses:
        def test_is_declined(self, gateway: PaymentGateway, declined_card: str) -> None:
            answer = gateway.charge(a_charge(declined_card), idempotency_key=a_key())

            assert isinstance(answer, Declined)
            assert answer.reason

        def test_takes_no_money(self, gateway: PaymentGateway, taken: MoneyTaken, declined_card: str) -> None:
            gateway.charge(a_charge(declined_card), idempotency_key=a_key())

            assert taken() == {}

    class WhenNoAnswerComes:
        def test_raises_a_timeout(self, gateway: PaymentGateway, slow_card: str) -> None:
            with pytest.raises(GatewayTimeout):
                gateway.charge(a_charge(slow_card), idempotency_key=a_key())

        def test_answers_when_it_is_asked_again_with_the_same_key(
            self, gateway: PaymentGateway, taken: MoneyTaken, slow_card: str
        ) -> None:
            charge, key = a_charge(slow_card, "12.50"), a_key()
            for _ in range(2):
                with pytest.raises(GatewayTimeout):
                    gateway.charge(charge, idempotency_key=key)

            answer = gateway.charge(charge, idempotency_key=key)

            assert isinstance(answer, Charged)
            assert taken() == {"CHF": Decimal("12.50")}

    class WhenManyUseTheSameKeyAtOnce:
        def test_takes_the_money_once(self, gateway: PaymentGateway, taken: MoneyTaken, good_card: str) -> None:
            charge, key = a_charge(good_card, "12.50"), a_key()

            answers = at_the_same_time(*[lambda: charged_or_unclear(gateway, charge, key)] * 4)

            assert len(set(answers) - {UNCLEAR}) == 1
            assert taken() == {"CHF": Decimal("12.50")}


class EmailSenderContract(ContractSuite):
    """A message is sent once for each key."""

    port: ClassVar[str] = "EmailSender"

    @pytest.fixture
    def sender(self) -> EmailSender:
        """Return a sender that has sent nothing yet."""
        raise NotImplementedError

    @pytest.fixture
    def sent(self) -> MessagesTaken:
        """Return a function that tells how many messages `sender` has sent."""
        raise NotImplementedError

    class WhenAMessageIsHandedOver:
        def test_is_sent(self, sender: EmailSender, sent: MessagesTaken) -> None:
            sender.send(an_email(), idempotency_key=a_key())

            assert sent() == 1

        def test_is_sent_beside_others(self, sender: EmailSender, sent: MessagesTaken) -> None:
            sender.send(an_email(), idempotency_key=a_key())
            sender.send(an_email(), idempotency_key=a_key())

            assert sent() == 2

        def test_may_be_in_any_script(self, sender: EmailSender, sent: MessagesTaken) -> None:
            sender.send(an_email(subject="Bestellung für 李 🧪", text="שלום"), idempotency_key=a_key())

            assert sent() == 1

    class WhenTheKeyWasUsedBefore:
        def test_is_not_sent_again(self, sender: EmailSender, sent: MessagesTaken) -> None:
            email, key = an_email(), a_key()
            sender.send(email, idempotency_key=key)

            sender.send(email, idempotency_key=key)

            assert sent() == 1

        def test_is_not_sent_with_another_text_either(self, sender: EmailSender, sent: MessagesTaken) -> None:
            key = a_key()
            sender.send(an_email(), idempotency_key=key)

            sender.send(an_email(), idempotency_key=key)

            assert sent() == 1

    class WhenManyUseTheSameKeyAtOnce:
        def test_is_sent_once(self, sender: EmailSender, sent: MessagesTaken) -> None:
            email, key = an_email(), a_key()

            at_the_same_time(*[lambda: send_or_unclear(sender, email, key)] * 4)

            assert sent() == 1


class HealthInfoContract(ContractSuite):
    """A form is kept once for each key, and completes the order that it names."""

    port: ClassVar[str] = "HealthInfo"

    @pytest.fixture
    def health(self) -> HealthInfo:
        """Return a service that has no forms yet."""
        raise NotImplementedError

    class WhenNoFormWasSubmitted:
        def test_is_not_complete(self, health: HealthInfo) -> None:
            assert health.is_complete(an_order()) is False

    class WhenAFormIsSubmitted:
        def test_completes_its_order(self, health: HealthInfo) -> None:
            order = an_order()

            health.submit(HealthForm(order, {"allergies": "none"}), idempotency_key=a_key())

            assert health.is_complete(order) is True

        def test_completes_no_other_order(self, health: HealthInfo) -> None:
            health.submit(HealthForm(an_order(), {"allergies": "none"}), idempotency_key=a_key())

            assert health.is_complete(an_order()) is False

        def test_may_be_submitted_again(self, health: HealthInfo) -> None:
            order = an_order()

            for allergies in ("none", "nuts"):
                health.submit(HealthForm(order, {"allergies": allergies}), idempotency_key=a_key())

            assert health.is_complete(order) is True

    class WhenTheKeyWasUsedBefore:
        def test_is_the_call_of_before(self, health: HealthInfo) -> None:
            first, second, key = an_order(), an_order(), a_key()
            health.submit(HealthForm(first, {"allergies": "none"}), idempotency_key=key)

            health.submit(HealthForm(second, {"allergies": "none"}), idempotency_key=key)

            assert (health.is_complete(first), health.is_complete(second)) == (True, False)

    class WhenManyUseTheSameKeyAtOnce:
        def test_is_complete_in_the_end(self, health: HealthInfo) -> None:
            form, key = HealthForm(an_order(), {"allergies": "none"}), a_key()

            at_the_same_time(*[lambda: submit_or_unclear(health, form, key)] * 4)

            assert health.is_complete(form.order_id) is True


class RevenueReportContract(ContractSuite):
    """What was billed on a day is added up exactly, by currency."""

    port: ClassVar[str] = "RevenueReport"

    @pytest.fixture
    def host(self) -> Host:
        """Return kitlab on an empty store."""
        raise NotImplementedError

    @pytest.fixture
    def report(self) -> RevenueReport:
        """Return the report for that store."""
        raise NotImplementedError

    @pytest.fixture
    def invoices(self) -> InvoiceFactory:
        """Return a factory of invoices."""
        return InvoiceFactory(Source())

    class WhenInvoicesWereWritten:
        def test_adds_them_up_by_currency(self, host: Host, report: RevenueReport, invoices: InvoiceFactory) -> None:
            for amount in (francs("0.10"), francs("0.20"), Money(Decimal(700), Currency.JPY)):
                invoices.persisted(host, issued_at=NOON, amount=amount)

            with host.unit_of_work() as uow:
                revenue = list(report.of(NOON.date(), uow))

            assert revenue == [Revenue(2, francs("0.30")), Revenue(1, Money(Decimal(700), Currency.JPY))]

        def test_counts_the_first_instant_of_the_day_and_not_the_last(
            self, host: Host, report: RevenueReport, invoices: InvoiceFactory
        ) -> None:
            midnight = NOON - timedelta(hours=12)
            edges = {"1": midnight - timedelta(microseconds=1), "2": midnight, "4": midnight + timedelta(days=1)}
            for amount, edge in edges.items():
                invoices.persisted(host, issued_at=edge, amount=francs(amount))

            with host.unit_of_work() as uow:
                revenue = list(report.of(NOON.date(), uow))

            assert revenue == [Revenue(1, francs("2"))]

    class WhenNothingWasBilled:
        def test_is_empty(self, host: Host, report: RevenueReport) -> None:
            with host.unit_of_work() as uow:
                assert list(report.of(NOON.date(), uow)) == []

    class WhenTheUnitOfWorkHasFlushedInvoices:
        def test_counts_them(self, host: Host, report: RevenueReport, invoices: InvoiceFactory) -> None:
            with host.unit_of_work() as uow:
                invoices.persisted(uow, issued_at=NOON, amount=francs("5"))

                revenue = list(report.of(NOON.date(), uow))

            assert revenue == [Revenue(1, francs("5"))]


def a_key() -> str:
    """Return a key that nobody has used."""
    return uuid4().hex


def a_charge(card: str, amount: str = "12.50", currency: Currency = Currency.CHF) -> Charge:
    """Return a charge for an order of its own."""
    return Charge(f"ORD-{uuid4().hex}", Money(Decimal(amount), currency), card)


def an_email(subject: str = "Your order", text: str = "It is paid.") -> Email:
    """Return a message to a recipient of its own."""
    return Email(f"{uuid4().hex}@example.org", subject, text)


def charged_or_unclear(gateway: PaymentGateway, charge: Charge, key: str) -> object:
    """Charge a card; of callers that use one key at the same moment, some may get no answer."""
    try:
        return gateway.charge(charge, idempotency_key=key)
    except GatewayTimeout:
        return UNCLEAR


def send_or_unclear(sender: EmailSender, email: Email, key: str) -> None:
    """Hand over a message; of callers that use one key at the same moment, some may get no answer."""
    try:
        sender.send(email, idempotency_key=key)
    except GatewayTimeout:
        return


def submit_or_unclear(health: HealthInfo, form: HealthForm, key: str) -> None:
    """Submit a form; of callers that use one key at the same moment, some may get no answer."""
    try:
        health.submit(form, idempotency_key=key)
    except GatewayTimeout:
        return


def an_order() -> str:
    """Return an order that nobody has heard of."""
    return f"ORD-{uuid4().hex}"


def francs(amount: str) -> Money:
    """Return an amount of money."""
    return Money(Decimal(amount), Currency.CHF)
