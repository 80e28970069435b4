from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from attrs import define, field, frozen
from tests.unit.fakes import JsonCodec, Stopwatch, Workshop, workshop

from corelib.application.jobs.description import job
from corelib.application.jobs.payloads import Payloads
from corelib.application.jobs.results import Results
from corelib.application.jobs.waiting import LONGEST_PAUSE, EndedJob, JobWaiter
from corelib.domain.identifiers import new_id
from corelib.domain.job import JobState
from corelib.errors import (
    JobFailed,
    MisuseError,
    NotFound,
    ResultMissing,
    ServerUnreachable,
    TransientFailure,
    WaitTimedOut,
)
from corelib.ports.unit_of_work import UnitOfWork

A_MINUTE = timedelta(minutes=1)
LONG_ENOUGH = 10  # seconds that no test ever waits, unless what it waits for is broken


@frozen
class Order:
    number: str


@frozen
class Receipt:
    text: str


@job()
def bill(order: Order) -> Receipt:
    return Receipt(order.number)


@job()
def say_nothing(order: Order) -> None:
    """Return nothing."""


@job()
def crash(order: Order) -> Receipt:
    raise ZeroDivisionError("no ink")


@define
class Counter:
    """A waiting room whose clock is moved by the pauses of whoever waits; in each, the next thing happens."""

    shop: Workshop
    happens: list[Callable[[], object]]
    stopwatch: Stopwatch = field(factory=Stopwatch)
    pauses: list[float] = field(factory=list)
    faults: list[Exception] = field(factory=list)

    def pause(self, _: threading.Event, seconds: float) -> None:
        self.pauses.append(seconds)
        self.stopwatch.seconds += seconds
        if self.happens:
            self.happens.pop(0)()

    def __getattr__(self, name: str) -> object:
        if name == "find" and self.faults:
            raise self.faults.pop(0)
        return getattr(self.shop.storage.jobs, name)

    def wait(self, job_id: UUID, timeout: timedelta = A_MINUTE) -> EndedJob:
        results = Results(JsonCodec(), Payloads())
        waiter = JobWaiter(self, results, self.shop.runner.ended, self.stopwatch, self.pause)  # type: ignore[arg-type]
        return waiter.wait(job_id, timeout)


def counter(*happens: Callable[[Workshop], object]) -> Counter:
    shop = workshop(jobs=[bill, say_nothing, crash])
    return Counter(shop, [lambda each=each: each(shop) for each in happens])


