from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from tests.support.until import until
from tests.unit.fakes import Stopwatch

from corelib.adapters.memory import MemoryLogger
from corelib.application.jobs.heartbeat import Heartbeat
from corelib.application.jobs.running import CANCELLED, LOST, Running, RunningJobs
from corelib.domain.context import Context
from corelib.domain.identifiers import new_id
from corelib.domain.job import Claim, Job, JobState
from corelib.errors import ServerUnreachable
from corelib.ports.job_store import JobStore

LEASE = timedelta(seconds=30)


class Store:
    """Answers heartbeats as it is told."""

    def __init__(self) -> None:
        self.asked: list[set[UUID]] = []
        self.answer: dict[UUID, bool] = {}
        self.error: Exception | None = None

    def heartbeat(self, claims: Collection[Claim], *, lease: timedelta) -> Mapping[UUID, bool]:
        assert lease > timedelta(0)
        self.asked.append({claim.token for claim in claims})
        if self.error is not None:
            raise self.error
        return self.answer


def a_claim(timeout: timedelta = timedelta(minutes=10)) -> Claim:
    fields: Any = dict.fromkeys(("enqueued_at", "due_at"))
    job = Job(new_id(), "print", "default", "{}", Context("c"), JobState.RUNNING, 1, 3, timeout, **fields)
    return Claim(job, uuid4())


class Bench:
    """A heartbeat, what it asks, and a clock to move."""

    def __init__(self, *, lease: timedelta = LEASE) -> None:
        self.store, self.log, self.clock = Store(), MemoryLogger(), Stopwatch()
        self.running = RunningJobs(self.clock)
        self.ended: list[Running] = []
        self.heartbeat = Heartbeat(cast("JobStore", self.store), self.running, self.end, self.log, lease=lease)

    def end(self, run: Running) -> None:
        self.ended.append(run)
        run.settled = True


class TestHeartbeat:
    class WhenNothingRuns:
        def test_asks_nothing(self) -> None:
            bench = Bench()

            bench.heartbeat.beat()

            assert bench.store.asked == []

    class WhenJobsRun:
        def test_asks_once_for_all_of_them(self) -> None:
            bench = Bench()
            with bench.running.added(a_claim()) as first, bench.running.added(a_claim()) as second:
                bench.heartbeat.beat()

            assert bench.store.asked == [{first.claim.token, second.claim.token}]

        def test_leaves_out_those_that_have_ended_or_timed_out(self) -> None:
            bench = Bench()
            with bench.running.added(a_claim()):
                pass
            with bench.running.added(a_claim()) as settled:
                settled.settled = True

                bench.heartbeat.beat()

            assert bench.store.asked == []

        def test_tells_those_to_stop_whose_job_was_cancelled(self) -> None:
            bench = Bench()
            with bench.running.added(a_claim()) as first, bench.running.added(a_claim()) as second:
                bench.store.answer = {first.claim.token: True, second.claim.token: False}

                bench.heartbeat.beat()

            assert (first.stop.given, first.stop.reason, first.cancelled) == (True, CANCELLED, True)
            assert not second.stop.given

        def test_tells_one_to_stop_that_was_not_confirmed_for_a_lease(self) -> None:
            bench = Bench()
            with bench.running.added(a_claim()) as run:
                bench.clock.seconds = 30
                bench.heartbeat.beat()
                before = run.stop.given
                bench.clock.seconds = 30.1

                bench.heartbeat.beat()

            assert not before
            assert (run.stop.reason, run.cancelled) == (LOST, False)

        def test_counts_from_the_last_confirmation(self) -> None:
            bench = Bench()
            with bench.running.added(a_claim()) as run:
                bench.store.answer = {run.claim.token: False}
                bench.clock.seconds = 25
                bench.heartbeat.beat()
                bench.store.answer = {}
                bench.clock.seconds = 50

                bench.heartbeat.beat()

            assert not run.stop.given

    class WhenTheStoreDoesNotAnswer:
        def test_says_so_and_goes_on(self) -> None:
            bench = Bench()
            bench.store.error = ServerUnreachable("The database does not answer.")
            with bench.running.added(a_claim()) as run:
                bench.heartbeat.beat()

            assert [(line.level, line.event) for line in bench.log.lines] == [("warning", "heartbeat failed")]
            assert not run.stop.given

    class WhenTheTimeOfARunIsUp:
        @pytest.mark.parametrize(("seconds", "ended"), [(59.9, 0), (60, 1)])
        def test_has_it_ended(self, seconds: float, ended: int) -> None:
            bench = Bench()
            with bench.running.added(a_claim(timedelta(minutes=1))):
                bench.clock.seconds = seconds

                bench.heartbeat.end_overdue()

            assert len(bench.ended) == ended

        def test_has_it_ended_once(self) -> None:
            bench = Bench()
            with bench.running.added(a_claim(timedelta(0))):
                bench.heartbeat.end_overdue()
                bench.heartbeat.end_overdue()

            assert len(bench.ended) == 1

    class WhenItIsStarted:
        def test_beats_and_ends_what_is_overdue_until_it_is_stopped(self) -> None:
            bench = Bench(lease=timedelta(milliseconds=30))
            bench.clock = Stopwatch()
            with bench.running.added(a_claim(timedelta(0))):
                bench.heartbeat.start()
                beating = bench.heartbeat.beats

                until(lambda: bool(bench.ended), "the run was ended")
                bench.heartbeat.stop()

            assert beating
            assert not bench.heartbeat.beats
            assert "corelib-heartbeat" not in {thread.name for thread in threading.enumerate()}

        def test_goes_on_after_an_error_that_nobody_expected(self) -> None:
            bench = Bench(lease=timedelta(milliseconds=30))
            failures = [ZeroDivisionError()]

            def end(run: Running) -> None:
                if failures:
                    raise failures.pop()
                bench.end(run)

            heartbeat = Heartbeat(
                cast("JobStore", bench.store), bench.running, end, bench.log, lease=timedelta(milliseconds=30)
            )
            with bench.running.added(a_claim(timedelta(0))):
                heartbeat.start()

                until(lambda: bool(bench.ended), "the run was ended")
                heartbeat.stop()

            assert [(line.level, line.event) for line in bench.log.lines] == [("error", "heartbeat crashed")]

        def test_can_be_stopped_without_having_been_started(self) -> None:
            Bench().heartbeat.stop()
