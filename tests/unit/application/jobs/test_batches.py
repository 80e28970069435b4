from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from attrs import frozen

from corelib import (
    App,
    Batch,
    BatchItem,
    Host,
    JobBatch,
    JobState,
    NonRetryableError,
    Queue,
    UnitOfWork,
    chain,
    job,
    new_id,
    step,
)
from corelib.adapters.memory import ManualClock
from corelib.bootstrap import bootstrap
from corelib.domain.job import Claim
from corelib.errors import MisuseError, UnboundHandler

pytest.importorskip("cattrs")


@frozen
class Page:
    number: int


@frozen
class Indexed:
    number: int


class Indexer:
    """A host that indexes pages in batches, and does in each call what a test wants besides."""

    def __init__(self, batch: Batch, *, queues: list[Queue] | None = None) -> None:
        self.calls: list[list[int]] = []
        self.besides: Callable[[JobBatch[Page], UnitOfWork], None] = lambda *_: None

        @job(name="index", batch=batch, attempts=2)
        def index(pages: JobBatch[Page], uow: UnitOfWork) -> None:
            self.calls.append([item.payload.number for item in pages])
            self.besides(pages, uow)

        @job(name="other")
        def other(page: Page) -> None: ...

        self.index, self.other = index, other
        self.clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.host: Host = bootstrap(App("index", jobs=[index, other], queues=queues or []), clock=self.clock)

    def enqueue(self, count: int) -> list[UUID]:
        return self.host.enqueue_many(self.index, [Page(number) for number in range(count)])

    def states(self, job_ids: list[UUID]) -> list[JobState]:
        return [found.state for found in map(self.host.jobs.find, job_ids) if found is not None]


