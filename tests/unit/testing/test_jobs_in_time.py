from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from attrs import define, field, frozen

pytest.importorskip("cattrs")

from corelib import App, Backoff, Host, JobRun, JobState, Queue, Rate, Schedule, UnitOfWork, job
from corelib.adapters.memory import ManualClock, MemoryLogger
from corelib.application.jobs.run_outcome import RunOutcome
from corelib.bootstrap import bootstrap
from corelib.domain.job import AttemptOutcome
from corelib.errors import MisuseError
from corelib.testing.jobs import Jobs, JobsNotDone

NOON = datetime(2026, 3, 27, 12, tzinfo=UTC)


@frozen
class Slide:
    name: str
    takes: timedelta = timedelta(0)
    failures: int = 0


@define
class Laboratory:
    """What was done, and when by the clock."""

    clock: ManualClock
    done: list[tuple[str, datetime]] = field(factory=list)
    left: list[timedelta | None] = field(factory=list)


@job(queue="slides", attempts=3, backoff=Backoff(first=timedelta(minutes=2)), timeout=timedelta(minutes=10))
def scan(payload: Slide, laboratory: Laboratory, uow: UnitOfWork, run: JobRun) -> None:
    laboratory.done.append((payload.name, laboratory.clock.now()))
    laboratory.clock.advance(payload.takes)
    laboratory.left.append(run.time_left())
    if len(laboratory.done) <= payload.failures:
        raise OSError("the lens is dirty")
    uow.jobs.enqueue(file, Slide(f"scan of {payload.name}"))


@job(queue="files")
def file(payload: Slide) -> None: ...


@job(queue="reports")
def report(payload: Slide, laboratory: Laboratory) -> None:
    laboratory.done.append((payload.name, laboratory.clock.now()))


@job(queue="rounds")
def go_round(payload: Slide, uow: UnitOfWork) -> None:
    uow.jobs.enqueue(go_round, payload)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def laboratory(clock: ManualClock) -> Laboratory:
    return Laboratory(clock)


Open = Callable[..., Jobs]


@pytest.fixture
def opened(clock: ManualClock, laboratory: Laboratory) -> Iterator[Open]:
    """Return what puts a laboratory together with schedules and limits."""
    hosts: list[Host] = []

    def put_together(schedules: Sequence[Schedule] = (), queues: Sequence[Queue] = ()) -> Jobs:
        app = App("laboratory", jobs=[scan, file, report, go_round], schedules=schedules, queues=queues)
        hosts.append(bootstrap(app, clock=clock, log=MemoryLogger(), services={Laboratory: laboratory}))
        return Jobs(hosts[-1])

    yield put_together
    for host in hosts:
        host.close()


@pytest.fixture
def jobs(opened: Open) -> Jobs:
    return opened()


def instants(laboratory: Laboratory) -> list[str]:
    return [f"{instant:%d %H:%M}" for _, instant in laboratory.done]


class TestRunDue:
    def test_shows_what_was_enqueued_and_runs_it_with_what_it_enqueues(self, jobs: Jobs) -> None:
        jobs.host.enqueue(scan, Slide("A-1"))

        assert jobs.enqueued(scan) == [Slide("A-1")]
        assert jobs.run_due() == [RunOutcome.SUCCEEDED] * 2
        assert jobs.enqueued(file) == [Slide("scan of A-1")]
        jobs.assert_none_left()

    def test_is_content_with_nothing_to_do(self, jobs: Jobs) -> None:
        assert jobs.run_due() == []

    class WhenAJobIsDelayed:
        def test_runs_it_when_the_clock_has_moved_on(
            self, jobs: Jobs, clock: ManualClock, laboratory: Laboratory
        ) -> None:
            jobs.host.enqueue(scan, Slide("A-1"), delay=timedelta(minutes=10))

            assert jobs.run_due() == []
            clock.advance(timedelta(minutes=10))
            jobs.run_due()

            assert laboratory.done == [("A-1", NOON + timedelta(minutes=10))]

    class WhenARunFails:
        def test_waits_for_its_backoff(self, jobs: Jobs, clock: ManualClock) -> None:
            jobs.host.enqueue(scan, Slide("A-1", failures=1))

            assert jobs.run_due() == [RunOutcome.RETRIED]
            assert jobs.run_due() == []
            clock.advance(timedelta(minutes=2))
            assert jobs.run_due() == [RunOutcome.SUCCEEDED] * 2

    class WhenAHandlerTakesTooLong:
        def test_has_timed_out_by_the_clock_of_the_test(self, jobs: Jobs, laboratory: Laboratory) -> None:
            job_id = jobs.host.enqueue(scan, Slide("A-1", takes=timedelta(minutes=11)))

            assert jobs.run_due() == [RunOutcome.TIMED_OUT]

            (attempt,) = jobs.host.jobs.attempts(job_id)
            (stored,) = jobs.stored(scan)
            assert attempt.outcome is AttemptOutcome.TIMED_OUT
            assert stored.due_at == NOON + timedelta(minutes=13)
            assert jobs.enqueued(file) == []
            assert laboratory.left == [timedelta(0)]

        def test_tells_the_handler_what_is_left(self, jobs: Jobs, laboratory: Laboratory) -> None:
            jobs.host.enqueue(scan, Slide("A-1", takes=timedelta(minutes=4)))

            jobs.run_due()

            assert laboratory.left == [timedelta(minutes=6)]

    class WhenNoAttemptIsLeft:
        def test_leaves_a_dead_letter(self, jobs: Jobs) -> None:
            jobs.host.enqueue(scan, Slide("A-1", failures=9))

            outcomes = jobs.run_for(timedelta(minutes=6))

            (dead,) = jobs.stored(scan, state=JobState.DEAD)
            assert outcomes == [RunOutcome.RETRIED, RunOutcome.RETRIED, RunOutcome.DEAD]
            assert (dead.attempts, dead.error) == (3, "OSError: the lens is dirty")

    class WhenAWorkerHasDied:
        def test_takes_over_when_its_lease_has_ended(self, jobs: Jobs, clock: ManualClock) -> None:
            job_id = jobs.host.enqueue(scan, Slide("A-1"))
            jobs.host.jobs.claim(job_id)

            assert jobs.run_due() == []
            clock.advance(timedelta(minutes=10))
            assert jobs.run_due() == [RunOutcome.SUCCEEDED] * 2

    class WhenAQueueIsLimited:
        def test_begins_no_more_than_its_rate_allows(self, opened: Open, clock: ManualClock) -> None:
            jobs = opened(queues=[Queue("files", rate=Rate(2, per=timedelta(minutes=1)))])
            jobs.host.enqueue_many(file, [Slide(str(number)) for number in range(3)])

            assert len(jobs.run_due()) == 2
            assert jobs.run_due() == []
            clock.advance(timedelta(minutes=1))
            assert len(jobs.run_due()) == 1

    class WhenAScheduleIsDue:
        def test_enqueues_and_runs_its_job(self, opened: Open, clock: ManualClock, laboratory: Laboratory) -> None:
            jobs = opened([Schedule("hourly", every=timedelta(hours=1), job=report, payload=Slide("sum"))])

            assert jobs.run_due() == []
            clock.advance(timedelta(hours=1))
            assert jobs.run_due() == [RunOutcome.SUCCEEDED]
            assert laboratory.done == [("sum", NOON + timedelta(hours=1))]

    class WhenAJobEnqueuesItselfForEver:
        def test_gives_up_and_names_it(self, jobs: Jobs) -> None:
            jobs.host.enqueue(go_round, Slide("A-1"))

            with pytest.raises(JobsNotDone, match=r"go_round .* is pending after 0 of 1 attempts"):
                Jobs(jobs.host, limit=timedelta(milliseconds=50)).run_due()