class TestJobWaiter:
    class WhenTheJobHasEnded:
        def test_returns_it_without_a_pause(self) -> None:
            room = counter()
            job_id = room.shop.enqueue(bill, Order("o-1"))
            room.shop.runner.run(job_id)

            ended = room.wait(job_id, timedelta(0))

            assert (ended.state, ended.succeeded, ended.error) == (JobState.SUCCEEDED, True, None)
            assert ended.has_result
            assert ended.result(Receipt) == Receipt("o-1")
            assert room.pauses == []

        def test_returns_one_that_is_dead(self) -> None:
            room = counter()
            job_id = room.shop.enqueue(crash, Order("o-1"))
            room.shop.runner.run(job_id)

            ended = room.wait(job_id)

            assert (ended.state, ended.error) == (JobState.DEAD, "ZeroDivisionError: no ink")
            with pytest.raises(
                JobFailed, match=rf"The job crash {job_id} is dead: ZeroDivisionError: no ink\.$"
            ) as caught:
                ended.result(Receipt)
            assert (caught.value.state, caught.value.job_id) == ("dead", job_id)

        def test_returns_one_that_is_cancelled(self) -> None:
            room = counter()
            job_id = room.shop.enqueue(bill, Order("o-1"))
            room.shop.storage.jobs.cancel(job_id)

            ended = room.wait(job_id)

            with pytest.raises(JobFailed, match=rf"The job bill {job_id} is cancelled\.$"):
                ended.check()

        def test_says_that_there_is_no_result(self) -> None:
            room = counter()
            job_id = room.shop.enqueue(say_nothing, Order("o-1"))
            room.shop.runner.run(job_id)

            ended = room.wait(job_id)

            ended.check()
            assert not ended.has_result
            with pytest.raises(ResultMissing):
                ended.result(Receipt)

    class WhenTheJobEndsWhileSomebodyWaits:
        def test_returns_it_then(self) -> None:
            room = counter(lambda _: None, lambda shop: shop.runner.run_next("default"))
            job_id = room.shop.enqueue(bill, Order("o-1"))

            assert room.wait(job_id).result(Receipt) == Receipt("o-1")
            assert len(room.pauses) == 2

        def test_returns_one_that_is_cancelled(self) -> None:
            room = counter(lambda shop: shop.storage.jobs.drain("default"))
            job_id = room.shop.enqueue(bill, Order("o-1"))

            assert room.wait(job_id).state is JobState.CANCELLED

        def test_wakes_whoever_waits_in_the_same_process(self) -> None:
            shop = workshop(jobs=[bill])
            job_id = shop.enqueue(bill, Order("o-1"))
            waits = threading.Event()

            def pause(event: threading.Event, _: float) -> None:
                waits.set()
                assert event.wait(LONG_ENOUGH)

            waiter = JobWaiter(shop.storage.jobs, Results(JsonCodec(), Payloads()), shop.runner.ended, pause=pause)
            with ThreadPoolExecutor() as threads:
                ended = threads.submit(waiter.wait, job_id, A_MINUTE)
                assert waits.wait(LONG_ENOUGH)
                shop.runner.run(job_id)

                assert ended.result(LONG_ENOUGH).result(Receipt) == Receipt("o-1")

        def test_goes_on_after_a_run_that_is_to_be_repeated(self) -> None:
            def fail_once(shop: Workshop) -> None:
                claim = shop.storage.jobs.claim_due("default", limit=1).claims[0]
                shop.storage.jobs.release(claim)
                shop.runner.ended.tell(claim.job.id)

            room = counter(fail_once, lambda shop: shop.runner.run_next("default"))
            job_id = room.shop.enqueue(bill, Order("o-1"))

            assert room.wait(job_id).succeeded

    class WhenTheTimeIsUp:
        def test_says_where_the_job_stands(self) -> None:
            room = counter()
            job_id = room.shop.enqueue(bill, Order("o-1"))

            with pytest.raises(
                WaitTimedOut, match=rf"bill {job_id} has not ended within 60 s: it is pending"
            ) as caught:
                room.wait(job_id)

            assert (caught.value.state, caught.value.waited) == ("pending", A_MINUTE)
            assert room.stopwatch.seconds == pytest.approx(60)

        def test_leaves_the_job(self) -> None:
            room = counter()
            job_id = room.shop.enqueue(bill, Order("o-1"))
            before = room.shop.storage.jobs.find(job_id)

            with pytest.raises(WaitTimedOut):
                room.wait(job_id, timedelta(0))

            assert room.shop.storage.jobs.find(job_id) == before

        def test_has_asked_with_growing_pauses(self) -> None:
            room = counter()
            job_id = room.shop.enqueue(bill, Order("o-1"))

            with pytest.raises(WaitTimedOut):
                room.wait(job_id)

            assert room.pauses[:-1] == sorted(room.pauses[:-1])
            assert max(room.pauses) == LONGEST_PAUSE
            assert len(room.pauses) < 80

    class WhenThereIsNoSuchJob:
        def test_says_so_at_once(self) -> None:
            room = counter()

            with pytest.raises(NotFound):
                room.wait(new_id())
            assert room.pauses == []

        def test_says_that_it_was_purged_meanwhile(self) -> None:
            def purge(shop: Workshop) -> None:
                shop.runner.run_next("default")
                shop.storage.jobs.purge(JobState.SUCCEEDED, older_than=timedelta(0))

            room = counter(purge)
            job_id = room.shop.enqueue(bill, Order("o-1"))

            with pytest.raises(NotFound) as caught:
                room.wait(job_id)
            assert caught.value.__notes__ == [
                "It was there when the wait began: somebody has discarded or purged it meanwhile."
            ]

    class WhenTheStoreFails:
        def test_raises_if_it_did_not_answer_at_all(self) -> None:
            room = counter()
            job_id = room.shop.enqueue(bill, Order("o-1"))
            room.faults.append(ServerUnreachable("The database does not answer."))

            with pytest.raises(ServerUnreachable):
                room.wait(job_id)

        def test_asks_again_while_it_is_gone_for_a_while(self) -> None:
            room = counter()
            room.happens += [
                lambda: room.faults.append(TransientFailure("The connection was lost.")),
                lambda: room.faults.append(ServerUnreachable("The database does not answer.")),
                lambda: room.shop.runner.run_next("default"),
            ]
            job_id = room.shop.enqueue(bill, Order("o-1"))

            assert room.wait(job_id).succeeded

        def test_says_what_it_failed_of_when_the_time_is_up(self) -> None:
            room = counter(lambda _: None)
            room.happens.append(lambda: room.faults.append(ServerUnreachable("The database does not answer.")))
            job_id = room.shop.enqueue(bill, Order("o-1"))

            with pytest.raises(WaitTimedOut) as caught:
                room.wait(job_id, timedelta(seconds=0.05))

            assert isinstance(caught.value.__cause__, ServerUnreachable)

    class WhenItIsMisused:
        def test_refuses_to_wait_within_an_open_unit_of_work(self) -> None:
            room = counter()

            with room.shop.unit_of_work() as uow:
                job_id = uow.jobs.enqueue(bill, Order("o-1"))
                with pytest.raises(MisuseError, match="within an open unit of work"):
                    room.wait(job_id)

        def test_takes_a_unit_of_work_that_is_committed(self) -> None:
            room = counter(lambda shop: shop.runner.run_next("default"))

            with room.shop.unit_of_work() as uow:
                job_id = uow.jobs.enqueue(bill, Order("o-1"))
                uow.commit()

                assert room.wait(job_id).succeeded

        def test_refuses_to_wait_within_a_handler(self) -> None:
            waiters: list[JobWaiter] = []

            @job()
            def wait_for_another(order: Order, uow: UnitOfWork) -> None:
                waiters[0].wait(UUID(order.number), A_MINUTE)

            shop = workshop(jobs=[bill, wait_for_another])
            waiters.append(JobWaiter(shop.storage.jobs, Results(JsonCodec(), Payloads()), shop.runner.ended))
            other = shop.enqueue(bill, Order("o-1"))
            job_id = shop.enqueue(wait_for_another, Order(str(other)))

            shop.runner.run(job_id)

            stored = shop.storage.jobs.find(job_id)
            assert stored is not None
            assert stored.error is not None
            assert stored.error.startswith("MisuseError")

        def test_refuses_a_negative_time(self) -> None:
            room = counter()

            with pytest.raises(MisuseError, match="Say 0 to look once"):
                room.wait(new_id(), timedelta(seconds=-1))
