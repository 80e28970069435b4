from __future__ import annotations

from attrs import frozen
from tests.unit.fakes import Workshop, workshop

from corelib.application.jobs.description import job
from corelib.application.jobs.intake import JobIntake
from corelib.application.jobs.shift import Shift
from corelib.domain.job import Claim, JobState


@frozen
class Label:
    text: str


@job(queue="mail")
def send(label: Label) -> None: ...


def a_shop(*texts: str) -> Workshop:
    shop = workshop(jobs=[send])
    for text in texts:
        shop.enqueue(send, Label(text))
    return shop


def taken(shift: Shift) -> Claim:
    claim = shift.take()
    assert claim is not None
    return claim


class Switch:
    """Whether a thread goes on, and how often that was asked."""

    def __init__(self, *, on: bool = True) -> None:
        self.on = on
        self.asked = 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.on


class TestShift:
    def test_hands_out_one_job_after_another_until_there_is_none(self) -> None:
        shop = a_shop("a", "b")
        shift = Shift(JobIntake(shop.storage.jobs), "mail", Switch())

        first, second, third = shift.take(), shift.take(), shift.take()

        assert first is not None
        assert second is not None
        assert third is None
        assert shift.is_over

    class WhenTheThreadIsToDoSomethingElse:
        def test_hands_out_one_job(self) -> None:
            shop = a_shop("a", "b")
            shift = Shift(JobIntake(shop.storage.jobs), "mail", Switch(on=False))

            first, second = shift.take(), shift.take()

            assert first is not None
            assert second is None

        def test_does_not_say_that_the_queue_is_empty(self) -> None:
            shift = Shift(JobIntake(a_shop("a", "b").storage.jobs), "mail", Switch(on=False))
            shift.take()

            shift.take()

            assert not shift.is_over

        def test_takes_nothing_when_it_completes_a_run(self) -> None:
            shop = a_shop("a", "b")
            shift = Shift(JobIntake(shop.storage.jobs), "mail", Switch(on=False))

            assert shift.complete(taken(shift))

            counts = shop.storage.jobs.count()
            assert (counts[JobState.SUCCEEDED], counts[JobState.PENDING]) == (1, 1)

    class WhenARunIsCompleted:
        def test_has_the_next_job_already(self) -> None:
            shop = a_shop("a", "b")
            shift = Shift(JobIntake(shop.storage.jobs), "mail", Switch())

            assert shift.complete(taken(shift))

            counts = shop.storage.jobs.count()
            assert (counts[JobState.SUCCEEDED], counts[JobState.RUNNING]) == (1, 1)
            assert taken(shift).job.state is JobState.RUNNING

        def test_hands_that_one_out_whatever_has_changed_meanwhile(self) -> None:
            switch = Switch()
            shift = Shift(JobIntake(a_shop("a", "b").storage.jobs), "mail", switch)
            shift.complete(taken(shift))
            switch.on = False

            assert shift.take() is not None
            assert shift.take() is None

        def test_does_not_ask_again_when_there_was_no_other_job(self) -> None:
            shop = a_shop("a")
            shift = Shift(JobIntake(shop.storage.jobs), "mail", Switch())
            shift.complete(taken(shift))
            shop.enqueue(send, Label("later"))

            assert shift.take() is None
            assert shift.is_over

    class WhenTheRunHasLostItsJob:
        def test_says_so_and_has_the_next_job(self) -> None:
            shop = a_shop("a", "b")
            shift = Shift(JobIntake(shop.storage.jobs), "mail", Switch())
            claim = taken(shift)
            shop.storage.jobs.release(claim)

            held = shift.complete(claim)

            assert not held
            assert shift.take() is not None
