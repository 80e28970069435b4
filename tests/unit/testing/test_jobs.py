from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import define, field, frozen

pytest.importorskip("cattrs")
pytest.importorskip("dramatiq")
pytest.importorskip("sqlalchemy")

import sqlalchemy as sa

from corelib import App, Backoff, Host, Settings, UnitOfWork, job
from corelib.adapters.memory import ManualClock, MemoryLogger
from corelib.adapters.sqlalchemy import SqlSchema
from corelib.application.jobs.run_outcome import RunOutcome
from corelib.bootstrap import bootstrap
from corelib.domain.identifiers import new_id
from corelib.domain.job import JobState
from corelib.errors import MisuseError, NotFound, UnknownJob
from corelib.testing.jobs import Jobs, JobsNotDone

AN_HOUR = timedelta(hours=1)
schema = SqlSchema(name="post_office", metadata=sa.MetaData(), mappings=[])


@frozen
class Letter:
    """What to write; the first runs fail as often as `failures` says."""

    text: str
    failures: int = 0


@frozen
class Parcel:
    weight: int


@define
class Office:
    """What the handlers did."""

    written: list[str] = field(factory=list)
    threads: set[str] = field(factory=set)
    opened: threading.Event = field(factory=threading.Event)


class Broken(Exception):
    pass


@job(queue="letters", attempts=3, backoff=Backoff(first=AN_HOUR))
def write_letter(payload: Letter, office: Office) -> None:
    office.written.append(payload.text)
    office.threads.add(threading.current_thread().name)
    if office.written.count(payload.text) <= payload.failures:
        raise Broken(f"the pen broke at {payload.text}")


@job(queue="parcels")
def pack_parcel(payload: Parcel, uow: UnitOfWork) -> None:
    uow.jobs.enqueue(write_letter, Letter(f"a parcel of {payload.weight} g is on its way"))


@job(queue="parcels", name="lose")
def lose_parcel(payload: Parcel, office: Office) -> None:
    office.opened.wait()


@job(queue="parcels")
def send_round(payload: Parcel, uow: UnitOfWork) -> None:
    uow.jobs.enqueue(send_round, payload)


@pytest.fixture
def office() -> Iterator[Office]:
    office = Office()
    yield office
    office.opened.set()


