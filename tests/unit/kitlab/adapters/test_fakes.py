from __future__ import annotations

from decimal import Decimal

import pytest

from kitlab.adapters.books import Books
from kitlab.adapters.fakes import FakeEmailSender, FakePaymentGateway, books_of
from kitlab.domain.money import Currency, Money
from kitlab.ports import Charge, Charged, Declined, Email, GatewayTimeout


def charge(order_id: str = "ORD-1", *, amount: str = "10.00", token: str = "tok_visa_1") -> Charge:
    return Charge(order_id, Money(Decimal(amount), Currency.EUR), token)


def email(subject: str = "Your order ORD-1", *, recipient: str = "zoe@example.com") -> Email:
    return Email(recipient, subject, "Dear Zoë")


class TestFakePaymentGateway:
    def test_takes_the_money_once_for_each_key(self) -> None:
        gateway = FakePaymentGateway()

        answers = [gateway.charge(charge(), idempotency_key="k-1") for _ in range(2)]

        assert answers == [Charged("ch_k-1"), Charged("ch_k-1")]
        assert gateway.charges == (charge(),)

    def test_takes_it_again_for_another_key(self) -> None:
        gateway = FakePaymentGateway()

        for key in ("k-1", "k-2"):
            gateway.charge(charge(), idempotency_key=key)

        assert len(gateway.charges) == 2

    class WhenTheCardIsDeclined:
        def test_takes_nothing(self) -> None:
            gateway = FakePaymentGateway()

            answer = gateway.charge(charge(token="tok_declined_1"), idempotency_key="k-1")

            assert isinstance(answer, Declined)
            assert gateway.charges == ()

    class WhenTheCardTimesOut:
        def test_counts_the_calls_of_each_key(self) -> None:
            gateway = FakePaymentGateway()
            slow = charge(token="tok_timeout1_1")

            for key in ("k-1", "k-2"):
                with pytest.raises(GatewayTimeout):
                    gateway.charge(slow, idempotency_key=key)

            assert gateway.charge(slow, idempotency_key="k-1") == Charged("ch_k-1")
            assert gateway.charges == (slow,)


class TestFakeEmailSender:
    def test_takes_a_message_once_for_each_key(self) -> None:
        sender = FakeEmailSender()

        for key in ("k-1", "k-1", "k-2"):
            sender.send(email(), idempotency_key=key)

        assert sender.emails == (email(), email())


class TestBooksOf:
    class WhenNothingHappened:
        def test_are_empty(self) -> None:
            assert books_of(FakePaymentGateway(), FakeEmailSender()) == Books({}, 0, 0, 0, 0)

    def test_add_up_what_both_did(self) -> None:
        gateway, sender = FakePaymentGateway(), FakeEmailSender()
        gateway.charge(charge("ORD-1", amount="1.10"), idempotency_key="k-1")
        gateway.charge(charge("ORD-2", amount="2.20"), idempotency_key="k-2")
        gateway.charge(Charge("ORD-3", Money(Decimal(7), Currency.JPY), "tok_visa_1"), idempotency_key="k-3")
        sender.send(email(), idempotency_key="k-1")

        books = books_of(gateway, sender)

        assert books == Books({"EUR": Decimal("3.30"), "JPY": Decimal(7)}, 3, 0, 1, 0)

    def test_show_what_happened_twice(self) -> None:
        gateway, sender = FakePaymentGateway(), FakeEmailSender()
        for key in ("k-1", "k-2"):
            gateway.charge(charge("ORD-1"), idempotency_key=key)
            sender.send(email(), idempotency_key=key)

        books = books_of(gateway, sender)

        assert (books.charges, books.double_charges, books.emails, books.double_emails) == (2, 1, 2, 1)
