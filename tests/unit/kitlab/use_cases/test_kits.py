"""Shipping a kit, receiving it, and handing on what its analysis needs."""

from __future__ import annotations

import pytest
from tests.unit.kitlab.laboratory import Laboratory, laboratory, raw_order

from corelib import JobState
from corelib.errors import AlreadyExists, NotFound, ValidationFailed
from kitlab.domain.kit import Kit, KitNotExpected, KitStatus
from kitlab.ports import HealthForm
from kitlab.use_cases.receive_kit import CheckKit, ReceiveKit, check_kit
from kitlab.use_cases.ship_kit import ShipKit
from kitlab.use_cases.submit_health_info import SubmitHealthInfo

pytest.importorskip("cattrs")

ANSWERS = {"allergies": "none"}


def paid_order() -> Laboratory:
    lab = laboratory()
    lab.submit(raw_order())
    lab.host.run_due_jobs()
    lab.sender.reset()
    return lab


def shipped_kit() -> Laboratory:
    lab = paid_order()
    lab.host.execute(ShipKit("KIT-000001", "ORD-000001", "GUT-01"))
    return lab


def only_kit(lab: Laboratory) -> Kit:
    (kit,) = lab.all(Kit)
    return kit


class TestShipKit:
    class WhenTheOrderIsPaid:
        def test_notes_the_kit(self) -> None:
            lab = shipped_kit()

            kit = only_kit(lab)

            assert (kit.id, kit.order_id, kit.kit_code) == ("KIT-000001", "ORD-000001", "GUT-01")

        def test_refuses_a_barcode_that_is_in_use(self) -> None:
            lab = shipped_kit()

            with pytest.raises(AlreadyExists):
                lab.host.execute(ShipKit("KIT-000001", "ORD-000001", "GUT-01"))

    class WhenTheOrderIsNotPaidOrHasNoSuchKit:
        def test_tells_all_problems(self) -> None:
            lab = laboratory()
            lab.submit(raw_order())

            with pytest.raises(ValidationFailed) as refused:
                lab.host.execute(ShipKit("KIT-000001", "ORD-000001", "VIT-01"))

            codes = [(problem.path, problem.code) for problem in refused.value.problems]
            assert codes == [("order_id", "order_not_paid"), ("kit_code", "kit_not_ordered")]


class TestReceiveKit:
    class WhenTheHealthInformationIsComplete:
        def test_accepts_the_kit(self) -> None:
            lab = shipped_kit()
            lab.health.will_be_complete()

            lab.host.execute(ReceiveKit("KIT-000001"))
            lab.host.run_due_jobs()

            kit = only_kit(lab)
            assert (kit.status, kit.received_at) == (KitStatus.ACCEPTED, lab.clock.now())
            assert lab.sender.emails == ()

    class WhenTheHealthInformationIsMissing:
        def test_asks_for_it(self) -> None:
            lab = shipped_kit()

            lab.host.execute(ReceiveKit("KIT-000001"))
            lab.host.run_due_jobs()

            (email,) = lab.sender.emails
            assert (email.recipient, email.subject) == ("zoe@example.com", "Your kit KIT-000001")
            assert only_kit(lab).status is KitStatus.RECEIVED

    class WhenTheHealthServiceDoesNotAnswer:
        def test_waits_for_the_next_attempt(self) -> None:
            lab = shipped_kit()
            lab.health.will_time_out("is_complete")

            lab.host.execute(ReceiveKit("KIT-000001"))
            lab.host.run_due_jobs()

            (waiting,) = lab.host.jobs.list(state=JobState.PENDING)
            assert (waiting.name, waiting.attempts) == ("check_kit", 1)
            assert only_kit(lab).status is KitStatus.RECEIVED

    class WhenItIsCheckedTwice:
        def test_is_accepted_once(self) -> None:
            lab = shipped_kit()
            lab.health.will_be_complete(times=None)
            lab.host.execute(ReceiveKit("KIT-000001"))
            with lab.host.unit_of_work() as uow:
                uow.jobs.enqueue(check_kit, CheckKit("KIT-000001", "ORD-000001"))
                uow.commit()

            lab.host.run_due_jobs()

            checks = [job for job in lab.host.jobs.list() if job.name == "check_kit"]
            assert [job.state for job in checks] == [JobState.SUCCEEDED] * 2
            assert only_kit(lab).status is KitStatus.ACCEPTED

    class WhenItWasReceivedBefore:
        def test_refuses(self) -> None:
            lab = shipped_kit()
            lab.host.execute(ReceiveKit("KIT-000001"))

            with pytest.raises(KitNotExpected):
                lab.host.execute(ReceiveKit("KIT-000001"))

    class WhenNoSuchKitWasShipped:
        def test_says_so(self) -> None:
            with pytest.raises(NotFound):
                laboratory().host.execute(ReceiveKit("KIT-000009"))


class TestSubmitHealthInfo:
    class WhenAKitWaits:
        def test_accepts_it(self) -> None:
            lab = shipped_kit()
            lab.host.execute(ReceiveKit("KIT-000001"))
            lab.host.run_due_jobs()

            lab.host.execute(SubmitHealthInfo("ORD-000001", ANSWERS))
            lab.host.run_due_jobs()

            assert only_kit(lab).status is KitStatus.ACCEPTED
            assert lab.health.forms == (HealthForm("ORD-000001", ANSWERS),)

    class WhenNoKitHasComeBackYet:
        def test_hands_the_answers_on_and_checks_nothing(self) -> None:
            lab = shipped_kit()

            lab.host.execute(SubmitHealthInfo("ORD-000001", ANSWERS))
            lab.host.run_due_jobs()

            assert [call.method for call in lab.health.calls] == ["submit"]
            assert only_kit(lab).status is KitStatus.SHIPPED

    class WhenItIsShown:
        def test_hides_the_answers(self) -> None:
            shown = [repr(SubmitHealthInfo("ORD-1", ANSWERS)), repr(HealthForm("ORD-1", ANSWERS))]

            assert not any("allergies" in text for text in shown)