@pytest.fixture(params=["memory", "sqlite"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    return Settings(database_url="memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'jobs.sqlite'}")


@pytest.fixture
def host(settings: Settings, office: Office) -> Iterator[Host]:
    app = App(
        "post_office",
        jobs=[write_letter, pack_parcel, lose_parcel, send_round],
        schema="tests.unit.testing.test_jobs:schema",
    )
    with bootstrap(app, settings, log=MemoryLogger(), services={Office: office}) as host:
        host.storage.create()
        yield host


@pytest.fixture
def jobs(host: Host) -> Jobs:
    return Jobs(host)


def enqueue(host: Host, *payloads: object, delay: timedelta = timedelta(0)) -> None:
    handlers: dict[type, Callable[..., None]] = {Letter: write_letter, Parcel: pack_parcel}
    with host.unit_of_work() as uow:
        for payload in payloads:
            uow.jobs.enqueue(handlers[type(payload)], payload, delay=delay)
        uow.commit()


def enqueue_for(host: Host, handler: Callable[..., None], payload: object) -> None:
    with host.unit_of_work() as uow:
        uow.jobs.enqueue(handler, payload)
        uow.commit()


class TestJobs:
    class WhenAUnitOfWorkEnqueues:
        def test_lists_nothing_before_the_commit(self, host: Host, jobs: Jobs) -> None:
            with host.unit_of_work() as uow:
                uow.jobs.enqueue(write_letter, Letter("dear Ada"))
                uow.rollback()

            assert jobs.stored() == []

        def test_lists_what_was_committed(self, host: Host, jobs: Jobs) -> None:
            enqueue(host, Letter("dear Ada"))

            (listed,) = jobs.stored()

            assert (listed.name, listed.queue, listed.state) == ("write_letter", "letters", JobState.PENDING)
            assert (listed.attempts, listed.error) == (0, None)
            assert listed.payload == Letter("dear Ada")
            assert listed.due_at == listed.job.enqueued_at

        def test_runs_nothing_by_itself(self, host: Host, jobs: Jobs, office: Office) -> None:
            enqueue(host, Letter("dear Ada"))

            jobs.stored()

            assert office.written == []

    class WhenJobsOfSeveralKindsAreStored:
        @pytest.fixture(autouse=True)
        def stored(self, host: Host) -> None:
            enqueue(host, Letter("one"))
            enqueue(host, Parcel(500))
            enqueue(host, Letter("two"))

        def test_lists_those_of_a_handler_oldest_first(self, jobs: Jobs) -> None:
            listed = jobs.stored(write_letter)

            assert [each.payload for each in listed] == [Letter("one"), Letter("two")]

        def test_lists_those_of_a_name(self, jobs: Jobs) -> None:
            listed = jobs.stored("pack_parcel")

            assert [each.payload for each in listed] == [Parcel(500)]

        def test_lists_those_of_a_queue(self, jobs: Jobs) -> None:
            listed = jobs.stored(queue="parcels")

            assert [each.name for each in listed] == ["pack_parcel"]

        def test_lists_those_in_a_state(self, jobs: Jobs) -> None:
            assert jobs.stored(state=JobState.DEAD) == []
            assert len(jobs.stored(state=JobState.PENDING)) == 3

        def test_gives_out_the_payloads_of_a_handler(self, jobs: Jobs) -> None:
            letters = jobs.enqueued(write_letter)

            assert letters == [Letter("one"), Letter("two")]

        def test_refuses_a_function_that_is_no_job(self, jobs: Jobs) -> None:
            with pytest.raises(MisuseError, match="enqueue is not a job"):
                jobs.stored(enqueue)

    class WhenTheHostCannotReadAPayload:
        def test_says_so_when_the_payload_is_asked_for(self, host: Host, jobs: Jobs) -> None:
            enqueue(host, Letter("dear Ada"))
            (listed,) = jobs.stored()

            with bootstrap(App("without_jobs")) as other, pytest.raises(UnknownJob, match="write_letter"):
                other.payload_of(listed.job)

    class WhenAllAreRun:
        def test_tells_what_ran(self, host: Host, jobs: Jobs, office: Office) -> None:
            enqueue(host, Letter("one"), Letter("two"))

            ran = jobs.run_all()

            assert {each.job_id for each in ran} == {each.id for each in jobs.stored()}
            assert [each.outcome for each in ran] == [RunOutcome.SUCCEEDED] * 2
            assert sorted(office.written) == ["one", "two"]

        def test_runs_them_in_the_threads_of_a_worker(self, host: Host, jobs: Jobs, office: Office) -> None:
            enqueue(host, Letter("one"))

            jobs.run_all()

            assert threading.current_thread().name not in office.threads

        def test_runs_what_jobs_enqueue_too(self, host: Host, jobs: Jobs, office: Office) -> None:
            enqueue(host, Parcel(500))

            jobs.run_all()

            assert office.written == ["a parcel of 500 g is on its way"]
            jobs.assert_none_left()

        def test_can_be_done_again(self, host: Host, jobs: Jobs, office: Office) -> None:
            enqueue(host, Letter("one"))
            jobs.run_all()
            enqueue(host, Letter("two"))

            ran = jobs.run_all()

            assert [each.outcome for each in ran] == [RunOutcome.SUCCEEDED]
            assert office.written == ["one", "two"]

        def test_is_content_with_nothing_to_do(self, jobs: Jobs) -> None:
            assert jobs.run_all() == []

    class WhenARunFails:
        def test_is_run_again_without_waiting_for_its_backoff(self, host: Host, jobs: Jobs, office: Office) -> None:
            enqueue(host, Letter("one", failures=2))

            ran = jobs.run_all()

            outcomes = [each.outcome for each in ran]
            assert outcomes == [RunOutcome.RETRIED, RunOutcome.RETRIED, RunOutcome.SUCCEEDED]
            assert office.written == ["one"] * 3
            assert [each.attempts for each in jobs.stored()] == [3]

        def test_is_dead_without_attempts_left(self, host: Host, jobs: Jobs) -> None:
            enqueue(host, Letter("one", failures=9))

            ran = jobs.run_all()

            (dead,) = jobs.stored(state=JobState.DEAD)
            assert ran[-1].outcome is RunOutcome.DEAD
            assert (dead.attempts, dead.error) == (3, "Broken: the pen broke at one")

    class WhenAJobIsDelayed:
        def test_stays_until_its_time_has_come(self, host: Host, jobs: Jobs, office: Office) -> None:
            enqueue(host, Letter("later"), delay=AN_HOUR)

            ran = jobs.run_all()

            assert ran == []
            assert office.written == []

        def test_runs_once_it_is_promoted(self, host: Host, jobs: Jobs, office: Office) -> None:
            enqueue(host, Letter("later"), delay=AN_HOUR)
            (listed,) = jobs.stored()

            promoted = jobs.promote(listed)
            jobs.run_all()

            assert promoted is True
            assert office.written == ["later"]

    class WhenAMessageIsDeliveredAgain:
        def test_is_passed_over_if_the_job_has_succeeded(self, host: Host, jobs: Jobs, office: Office) -> None:
            enqueue(host, Letter("one"))
            jobs.run_all()
            (done,) = jobs.stored()

            outcome = jobs.deliver_again(done)

            assert outcome is RunOutcome.SKIPPED
            assert office.written == ["one"]

        def test_runs_a_job_that_is_due(self, host: Host, jobs: Jobs, office: Office) -> None:
            enqueue(host, Letter("one"))
            (waiting,) = jobs.stored()

            outcome = jobs.deliver_again(waiting.id)

            assert outcome is RunOutcome.SUCCEEDED

        def test_says_that_there_is_no_such_job(self, jobs: Jobs) -> None:
            with pytest.raises(NotFound, match="There is no job"):
                jobs.deliver_again(new_id())

    class WhenNothingMayBeLeft:
        def test_is_content_if_all_have_succeeded(self, host: Host, jobs: Jobs) -> None:
            enqueue(host, Letter("one"))
            jobs.run_all()

            jobs.assert_none_left()

        def test_names_a_job_that_waits(self, host: Host, jobs: Jobs) -> None:
            enqueue(host, Letter("one"))

            with pytest.raises(JobsNotDone, match=r"write_letter .* in letters is pending after 0 of 3 attempts"):
                jobs.assert_none_left()

        def test_names_a_dead_job_with_its_error(self, host: Host, jobs: Jobs) -> None:
            enqueue(host, Letter("one", failures=9))
            jobs.run_all()

            with pytest.raises(JobsNotDone, match=r"dead after 3 of 3 attempts \(Broken: the pen broke at one\)"):
                jobs.assert_none_left()

        def test_names_no_more_than_ten(self, host: Host, jobs: Jobs) -> None:
            enqueue(host, *[Letter(f"number {number}") for number in range(12)])

            with pytest.raises(JobsNotDone, match=r"12 did not: .*; and 2 more") as refused:
                jobs.assert_none_left()

            assert str(refused.value).count("write_letter") == 10

    class WhenAHandlerHangs:
        def test_gives_up_and_names_it(self, host: Host, jobs: Jobs) -> None:
            enqueue_for(host, lose_parcel, Parcel(500))

            with pytest.raises(JobsNotDone, match=r"lose .* is running after 1 of 1 attempts") as refused:
                jobs.run_all(limit=timedelta(milliseconds=200))

            assert "Does a handler hang" in str(refused.value)

    class WhenAJobEnqueuesItselfForEver:
        def test_gives_up_and_names_it(self, host: Host, jobs: Jobs) -> None:
            enqueue_for(host, send_round, Parcel(500))

            with pytest.raises(JobsNotDone, match="send_round"):
                jobs.run_all(limit=timedelta(milliseconds=200))

    class WhenTheClockOfAMemoryStoreIsHeld:
        def test_promotes_by_that_clock(self, office: Office) -> None:
            clock = ManualClock()
            with bootstrap(App("office", jobs=[write_letter]), clock=clock, services={Office: office}) as host:
                enqueue(host, Letter("one", failures=1))

                Jobs(host).run_all()

            assert office.written == ["one", "one"]
