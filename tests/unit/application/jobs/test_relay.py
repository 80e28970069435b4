from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta

import pytest
from attrs import frozen
from tests.unit.fakes import BrokenTransport, Workshop, workshop

from corelib.adapters.memory import MemoryLogger, MemoryTransport
from corelib.application.jobs.description import job
from corelib.application.jobs.relay import BATCH, Relay
from corelib.domain.job import JobRef, JobState
from corelib.errors import ServerUnreachable
from corelib.ports.job_store import ANNOUNCED_FOR
from corelib.ports.transport import JobTransport

LONG_ENOUGH = 10  # seconds that no test ever waits, unless what it waits for is broken


@frozen
class Label:
    text: str


@job()
def print_label(label: Label) -> None: ...


@job(attempts=2)
def try_label(label: Label) -> None: ...


class WatchedTransport(MemoryTransport):
    """Tells when something was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = threading.Event()

    def send(self, refs: Sequence[JobRef]) -> None:
        super().send(refs)
        if refs:
            self.sent.set()


class RecoveringTransport(MemoryTransport):
    """Does not answer at first, and tells when it does."""

    def __init__(self) -> None:
        super().__init__()
        self.failed = False
        self.recovered = threading.Event()

    def send(self, refs: Sequence[JobRef]) -> None:
        if not self.failed:
            self.failed = True
            raise ServerUnreachable("The broker does not answer.")
        self.recovered.set()


def relay_of(shop: Workshop, transport: JobTransport, log: MemoryLogger | None = None) -> Relay:
    again = timedelta(minutes=1)
    return Relay(shop.storage.jobs, transport, log or shop.log, again_after=again, poll=timedelta(milliseconds=1))


def enqueue_delayed(shop: Workshop, number: int = 1) -> list[JobRef]:
    ids = [shop.enqueue(print_label, Label("x"), delay=timedelta(seconds=5)) for _ in range(number)]
    return [JobRef(job_id, "default") for job_id in ids]


class TestRelay:
    class TestSweep:
        def test_announces_a_job_whose_time_has_come(self) -> None:
            shop = workshop(jobs=[print_label])
            refs = enqueue_delayed(shop, 2)
            shop.clock.advance(timedelta(seconds=5))

            swept = relay_of(shop, shop.transport).sweep()

            assert swept == 2
            assert shop.announced() == refs

        def test_announces_more_than_one_batch(self) -> None:
            shop = workshop(jobs=[print_label])
            refs = enqueue_delayed(shop, BATCH + 1)
            shop.clock.advance(timedelta(seconds=5))

            swept = relay_of(shop, shop.transport).sweep()

            assert swept == BATCH + 1
            assert shop.announced() == refs

        def test_announces_a_job_whose_announcement_was_lost(self) -> None:
            shop = workshop(jobs=[print_label], transport=BrokenTransport())
            job_id = shop.enqueue(print_label, Label("x"))
            shop.clock.advance(ANNOUNCED_FOR)

            relay_of(shop, shop.transport).sweep()

            assert shop.announced() == [JobRef(job_id, "default")]

        def test_announces_a_job_whose_worker_was_lost_and_lets_others_take_it(self) -> None:
            shop = workshop(jobs=[try_label])
            job_id = shop.enqueue(try_label, Label("x"))
            shop.announced()
            shop.storage.jobs.claim(job_id)
            shop.clock.advance(timedelta(minutes=1))

            relay_of(shop, shop.transport).sweep()

            assert shop.announced() == [JobRef(job_id, "default")]
            (claim,) = shop.storage.jobs.claim_due("default", limit=1).claims
            assert claim.job.attempts == 2

        def test_leaves_a_job_dead_whose_worker_was_lost_in_the_last_attempt(self) -> None:
            shop = workshop(jobs=[print_label])
            job_id = shop.enqueue(print_label, Label("x"))
            shop.announced()
            shop.storage.jobs.claim(job_id)
            shop.clock.advance(timedelta(minutes=1))

            relay_of(shop, shop.transport).sweep()

            assert shop.announced() == []
            assert shop.storage.jobs.count()[JobState.DEAD] == 1

        def test_wakes_a_worker_for_queues_that_a_limit_held_back(self) -> None:
            shop = workshop(jobs=[print_label])
            relay = Relay(shop.storage.jobs, shop.transport, shop.log, held_back=lambda: ["video"])

            relay.sweep()

            assert [ref.queue for ref in shop.announced()] == ["video"]

        class WhenNothingWaits:
            def test_announces_nothing(self) -> None:
                shop = workshop(jobs=[print_label])
                enqueue_delayed(shop)

                swept = relay_of(shop, shop.transport).sweep()

                assert swept == 0
                assert shop.announced() == []

        class WhenAJobWasAnnouncedBefore:
            def test_announces_it_again_only_after_a_while(self) -> None:
                shop = workshop(jobs=[print_label])
                enqueue_delayed(shop)
                shop.clock.advance(timedelta(seconds=5))
                relay = relay_of(shop, shop.transport)

                at_once = [relay.sweep(), relay.sweep()]
                shop.clock.advance(timedelta(minutes=1))
                later = relay.sweep()

                assert at_once == [1, 0]
                assert later == 1

        class WhenTheBrokerIsDown:
            def test_raises_what_is_wrong(self) -> None:
                shop = workshop(jobs=[print_label])
                relay = relay_of(shop, BrokenTransport())

                with pytest.raises(ServerUnreachable):
                    relay.sweep()

    class WhenItIsStarted:
        def test_sweeps_in_the_background(self) -> None:
            shop = workshop(jobs=[print_label])
            refs = enqueue_delayed(shop)
            shop.clock.advance(timedelta(seconds=5))
            transport = WatchedTransport()
            relay = relay_of(shop, transport)

            relay.start()
            announced = transport.sent.wait(LONG_ENOUGH)
            relay.stop()

            assert announced
            assert transport.take() == refs[0]
            assert [(line.event, line.fields) for line in shop.log.lines] == [("jobs woken", {"jobs": 1})]

        def test_can_be_started_again_after_it_was_stopped(self) -> None:
            shop = workshop(jobs=[print_label])
            transport = WatchedTransport()
            relay = relay_of(shop, transport)
            relay.start()
            relay.stop()
            enqueue_delayed(shop)
            shop.clock.advance(timedelta(seconds=5))

            relay.start()
            announced = transport.sent.wait(LONG_ENOUGH)
            relay.stop()

            assert announced

        class WhenARoundFails:
            def test_warns_and_goes_on_with_the_next(self) -> None:
                shop = workshop()
                transport = RecoveringTransport()
                relay = relay_of(shop, transport)

                relay.start()
                went_on = transport.recovered.wait(LONG_ENOUGH)
                relay.stop()

                assert went_on
                (line,) = shop.log.lines
                assert (line.level, line.event) == ("warning", "relay round failed")
                assert line.fields == {"reason": "The broker does not answer."}

    class WhenItIsStopped:
        def test_leaves_no_thread_behind(self) -> None:
            shop = workshop()
            relay = relay_of(shop, shop.transport)
            before = set(threading.enumerate())

            relay.start()
            started = set(threading.enumerate()) - before
            relay.stop()

            assert [thread.name for thread in started] == ["corelib-relay"]
            assert not any(thread.is_alive() for thread in started)

        def test_does_no_harm_before_it_was_started(self) -> None:
            shop = workshop()

            relay_of(shop, shop.transport).stop()

            assert shop.log.lines == ()
