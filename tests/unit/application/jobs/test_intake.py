from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen
from tests.unit.fakes import workshop

from corelib.application.jobs.description import job
from corelib.application.jobs.intake import JobIntake
from corelib.domain.job import Claim
from corelib.ports.job_claims import Turn
from corelib.ports.job_store import JobStore


@frozen
class Label:
    text: str


@job(queue="mail")
def send(label: Label) -> None: ...


class TestJobIntake:
    def test_gives_the_best_due_job_of_the_queue(self) -> None:
        shop = workshop(jobs=[send])
        shop.enqueue(send, Label("usual"))
        with shop.unit_of_work() as uow:
            urgent = uow.jobs.enqueue(send, Label("urgent"), priority=7)
            uow.commit()

        claim = JobIntake(shop.storage.jobs).take("mail")

        assert claim is not None
        assert claim.job.id == urgent

    def test_gives_nothing_of_an_empty_queue(self) -> None:
        intake = JobIntake(workshop(jobs=[send]).storage.jobs)

        assert intake.take("mail") is None
        assert intake.held_back() == []

    class WhenTheQueueIsPaused:
        def test_remembers_once_that_somebody_is_to_ask_again(self) -> None:
            shop = workshop(jobs=[send])
            shop.storage.queues.pause("mail")
            shop.enqueue(send, Label("x"))
            intake = JobIntake(shop.storage.jobs)

            assert intake.take("mail") is None
            assert [intake.held_back(), intake.held_back()] == [["mail"], []]

    class WhenTheStoreFailsAfterItHasCompletedARun:
        def test_says_that_the_run_is_completed_and_nothing_was_answered(self) -> None:
            shop = workshop(jobs=[send])
            shop.enqueue(send, Label("x"))
            intake = JobIntake(HalfFailing(shop.storage.jobs))
            claim = intake.take("mail")
            assert claim is not None

            grant = intake.complete(claim, take=True)

            assert (grant.completed, grant.claim, grant.answered) == (True, None, False)

        def test_asks_again_for_a_thread_that_only_takes(self) -> None:
            shop = workshop(jobs=[send])
            shop.enqueue(send, Label("x"))
            store = HalfFailing(shop.storage.jobs)
            store.fails = 2

            assert JobIntake(store).take("mail") is not None
            assert store.fails == 0


class HalfFailing:
    """A store whose claims fail once the runs are completed."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self.fails = 0

    def take_turns(self, claims: Sequence[Claim], queue: str, *, limit: int, **options: Any) -> Turn:
        if claims:
            return Turn(self._store.complete(claims), None)
        if self.fails:
            self.fails -= 1
            return Turn([], None)
        return self._store.take_turns(claims, queue, limit=limit, **options)
