from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve, frozen

pytest.importorskip("cattrs")
pytest.importorskip("cronsim")

from tests.support.until import until

from corelib import App, Missed, PerKey, Schedule, Settings, UniqueJob, job
from corelib.adapters.memory import ManualClock, MemoryLogger
from corelib.application.host import Host
from corelib.bootstrap import bootstrap
from corelib.domain.job import JobState
from corelib.domain.schedule import occurrence_id
from corelib.errors import MisuseError, NotFound, PayloadTooLarge, UnboundHandler, UnknownJob

AN_HOUR = timedelta(hours=1)
NIGHT = datetime(2026, 3, 28, 1, tzinfo=UTC)  # two o'clock in Zurich, before the night in which clocks are set forward


@frozen
class Bill:
    month: int


@job(queue="billing", attempts=3)
def bill(payload: Bill) -> None: ...


@job(queue="billing")
def other(payload: Bill) -> None: ...


HOURLY = Schedule("hourly", every=AN_HOUR, job=bill, payload=Bill(3))
NIGHTLY = Schedule("nightly billing", cron="30 2 * * *", zone="Europe/Zurich", job=bill, payload=Bill(3))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NIGHT)


@pytest.fixture
def log() -> MemoryLogger:
    return MemoryLogger()


@pytest.fixture
def host(clock: ManualClock, log: MemoryLogger) -> Iterator[Host]:
    with bootstrap(App("shop", jobs=[bill]), clock=clock, log=log) as made:
        yield made


def names(host: Host) -> list[str]:
    return [status.name for status in host.schedules.list()]


class TestSchedules:
    class WhenItsTimeComes:
        def test_enqueues_a_job_as_its_description_says(self, host: Host, clock: ManualClock) -> None:
            host.schedules.put(NIGHTLY)
            clock.advance(timedelta(minutes=30))

            assert host.fire_due_schedules() == 1

            (run,) = host.schedules.runs("nightly billing")
            assert run.id == occurrence_id("nightly billing", NIGHT + timedelta(minutes=30))
            assert (run.name, run.queue, run.max_attempts) == ("bill", "billing", 3)
            assert host.payload_of(run) == Bill(3)

        def test_enqueues_nothing_before(self, host: Host, clock: ManualClock) -> None:
            host.schedules.put(NIGHTLY)
            clock.advance(timedelta(minutes=29))

            assert host.fire_due_schedules() == 0

        def test_enqueues_each_occurrence_once(self, host: Host, clock: ManualClock) -> None:
            host.schedules.put(NIGHTLY)
            clock.advance(timedelta(minutes=30))

            assert [host.fire_due_schedules() for _ in range(3)] == [1, 0, 0]

        def test_runs_in_the_night_of_the_change_too(self, host: Host, clock: ManualClock) -> None:
            host.schedules.put(NIGHTLY)
            fired = []

            for _ in range(48):
                clock.advance(AN_HOUR)
                host.fire_due_schedules()
                fired = [status.last_at for status in host.schedules.list()]

            assert fired == [datetime(2026, 3, 30, 0, 30, tzinfo=UTC)]
            assert len(host.schedules.runs("nightly billing")) == 3

        def test_runs_the_job(self, host: Host, clock: ManualClock) -> None:
            host.schedules.put(HOURLY)
            clock.advance(AN_HOUR)
            host.fire_due_schedules()

            host.run_due_jobs()

            assert [run.state for run in host.schedules.runs("hourly")] == [JobState.SUCCEEDED]

    class WhenRunsWereMissed:
        @pytest.mark.parametrize(("missed", "runs"), [(Missed.SKIP, 0), (Missed.ONCE, 1), (Missed.ALL, 5)])
        def test_keeps_to_the_policy(self, host: Host, clock: ManualClock, missed: Missed, runs: int) -> None:
            host.schedules.put(evolve(HOURLY, missed=missed))
            clock.advance(timedelta(hours=5, minutes=10))

            assert host.fire_due_schedules() == runs
            assert host.fire_due_schedules() == 0
            assert [status.next_at for status in host.schedules.list()] == [NIGHT + 6 * AN_HOUR]

    class WhenItIsPaused:
        def test_goes_on_when_it_is_resumed(self, host: Host, clock: ManualClock) -> None:
            host.schedules.put(HOURLY)
            assert host.schedules.pause("hourly") is True
            clock.advance(3 * AN_HOUR)

            paused = host.fire_due_schedules()
            assert host.schedules.resume("hourly") is True

            assert (paused, host.fire_due_schedules()) == (0, 1)

    class WhenItIsToRunNow:
        def test_runs_beside_its_occurrences_also_while_paused(self, host: Host) -> None:
            host.schedules.put(HOURLY)
            host.schedules.pause("hourly")

            job_id = host.schedules.run_now("hourly")

            assert [run.id for run in host.schedules.runs("hourly")] == [job_id]
            assert host.run_due_jobs() == 1

        def test_says_that_there_is_none(self, host: Host) -> None:
            with pytest.raises(NotFound, match="schedule"):
                host.schedules.run_now("none")

    class WhenCodeDeclaresIt:
        def test_is_made_once_however_often_it_is_deployed(self, host: Host, clock: ManualClock) -> None:
            for _ in range(3):
                host.schedules.declare([HOURLY])
                clock.advance(timedelta(minutes=20))

            (status,) = host.schedules.list()
            assert (status.revision, status.owner, status.next_at) == (1, "shop", NIGHT + AN_HOUR)

        def test_is_taken_over_when_it_changes(self, host: Host) -> None:
            host.schedules.declare([HOURLY])

            host.schedules.declare([evolve(HOURLY, every=2 * AN_HOUR)])

            (status,) = host.schedules.list()
            assert (status.spec.timing.every, status.next_at) == (2 * AN_HOUR, NIGHT + AN_HOUR)

        def test_keeps_what_is_due_if_only_its_payload_changes(self, host: Host, clock: ManualClock) -> None:
            host.schedules.declare([HOURLY])
            clock.advance(2 * AN_HOUR)

            host.schedules.declare([evolve(HOURLY, payload=Bill(4))])

            assert host.fire_due_schedules() == 1
            (run,) = host.schedules.runs("hourly")
            assert host.payload_of(run) == Bill(4)

        def test_ends_when_it_is_declared_no_more(self, host: Host) -> None:
            host.schedules.put(evolve(HOURLY, name="made at run time"))
            host.schedules.declare([HOURLY, NIGHTLY])

            host.schedules.declare([NIGHTLY])

            assert names(host) == ["made at run time", "nightly billing"]

        def test_cannot_be_changed_at_run_time(self, host: Host) -> None:
            host.schedules.declare([HOURLY])

            with pytest.raises(MisuseError, match="declared by the code of shop"):
                host.schedules.put(evolve(HOURLY, every=2 * AN_HOUR))

        @pytest.mark.parametrize(
            ("schedules", "error"),
            [
                ([HOURLY, HOURLY], UnboundHandler),
                ([evolve(HOURLY, job=other)], UnboundHandler),
                ([evolve(HOURLY, payload="March")], MisuseError),
                ([evolve(HOURLY, every=None, cron="nightly")], MisuseError),
                ([evolve(HOURLY, zone="Europe/Nowhere")], MisuseError),
            ],
        )
        def test_is_checked_before_anything_starts(self, schedules: Sequence[Schedule], error: type[Exception]) -> None:
            with pytest.raises(error):
                bootstrap(App("shop", jobs=[bill], schedules=schedules))

        def test_is_declared_and_run_by_a_worker(self, clock: ManualClock, log: MemoryLogger) -> None:
            with bootstrap(App("shop", jobs=[bill], schedules=[HOURLY]), clock=clock, log=log) as host:
                worker = host.worker()
                worker.start()
                try:
                    clock.advance(AN_HOUR)
                    until(lambda: host.jobs.count()[JobState.SUCCEEDED] == 1, "the job has run")
                finally:
                    worker.stop(timedelta(seconds=5))

                assert names(host) == ["hourly"]

    class WhenAnotherHostMadeIt:
        def test_is_left_to_that_host(self, host: Host, clock: ManualClock) -> None:
            host.schedules.put(HOURLY)
            (status,) = host.schedules.list()
            host.storage.schedules.put(evolve(status.spec, job="elsewhere"), revision=1, next_at=status.next_at)
            clock.advance(AN_HOUR)

            assert host.fire_due_schedules() == 0
            with pytest.raises(UnknownJob):
                host.schedules.run_now("hourly")

    class WhenOneCannotBeRead:
        def test_says_so_and_runs_the_others(self, host: Host, clock: ManualClock, log: MemoryLogger) -> None:
            host.schedules.put(HOURLY)
            (status,) = host.schedules.list()
            broken = evolve(status.spec, name="broken", timing=evolve(NIGHTLY.timing, cron="nightly"))
            host.storage.schedules.put(broken, revision=0, next_at=NIGHT)
            clock.advance(AN_HOUR)

            assert host.fire_due_schedules() == 1
            assert [line.event for line in log.lines if line.level == "error"] == ["schedule not run"]


