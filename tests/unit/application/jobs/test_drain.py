from __future__ import annotations

from datetime import timedelta

from attrs import frozen
from tests.unit.fakes import Workshop, workshop

from corelib.application.jobs.description import job
from corelib.application.jobs.drain import run_due
from corelib.domain.backoff import Backoff
from corelib.domain.job import JobState
from corelib.ports.unit_of_work import UnitOfWork


@frozen
class Steps:
    left: int


@job()
def take_a_step(steps: Steps, uow: UnitOfWork) -> None:
    if steps.left > 1:
        uow.jobs.enqueue(take_a_step, Steps(steps.left - 1))


@job(attempts=2, backoff=Backoff(first=timedelta(seconds=10)))
def stumble(steps: Steps) -> None:
    raise ZeroDivisionError


def drain(shop: Workshop) -> int:
    return run_due(shop.storage.jobs, shop.runner)


class TestRunDue:
    def test_runs_what_is_due_and_what_that_enqueues(self) -> None:
        shop = workshop(jobs=[take_a_step])
        shop.enqueue(take_a_step, Steps(3))
        shop.enqueue(take_a_step, Steps(2))

        runs = drain(shop)

        assert runs == 5
        assert shop.storage.jobs.count()[JobState.SUCCEEDED] == 5

    def test_runs_any_number(self) -> None:
        shop = workshop(jobs=[take_a_step])
        for _ in range(250):
            shop.enqueue(take_a_step, Steps(1))

        runs = drain(shop)

        assert runs == 250

    class WhenNothingIsDue:
        def test_runs_nothing(self) -> None:
            assert drain(workshop()) == 0

        def test_leaves_what_is_due_later(self) -> None:
            shop = workshop(jobs=[take_a_step])
            job_id = shop.enqueue(take_a_step, Steps(1), delay=timedelta(seconds=1))

            runs_before = drain(shop)
            shop.clock.advance(timedelta(seconds=1))
            runs_after = drain(shop)

            assert (runs_before, runs_after) == (0, 1)
            assert shop.storage.jobs.find(job_id).state is JobState.SUCCEEDED

    class WhenAJobFails:
        def test_leaves_its_next_attempt_to_its_time(self) -> None:
            shop = workshop(jobs=[stumble])
            shop.enqueue(stumble, Steps(1))

            runs = drain(shop)

            assert runs == 1
            assert shop.storage.jobs.count()[JobState.PENDING] == 1

    class WhenAWorkerWasLost:
        def test_runs_its_job_again(self) -> None:
            shop = workshop(jobs=[stumble])
            job_id = shop.enqueue(stumble, Steps(1))
            shop.storage.jobs.claim(job_id)
            shop.clock.advance(timedelta(minutes=1))

            runs = drain(shop)

            assert runs == 1
            assert shop.storage.jobs.find(job_id).attempts == 2

        def test_counts_no_run_if_no_attempt_is_left(self) -> None:
            shop = workshop(jobs=[take_a_step])
            job_id = shop.enqueue(take_a_step, Steps(1))
            shop.storage.jobs.claim(job_id)
            shop.clock.advance(timedelta(minutes=1))

            runs = drain(shop)

            assert runs == 0
            assert shop.storage.jobs.find(job_id).state is JobState.DEAD
