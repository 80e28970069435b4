"""Batches of which single jobs are cancelled while they run, or whose time is up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from attrs import define, field, frozen
from tests.unit.fakes import Workshop, workshop

pytest.importorskip("cattrs")

from corelib import Batch, BatchItem, JobBatch, JobCancelled, JobState, UnitOfWork, job
from corelib.domain.job import AttemptOutcome
from corelib.errors import UnitOfWorkClosed

MINUTE = timedelta(minutes=1)


@frozen
class Label:
    text: str


@define(eq=False)
class Print:
    id: str


@define
class Press:
    """Prints labels in batches, and does in each call what a test wants first."""

    first: Callable[[JobBatch[Label]], object]
    attempts: int = 3
    shop: Workshop = field(init=False)
    handler: object = field(init=False)

    def __attrs_post_init__(self) -> None:
        @job(name="print", batch=Batch(size=9), attempts=self.attempts, timeout=MINUTE)
        def print_labels(labels: JobBatch[Label], uow: UnitOfWork) -> None:
            for item in labels:
                uow.repository(Print, str).add(Print(item.payload.text))
            self.first(labels)

        self.shop = workshop(jobs=[print_labels])
        self.handler = print_labels

    def run(self, *texts: str) -> list[UUID]:
        """Enqueue labels and run the first of them, with the others as its company."""
        job_ids = [self.shop.enqueue(self.handler, Label(text)) for text in texts]  # type: ignore[arg-type]
        self.shop.runner.run(job_ids[0])
        return job_ids

    def cancel(self, item: BatchItem[Label]) -> None:
        self.shop.storage.jobs.cancel(item.job_id)
        self.shop.runner.heartbeat.beat()

    def states(self, job_ids: list[UUID]) -> list[JobState]:
        return [found.state for found in map(self.shop.storage.jobs.find, job_ids) if found is not None]

    def prints(self) -> list[str]:
        with self.shop.unit_of_work() as uow:
            return sorted(each.id for each in uow.repository(Print, str).list())


class TestBatchOfWhichOneIsCancelled:
    class WhenTheHandlerLooks:
        def test_cancels_that_one_and_completes_the_others(self) -> None:
            def heed(labels: JobBatch[Label]) -> None:
                press.cancel(labels.items[1])
                for item in labels:
                    if item.cancelled():
                        labels.fail(item, JobCancelled("Nobody wants it any more."))

            press = Press(heed)

            job_ids = press.run("a", "b", "c")

            assert press.states(job_ids) == [JobState.SUCCEEDED, JobState.CANCELLED, JobState.SUCCEEDED]

        def test_tells_only_that_one(self) -> None:
            told: list[bool] = []

            def look(labels: JobBatch[Label]) -> None:
                press.cancel(labels.items[1])
                told.extend(item.cancelled() for item in labels)

            press = Press(look)

            press.run("a", "b", "c")

            assert told == [False, True, False]

    class WhenTheHandlerDoesNotLook:
        def test_completes_all(self) -> None:
            press = Press(lambda labels: press.cancel(labels.items[1]))

            job_ids = press.run("a", "b")

            assert press.states(job_ids) == [JobState.SUCCEEDED] * 2
            assert press.prints() == ["a", "b"]

    class WhenTheCallFails:
        def test_cancels_that_one_and_retries_the_others(self) -> None:
            def crash(labels: JobBatch[Label]) -> None:
                press.cancel(labels.items[0])
                raise ZeroDivisionError

            press = Press(crash)

            job_ids = press.run("a", "b")

            assert press.states(job_ids) == [JobState.CANCELLED, JobState.PENDING]
            assert press.prints() == []


class TestBatchWhoseTimeIsUp:
    class WhenTheHandlerGoesOn:
        def test_keeps_nothing_and_retries_all(self) -> None:
            def dawdle(_: JobBatch[Label]) -> None:
                press.shop.pass_time(MINUTE)
                press.shop.runner.heartbeat.end_overdue()

            press = Press(dawdle)

            job_ids = press.run("a", "b")

            outcomes = [press.shop.storage.jobs.attempts(job_id)[-1].outcome for job_id in job_ids]
            assert press.states(job_ids) == [JobState.PENDING] * 2
            assert outcomes == [AttemptOutcome.TIMED_OUT] * 2
            assert press.prints() == []

        def test_buries_those_whose_attempts_are_used_up(self) -> None:
            def dawdle(_: JobBatch[Label]) -> None:
                press.shop.pass_time(MINUTE)
                press.shop.runner.heartbeat.end_overdue()

            press = Press(dawdle, attempts=1)

            job_ids = press.run("a", "b")

            assert press.states(job_ids) == [JobState.DEAD] * 2

        def test_refuses_what_it_does_afterwards(self) -> None:
            refused: list[str] = []

            @job(name="print", batch=Batch(size=9), timeout=MINUTE)
            def go_on(labels: JobBatch[Label], uow: UnitOfWork) -> None:
                shop.pass_time(MINUTE)
                shop.runner.heartbeat.end_overdue()
                with pytest.raises(UnitOfWorkClosed):
                    uow.repository(Print, str).find("a")
                refused.extend(item.payload.text for item in labels)

            shop = workshop(jobs=[go_on])
            job_ids = [shop.enqueue(go_on, Label(text)) for text in ("a", "b")]

            shop.runner.run(job_ids[0])

            assert refused == ["a", "b"]
            assert shop.runner.hanging == 0