@job(queue="keyed", priority=7, attempts=4, timeout=AN_HOUR, per_key=PerKey("month", concurrency=1))
def limited(payload: Bill) -> None: ...


@job(queue="keyed2", per_key=PerKey(lambda bill: bill.month, concurrency=1))
def limited_by_function(payload: Bill) -> None: ...


@job(unique=UniqueJob())
def once(payload: Bill) -> None: ...


class TestJobsOfSchedules:
    """What `@job` says counts for them as well, or is refused."""

    def test_have_the_options_of_their_description(self, clock: ManualClock) -> None:
        schedule = evolve(HOURLY, job=limited)
        with bootstrap(App("shop", jobs=[limited], schedules=[schedule]), clock=clock) as host:
            host.declare()
            host.enqueue(limited, Bill(3))
            host.schedules.run_now("hourly")

            enqueued, scheduled = host.jobs.list()

            for option in ("queue", "priority", "max_attempts", "timeout", "limit_key"):
                assert getattr(scheduled, option) == getattr(enqueued, option), option
            assert enqueued.limit_key is not None
            assert scheduled.payload == enqueued.payload

    @pytest.mark.parametrize(
        ("handler", "what"), [(once, "is unique, which jobs of schedules are not"), (limited_by_function, "a function")]
    )
    def test_cannot_have_what_would_not_hold(self, handler: Callable[..., None], what: str) -> None:
        with pytest.raises(MisuseError, match=what):
            bootstrap(App("shop", jobs=[handler], schedules=[evolve(HOURLY, job=handler)]))

    def test_cannot_have_a_payload_that_is_too_large_for_a_row(self) -> None:
        long = evolve(HOURLY, job=noted, payload=Note("x" * 2000))
        with bootstrap(App("shop", jobs=[noted]), Settings(payload_limit=1024)) as host:
            with pytest.raises(PayloadTooLarge):
                host.schedules.put(long)

            assert names(host) == []


@frozen
class Note:
    text: str


@job()
def noted(payload: Note) -> None: ...