class TestBatches:
    class WhenManyJobsAreDue:
        def test_come_in_one_call_up_to_the_size(self) -> None:
            indexer = Indexer(Batch(size=3))
            job_ids = indexer.enqueue(7)

            indexer.host.run_due_jobs()

            assert indexer.calls == [[0, 1, 2], [3, 4, 5], [6]]
            assert indexer.states(job_ids) == [JobState.SUCCEEDED] * 7

        def test_take_no_jobs_of_another_name_along(self) -> None:
            indexer = Indexer(Batch(size=9))
            indexer.enqueue(2)
            other = indexer.host.enqueue(indexer.other, Page(7))

            indexer.host.run_due_jobs()

            assert indexer.calls == [[0, 1]]
            assert indexer.states([other]) == [JobState.SUCCEEDED]

        def test_take_no_more_than_the_queue_allows(self) -> None:
            indexer = Indexer(Batch(size=9), queues=[Queue("default", concurrency=2)])
            indexer.host.queues.declare(Queue("default", concurrency=2))
            indexer.enqueue(3)

            indexer.host.run_due_jobs()

            assert indexer.calls == [[0, 1], [2]]

        def test_are_one_unit_of_work(self) -> None:
            indexer = Indexer(Batch(size=9))
            indexer.enqueue(2)

            def enqueue_others(pages: JobBatch[Page], uow: UnitOfWork) -> None:
                for item in pages:
                    uow.jobs.enqueue(indexer.other, item.payload)

            indexer.besides = enqueue_others

            indexer.host.run_due_jobs()

            names = [found.name for found in indexer.host.jobs.list(state=JobState.SUCCEEDED)]
            assert names == ["index", "index", "other", "other"]

        def test_keep_results_of_single_ones(self) -> None:
            indexer = Indexer(Batch(size=9))
            (one, other) = indexer.enqueue(2)
            indexer.besides = lambda pages, _: pages.returns(pages.items[0], Indexed(5))

            indexer.host.run_due_jobs()

            first, second = indexer.host.jobs.find(one), indexer.host.jobs.find(other)
            assert first is not None
            assert second is not None
            assert indexer.host.result_of(first, Indexed) == Indexed(5)
            assert second.result is None

    class WhenTheFirstOneWaitsForCompany:
        def test_is_not_run_before(self) -> None:
            indexer = Indexer(Batch(size=9, wait=timedelta(seconds=10)))
            indexer.enqueue(1)

            indexer.host.run_due_jobs()

            assert indexer.calls == []

        def test_takes_along_who_came_later(self) -> None:
            indexer = Indexer(Batch(size=9, wait=timedelta(seconds=10)))
            indexer.enqueue(1)
            indexer.clock.advance(timedelta(seconds=9))
            indexer.enqueue(2)
            indexer.clock.advance(timedelta(seconds=1))

            indexer.host.run_due_jobs()

            assert indexer.calls == [[0, 0, 1]]

        def test_leaves_those_alone_that_are_due_much_later(self) -> None:
            indexer = Indexer(Batch(size=9, wait=timedelta(seconds=10)))
            indexer.enqueue(1)
            indexer.host.enqueue(indexer.index, Page(8), delay=timedelta(hours=1))
            indexer.clock.advance(timedelta(seconds=10))

            indexer.host.run_due_jobs()

            assert indexer.calls == [[0]]

    class WhenTheCallFails:
        def test_retries_all(self) -> None:
            indexer = Indexer(Batch(size=9))
            job_ids = indexer.enqueue(3)
            indexer.besides = lambda *_: _raise(ValueError("all"))

            indexer.host.run_due_jobs()

            assert indexer.states(job_ids) == [JobState.PENDING] * 3

        def test_lets_all_die_in_the_last_attempt(self) -> None:
            indexer = Indexer(Batch(size=9))
            job_ids = indexer.enqueue(3)
            indexer.besides = lambda *_: _raise(NonRetryableError("all"))

            indexer.host.run_due_jobs()

            assert indexer.states(job_ids) == [JobState.DEAD] * 3

        def test_keeps_nothing_of_it(self) -> None:
            indexer = Indexer(Batch(size=9))
            indexer.enqueue(1)

            def write_and_fail(pages: JobBatch[Page], uow: UnitOfWork) -> None:
                uow.jobs.enqueue(indexer.other, Page(1))
                raise ValueError("all")

            indexer.besides = write_and_fail
            indexer.host.run_due_jobs()

            assert [found.name for found in indexer.host.jobs.list()] == ["index"]

    class WhenSingleOnesFail:
        def test_retries_those_alone(self) -> None:
            indexer = Indexer(Batch(size=9))
            job_ids = indexer.enqueue(3)
            indexer.besides = lambda pages, _: pages.fail(pages.items[1], ValueError("this one"))

            indexer.host.run_due_jobs()

            assert indexer.states(job_ids) == [JobState.SUCCEEDED, JobState.PENDING, JobState.SUCCEEDED]
            attempts = indexer.host.jobs.attempts(job_ids[1])
            assert [each.error for each in attempts] == ["ValueError: this one"]

        def test_refuses_one_of_another_batch(self) -> None:
            batch = JobBatch([BatchItem(Page(1), new_id())])

            with pytest.raises(MisuseError, match="none of this batch"):
                batch.fail(BatchItem(Page(1), new_id()), ValueError("no"))

    class WhenPayloadsCannotBeRead:
        def test_parks_those_and_runs_the_others(self) -> None:
            indexer = Indexer(Batch(size=9))
            first, second = indexer.enqueue(2)
            indexer.host.jobs.cancel(first)
            indexer.host.jobs.retry_dead(first, payload='{"no": 1}')

            indexer.host.run_due_jobs()

            assert indexer.states([first, second]) == [JobState.PARKED, JobState.SUCCEEDED]

    class WhenOneIsLost:
        def test_hands_the_others_back_for_no_attempt(self) -> None:
            indexer = Indexer(Batch(size=9))
            one, other = indexer.enqueue(2)

            def lose(pages: JobBatch[Page], uow: UnitOfWork) -> None:
                if len(indexer.calls) == 1:
                    found = indexer.host.jobs
                    found.release(_claim_of(indexer, other))

            indexer.besides = lose
            indexer.host.run_due_jobs()

            attempts = [found.attempts for found in map(indexer.host.jobs.find, [one, other]) if found]
            assert indexer.states([one, other]) == [JobState.SUCCEEDED] * 2
            assert attempts == [1, 1]

    class WhenTheyAreStepsOfFlows:
        def test_release_what_comes_after_them(self) -> None:
            indexer = Indexer(Batch(size=9))
            flows = [
                indexer.host.enqueue_flow(chain(step(indexer.index, Page(1)), step(indexer.other, Page(2))))
                for _ in range(3)
            ]

            indexer.host.run_due_jobs()

            assert len(indexer.calls) == 1
            assert indexer.states([flow.last[0] for flow in flows]) == [JobState.SUCCEEDED] * 3

    class WhenTheDescriptionDoesNotFitTheHandler:
        def test_is_refused(self) -> None:
            @job(batch=Batch())
            def single(page: Page) -> None: ...

            host = bootstrap(App("index", jobs=[single]))

            with pytest.raises(UnboundHandler, match="batches"):
                host.enqueue(single, Page(1))


def _raise(error: Exception) -> None:
    raise error


def _claim_of(indexer: Indexer, job_id: UUID) -> Claim:
    """The claim of a job that runs, as a worker has it."""
    runs = indexer.host._runner._running.all()
    return next(run.claim for run in runs if run.claim.job.id == job_id)
