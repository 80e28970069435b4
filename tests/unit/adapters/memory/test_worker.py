from __future__ import annotations

import threading
from datetime import timedelta

from attrs import frozen
from tests.unit.fakes import WatchedLogger, Workshop, workshop

from corelib.adapters.memory import InlineWorker
from corelib.application.jobs.description import job
from corelib.application.jobs.relay import Relay
from corelib.domain.job import JobState

LONG_ENOUGH = 10  # seconds that no test ever waits, unless what it waits for is broken


@frozen
class Label:
    text: str


def worker_of(shop: Workshop) -> InlineWorker:
    relay = Relay(shop.storage.jobs, shop.transport, shop.log, poll=timedelta(milliseconds=1))
    return InlineWorker(shop.transport, shop.runner, relay)


class TestInlineWorker:
    def test_runs_announced_jobs(self) -> None:
        ran = threading.Event()

        @job()
        def print_label(label: Label) -> None:
            ran.set()

        shop = workshop(jobs=[print_label])
        worker = worker_of(shop)
        worker.start()

        job_id = shop.enqueue(print_label, Label("x"))
        has_run = ran.wait(LONG_ENOUGH)
        worker.stop(timedelta(seconds=LONG_ENOUGH))

        assert has_run
        assert shop.storage.jobs.find(job_id).state is JobState.SUCCEEDED

    def test_runs_jobs_whose_time_has_come(self) -> None:
        ran = threading.Event()

        @job()
        def print_label(label: Label) -> None:
            ran.set()

        shop = workshop(jobs=[print_label])
        shop.enqueue(print_label, Label("x"), delay=timedelta(seconds=5))
        worker = worker_of(shop)
        worker.start()

        ran_early = ran.is_set()
        shop.clock.advance(timedelta(seconds=5))
        has_run = ran.wait(LONG_ENOUGH)
        worker.stop(timedelta(seconds=LONG_ENOUGH))

        assert (ran_early, has_run) == (False, True)

    class WhenItIsStopped:
        def test_takes_no_more_jobs(self) -> None:
            @job()
            def print_label(label: Label) -> None: ...

            shop = workshop(jobs=[print_label])
            worker = worker_of(shop)
            worker.start()
            worker.stop(timedelta(seconds=LONG_ENOUGH))

            job_id = shop.enqueue(print_label, Label("x"))

            assert shop.storage.jobs.find(job_id).state is JobState.PENDING
            assert len(shop.announced()) == 1

        def test_leaves_no_thread_behind(self) -> None:
            worker = worker_of(workshop())
            before = set(threading.enumerate())

            worker.start()
            started = set(threading.enumerate()) - before
            worker.stop(timedelta(seconds=LONG_ENOUGH))

            assert {thread.name for thread in started} == {
                "corelib-worker",
                "corelib-relay",
                "corelib-heartbeat",
                "corelib-reports",
                "corelib-parked-jobs",
            }
            assert not any(thread.is_alive() for thread in started)

        def test_does_no_harm_before_it_was_started(self) -> None:
            shop = workshop()

            worker_of(shop).stop(timedelta(0))

            assert shop.log.lines == ()

        class WhenAJobRunsOn:
            def test_hands_it_back(self) -> None:
                running, go_on = threading.Event(), threading.Event()

                @job()
                def print_slowly(label: Label) -> None:
                    running.set()
                    go_on.wait(LONG_ENOUGH)

                log = WatchedLogger()
                shop = workshop(jobs=[print_slowly], log=log)
                worker = worker_of(shop)
                worker.start()
                job_id = shop.enqueue(print_slowly, Label("x"))
                has_begun = running.wait(LONG_ENOUGH)

                worker.stop(timedelta(0))

                stored = shop.storage.jobs.find(job_id)
                go_on.set()
                has_ended = log.ended.acquire(timeout=LONG_ENOUGH)
                assert (has_begun, has_ended) == (True, True)
                assert (stored.state, stored.attempts) == (JobState.PENDING, 0)
                assert [line.event for line in log.lines] == ["job lost its lease"]
