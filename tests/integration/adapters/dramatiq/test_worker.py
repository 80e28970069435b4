from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from attrs import frozen
from tests.unit.fakes import WatchedLogger, Workshop, workshop

from corelib.application.jobs.description import job
from corelib.application.jobs.relay import Relay
from corelib.domain.job import Job, JobState

pytest.importorskip("dramatiq")
from corelib.adapters.dramatiq import DramatiqTransport, DramatiqWorker, create_broker

LONG_ENOUGH = 10  # seconds that no test ever waits, unless what it waits for is broken


@frozen
class Label:
    text: str


@frozen
class Works:
    """A workshop whose jobs are announced through a broker within this process."""

    shop: Workshop
    log: WatchedLogger
    worker: DramatiqWorker

    def found(self, job_id: UUID) -> Job:
        stored = self.shop.storage.jobs.find(job_id)
        assert stored is not None
        return stored


def works(*jobs: Callable[..., None], threads: int = 2) -> Works:
    log, queues = WatchedLogger(), ("default", "mail")
    broker = create_broker("inprocess:", namespace="kitlab")
    transport = DramatiqTransport(broker, url="inprocess:", namespace="kitlab", queues=queues)
    shop = workshop(jobs=jobs, transport=transport, log=log)
    relay = Relay(shop.storage.jobs, transport, log, poll=timedelta(milliseconds=5))
    worker = DramatiqWorker(broker, shop.runner, relay, namespace="kitlab", log=log, pools=[(queues, threads)])
    return Works(shop, log, worker)


class TestDramatiqWorker:
    def test_runs_the_jobs_of_every_queue(self) -> None:
        @job()
        def print_label(label: Label) -> None: ...

        @job(queue="mail")
        def mail_label(label: Label) -> None: ...

        site = works(print_label, mail_label)
        ids = [site.shop.enqueue(print_label, Label("x")), site.shop.enqueue(mail_label, Label("x"))]

        site.worker.start()
        ended = [site.log.ended.acquire(timeout=LONG_ENOUGH) for _ in ids]
        site.worker.stop(timedelta(seconds=LONG_ENOUGH))

        assert ended == [True, True]
        assert [site.found(job_id).state for job_id in ids] == [JobState.SUCCEEDED, JobState.SUCCEEDED]

    def test_runs_jobs_whose_time_has_come(self) -> None:
        @job()
        def print_label(label: Label) -> None: ...

        site = works(print_label)
        job_id = site.shop.enqueue(print_label, Label("x"), delay=timedelta(seconds=5))
        site.shop.clock.advance(timedelta(seconds=5))

        site.worker.start()
        ended = site.log.ended.acquire(timeout=LONG_ENOUGH)
        site.worker.stop(timedelta(seconds=LONG_ENOUGH))

        assert ended
        assert site.found(job_id).state is JobState.SUCCEEDED

    def test_runs_as_many_jobs_at_a_time_as_it_has_threads(self) -> None:
        together = threading.Barrier(3)

        @job()
        def meet(label: Label) -> None:
            together.wait(LONG_ENOUGH)

        site = works(meet, threads=3)
        ids = [site.shop.enqueue(meet, Label("x")) for _ in range(3)]

        site.worker.start()
        ended = [site.log.ended.acquire(timeout=LONG_ENOUGH) for _ in ids]
        site.worker.stop(timedelta(seconds=LONG_ENOUGH))

        assert ended == [True, True, True]
        assert [site.found(job_id).state for job_id in ids] == [JobState.SUCCEEDED] * 3

    class WhenItIsStoppedWhileAJobRuns:
        def test_hands_back_what_does_not_end_in_time(self) -> None:
            running, go_on = threading.Event(), threading.Event()

            @job()
            def print_slowly(label: Label) -> None:
                running.set()
                go_on.wait(LONG_ENOUGH)

            site = works(print_slowly)
            job_id = site.shop.enqueue(print_slowly, Label("x"))
            site.worker.start()
            has_begun = running.wait(LONG_ENOUGH)

            site.worker.stop(timedelta(0))

            stored = site.found(job_id)
            go_on.set()
            has_ended = site.log.ended.acquire(timeout=LONG_ENOUGH)
            assert (has_begun, has_ended) == (True, True)
            assert (stored.state, stored.attempts) == (JobState.PENDING, 0)
            assert site.shop.events_logged() == [("warning", "job lost its lease")]
