from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.kitlab.laboratory import laboratory, raw_order

from corelib import JobState
from kitlab.adapters.fakes import FakeEmailSender
from kitlab.domain.order import OrderStatus
from kitlab.ports import Email, GatewayTimeout

pytest.importorskip("cattrs")


class SlowSender(FakeEmailSender):
    """Takes every message and gives no answer for the first calls."""

    def __init__(self, timeouts: int) -> None:
        super().__init__()
        self.timeouts = timeouts

    def send(self, email: Email, *, idempotency_key: str) -> None:
        super().send(email, idempotency_key=idempotency_key)
        self.timeouts -= 1
        if self.timeouts >= 0:
            raise GatewayTimeout("the mail service did not answer in time")


class TestSendConfirmation:
    class WhenTheOrderIsPaid:
        def test_writes_to_the_user(self) -> None:
            lab = laboratory()
            lab.submit(raw_order())

            lab.host.run_due_jobs()

            assert lab.sender.emails == (
                Email(
                    "zoe@example.com",
                    "Your order ORD-000001",
                    "Dear Zoë Lovelace,\n\nyour order ORD-000001 is paid: 258.00 EUR.\n",
                ),
            )

        def test_notes_that_it_was_sent(self) -> None:
            lab = laboratory()
            lab.submit(raw_order())

            lab.host.run_due_jobs()

            (sent,) = lab.confirmations()
            assert (sent.order_id, sent.recipient) == ("ORD-000001", "zoe@example.com")
            assert (sent.subject, sent.sent_at) == ("Your order ORD-000001", lab.clock.now())

        def test_is_caused_by_the_charge(self) -> None:
            lab = laboratory()
            lab.submit(raw_order())
            (charge,) = lab.host.jobs.list()

            lab.host.run_due_jobs()

            confirmation = next(job for job in lab.host.jobs.list() if job.name == "send_confirmation")
            assert confirmation.queue == "email"
            assert confirmation.context.causation_id == str(charge.id)

    class WhenTheSenderTimesOut:
        def test_sends_it_once_and_notes_it_once(self) -> None:
            sender = SlowSender(timeouts=2)
            lab = laboratory(sender=sender)
            lab.submit(raw_order())

            for _ in range(3):
                lab.host.run_due_jobs()
                lab.clock.advance(timedelta(seconds=2))

            assert len(sender.emails) == len(lab.confirmations()) == 1
            assert lab.host.jobs.count()[JobState.SUCCEEDED] == 2

        def test_waits_a_second_then_two(self) -> None:
            lab = laboratory(sender=SlowSender(timeouts=2))
            lab.submit(raw_order())
            waits: list[timedelta] = []

            for _ in range(2):
                lab.host.run_due_jobs()
                (pending,) = lab.host.jobs.list(state=JobState.PENDING)
                waits.append(pending.due_at - lab.clock.now())
                lab.clock.advance(waits[-1])

            assert waits == [timedelta(seconds=1), timedelta(seconds=2)]

    class WhenTheSenderIsUnreachable:
        def test_becomes_a_dead_letter_and_leaves_the_payment(self) -> None:
            lab = laboratory(sender=SlowSender(timeouts=100))
            lab.submit(raw_order())

            for _ in range(5):
                lab.host.run_due_jobs()
                lab.clock.advance(timedelta(minutes=1))

            (dead,) = lab.host.jobs.list(state=JobState.DEAD)
            assert (dead.name, dead.attempts) == ("send_confirmation", 5)
            assert lab.order().status is OrderStatus.PAID
            assert lab.confirmations() == []