class TestRunFor:
    def test_runs_each_job_at_its_moment(self, jobs: Jobs, clock: ManualClock, laboratory: Laboratory) -> None:
        jobs.host.enqueue(report, Slide("late"), delay=timedelta(hours=3))
        jobs.host.enqueue(report, Slide("early"), delay=timedelta(hours=1))

        jobs.run_for(timedelta(hours=4))

        assert laboratory.done == [("early", NOON + timedelta(hours=1)), ("late", NOON + timedelta(hours=3))]
        assert clock.now() == NOON + timedelta(hours=4)

    def test_leaves_what_is_due_later(self, jobs: Jobs, laboratory: Laboratory) -> None:
        jobs.host.enqueue(report, Slide("late"), delay=timedelta(hours=3))

        assert jobs.run_for(timedelta(hours=2)) == []
        assert laboratory.done == []

    def test_waits_for_backoffs_as_they_come(self, jobs: Jobs, laboratory: Laboratory) -> None:
        jobs.host.enqueue(scan, Slide("A-1", failures=2))

        jobs.run_for(timedelta(hours=1))

        assert instants(laboratory) == ["27 12:00", "27 12:02", "27 12:06"]

    def test_goes_on_when_the_window_of_a_rate_is_over(self, opened: Open) -> None:
        jobs = opened(queues=[Queue("files", rate=Rate(2, per=timedelta(minutes=1)))])
        jobs.host.enqueue_many(file, [Slide(str(number)) for number in range(5)])

        assert len(jobs.run_for(timedelta(minutes=5))) == 5

    def test_does_not_wait_for_a_queue_that_is_paused(self, jobs: Jobs) -> None:
        jobs.host.queues.pause("files")
        jobs.host.enqueue(file, Slide("A-1"))

        assert jobs.run_for(timedelta(days=1)) == []

    class WhenTheClocksChange:
        @pytest.fixture
        def nightly(self) -> Schedule:
            pytest.importorskip("cronsim")
            return Schedule("nightly", cron="30 2 * * *", zone="Europe/Zurich", job=report, payload=Slide("sum"))

        def test_fires_once_each_night(self, opened: Open, nightly: Schedule, laboratory: Laboratory) -> None:
            opened([nightly]).run_for(timedelta(days=3))

            assert instants(laboratory) == ["28 01:30", "29 01:00", "30 00:30"]

        def test_does_not_fire_while_it_is_paused(
            self, opened: Open, nightly: Schedule, laboratory: Laboratory
        ) -> None:
            jobs = opened([nightly])
            jobs.host.schedules.pause("nightly")

            jobs.run_for(timedelta(days=3))

            assert laboratory.done == []

    class WhenATestCannotMoveTheClock:
        def test_says_what_to_do(self) -> None:
            with bootstrap(App("laboratory")) as host, pytest.raises(MisuseError, match="SystemClock"):
                Jobs(host).run_for(timedelta(hours=1))
