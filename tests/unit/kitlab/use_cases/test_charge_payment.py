from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from tests.unit.kitlab.laboratory import Laboratory, laboratory, raw_order

from corelib import JobState
from corelib.adapters.memory import LogLine
from kitlab.adapters.fakes import FakePaymentGateway
from kitlab.domain.money import Currency, Money
from kitlab.domain.order import OrderStatus
from kitlab.ports import Charge, Charged, Declined

pytest.importorskip("cattrs")

TOTAL = Money(Decimal("258.00"), Currency.EUR)


class ForgetfulGateway(FakePaymentGateway):
    """Takes the money and loses the connection before it can say so, in the first call."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []

    def charge(self, charge: Charge, *, idempotency_key: str) -> Charged | Declined:
        self.keys.append(idempotency_key)
        answer = super().charge(charge, idempotency_key=idempotency_key)
        if len(self.keys) == 1:
            raise ConnectionResetError("gone")
        return answer


def place(lab: Laboratory, token: str) -> None:
    lab.submit(raw_order(card_token=token))


def run_to_the_end(lab: Laboratory) -> list[timedelta]:
    """Run all jobs, moving the clock to the next one that is due; return how long was waited each time."""
    waits: list[timedelta] = []
    lab.host.run_due_jobs()
    while pending := lab.host.jobs.list(state=JobState.PENDING):
        waits.append(min(job.due_at for job in pending) - lab.clock.now())
        lab.clock.advance(waits[-1])
        lab.host.run_due_jobs()
    return waits


def about_charges(lab: Laboratory) -> list[LogLine]:
    return [line for line in lab.log.lines if line.fields.get("job") == "charge_payment"]


class TestChargePayment:
    class WhenTheCardIsGood:
        def test_marks_the_order_as_paid(self) -> None:
            lab = laboratory()
            place(lab, "tok_visa_1")

            lab.host.run_due_jobs()

            assert lab.order().status is OrderStatus.PAID

        def test_charges_the_card_once_with_the_total(self) -> None:
            lab = laboratory()
            place(lab, "tok_visa_1")

            lab.host.run_due_jobs()

            assert lab.gateway.charges == (Charge("ORD-000001", TOTAL, "tok_visa_1"),)

        def test_writes_payment_and_invoice(self) -> None:
            lab = laboratory()
            place(lab, "tok_visa_1")
            (job,) = lab.host.jobs.list()

            lab.host.run_due_jobs()

            (payment,), (invoice,) = lab.payments(), lab.invoices()
            assert (payment.order_id, payment.amount, payment.reference) == ("ORD-000001", TOTAL, f"ch_{job.id}")
            assert (invoice.order_id, invoice.amount) == ("ORD-000001", TOTAL)
            assert invoice.issued_at == lab.clock.now()

        def test_sends_the_confirmation(self) -> None:
            lab = laboratory()
            place(lab, "tok_visa_1")

            runs = lab.host.run_due_jobs()

            assert runs == 2
            assert [email.recipient for email in lab.sender.emails] == ["zoe@example.com"]

    class WhenTheCardIsDeclined:
        def test_is_an_outcome_and_no_failure(self) -> None:
            lab = laboratory()
            place(lab, "tok_declined_1")

            lab.host.run_due_jobs()

            assert lab.order().status is OrderStatus.DECLINED
            assert lab.host.jobs.count() == {
                **dict.fromkeys(JobState, 0),
                JobState.SUCCEEDED: 1,
            }

        def test_keeps_the_answer_and_bills_nothing(self) -> None:
            lab = laboratory()
            place(lab, "tok_declined_1")

            lab.host.run_due_jobs()

            (payment,) = lab.payments()
            assert (payment.order_id, payment.reference) == ("ORD-000001", None)
            assert lab.invoices() == []
            assert lab.gateway.charges == ()
            assert lab.sender.emails == ()

    class WhenTheGatewayTimesOut:
        def test_changes_nothing_until_it_answers(self) -> None:
            lab = laboratory()
            place(lab, "tok_timeout2_1")

            lab.host.run_due_jobs()

            assert lab.order().status is OrderStatus.PLACED
            assert (lab.payments(), lab.invoices()) == ([], [])
            (job,) = lab.host.jobs.list()
            assert (job.state, job.attempts) == (JobState.PENDING, 1)
            assert job.error == "GatewayTimeout: the payment gateway did not answer in time"

        def test_charges_once_when_it_answers(self) -> None:
            lab = laboratory()
            place(lab, "tok_timeout2_1")

            waits = run_to_the_end(lab)

            assert len(waits) == 2
            assert lab.order().status is OrderStatus.PAID
            assert len(lab.gateway.charges) == len(lab.payments()) == len(lab.invoices()) == len(lab.sender.emails) == 1

        def test_waits_twice_as_long_each_time_give_or_take_a_tenth(self) -> None:
            lab = laboratory()
            place(lab, "tok_timeout4_1")

            waits = run_to_the_end(lab)

            middles = [timedelta(milliseconds=wait) for wait in (250, 500, 1000, 2000)]
            assert len(waits) == 4
            assert all(0.9 * middle <= wait <= 1.1 * middle for wait, middle in zip(waits, middles, strict=True))

        def test_logs_each_retry(self) -> None:
            lab = laboratory()
            place(lab, "tok_timeout2_1")

            run_to_the_end(lab)

            told = [(line.level, line.event, line.fields["attempt"]) for line in about_charges(lab)]
            assert told == [
                ("warning", "job will be retried", 1),
                ("warning", "job will be retried", 2),
                ("info", "job succeeded", 3),
            ]

    class WhenTheGatewayIsUnreachable:
        def test_becomes_a_dead_letter_after_five_attempts(self) -> None:
            lab = laboratory()
            place(lab, "tok_unreachable_1")

            waits = run_to_the_end(lab)

            assert len(waits) == 4
            (dead,) = lab.host.jobs.list(state=JobState.DEAD)
            assert (dead.name, dead.attempts) == ("charge_payment", 5)
            assert dead.error == "GatewayTimeout: the payment gateway did not answer in time"

        def test_leaves_the_order_as_it_was(self) -> None:
            lab = laboratory()
            place(lab, "tok_unreachable_1")

            run_to_the_end(lab)

            assert lab.order().status is OrderStatus.PLACED
            assert (lab.payments(), lab.invoices(), lab.gateway.charges, lab.sender.emails) == ([], [], (), ())

        def test_does_not_hold_up_other_orders(self) -> None:
            lab = laboratory()
            place(lab, "tok_unreachable_1")
            lab.submit(raw_order(order_id="ORD-000002"))

            lab.host.run_due_jobs()

            assert lab.order("ORD-000002").status is OrderStatus.PAID

        def test_logs_the_death_as_an_error(self) -> None:
            lab = laboratory()
            place(lab, "tok_unreachable_1")

            run_to_the_end(lab)

            assert [line.event for line in lab.log.lines if line.level == "error"] == ["job is dead"]

    class WhenTheAnswerOfTheGatewayIsLost:
        def test_asks_again_with_the_same_key_and_charges_once(self) -> None:
            gateway = ForgetfulGateway()
            lab = laboratory(gateway=gateway)
            place(lab, "tok_visa_1")

            run_to_the_end(lab)

            assert len(gateway.keys) == 2
            assert len(set(gateway.keys)) == 1
            assert len(gateway.charges) == 1
            assert lab.order().status is OrderStatus.PAID

    class WhenTheOrdersWayIsLogged:
        @pytest.mark.parametrize(
            ("token", "events"),
            [
                ("tok_visa_1", ["command succeeded", "job succeeded", "job succeeded"]),
                ("tok_declined_1", ["command succeeded", "job succeeded"]),
                (
                    "tok_timeout1_1",
                    ["command succeeded", "job will be retried", "job succeeded", "job succeeded"],
                ),
                ("tok_unreachable_1", ["command succeeded", *["job will be retried"] * 4, "job is dead"]),
            ],
        )
        def test_has_the_same_correlation_id_in_every_line(self, token: str, events: list[str]) -> None:
            lab = laboratory()
            lab.submit(raw_order(card_token=token), correlation_id="c-42")

            run_to_the_end(lab)

            assert [line.event for line in lab.log.lines] == events
            assert {line.fields.get("correlation_id") for line in lab.log.lines} == {"c-42"}

        def test_keeps_orders_apart(self) -> None:
            lab = laboratory()
            lab.submit(raw_order(), correlation_id="c-1")
            lab.submit(raw_order(order_id="ORD-000002"), correlation_id="c-2")

            run_to_the_end(lab)

            ids = [line.fields["correlation_id"] for line in lab.log.lines]
            assert (ids.count("c-1"), ids.count("c-2")) == (3, 3)

        def test_shows_no_card(self) -> None:
            lab = laboratory()
            place(lab, "tok_unreachable_1")

            run_to_the_end(lab)

            assert "tok_unreachable" not in str(lab.log.lines)
