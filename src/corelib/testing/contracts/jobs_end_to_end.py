"""What `docs/reference/jobs.md` promises of jobs, from enqueuing to the end, of every store with every transport."""
# ruff: noqa: D102, D106 - test names are the sentences

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from uuid import UUID, uuid4

import pytest

from corelib.adapters.memory import MemorySpan
from corelib.application.jobs.run import JobRun
from corelib.application.jobs.schedules import Schedule
from corelib.domain.job import AttemptOutcome, JobState, Progress
from corelib.ports.unit_of_work import UnitOfWork
from corelib.testing.contracts import stage as on_stage
from corelib.testing.contracts.samples import a_depot
from corelib.testing.contracts.stage import BACKOFF, OutOfOrderError, Stage, fails
from corelib.testing.contracts.suite import ContractSuite
from corelib.testing.contracts.waiting import PATIENCE, eventually, happens

FAILED, SUCCEEDED = AttemptOutcome.FAILED, AttemptOutcome.SUCCEEDED
MANY = 120
HOUR = timedelta(hours=1)
MOMENT = timedelta(milliseconds=1)
AMPLE = timedelta(seconds=PATIENCE)


class JobsEndToEndContract(ContractSuite):
    """Jobs that are enqueued on one side come to their ends on the other."""

    port: ClassVar[str] = "jobs, end to end"

    @pytest.fixture
    def stage(self) -> Stage:
        """Return what `corelib.testing.contracts.stage.working` gives; all tests may share it."""
        raise NotImplementedError

    class WhenAJobIsEnqueuedInAUnitOfWork:
        def test_runs_after_the_commit_and_sees_what_was_committed_with_it(self, stage: Stage) -> None:
            depot, seen = a_depot(), list[object]()

            def look(_: JobRun, uow: UnitOfWork) -> None:
                seen.append(uow.repository(type(depot), str).find(depot.id) is not None)

            with stage.host.unit_of_work() as uow:
                uow.repository(type(depot), str).add(depot)
                job_id = uow.jobs.enqueue(on_stage.once, stage.acts.add(look))
                uow.commit()

            assert stage.ended(job_id).state is JobState.SUCCEEDED
            assert seen == [True]

        def test_is_not_there_if_that_is_rolled_back(self, stage: Stage) -> None:
            with stage.host.unit_of_work() as uow:
                job_id = uow.jobs.enqueue(on_stage.once, stage.acts.add(nothing))
                uow.flush()
                uow.rollback()

            assert stage.host.jobs.find(job_id) is None

    class WhenAJobIsEnqueuedByItself:
        def test_runs(self, stage: Stage) -> None:
            job_id = stage.enqueue(on_stage.once, nothing)

            assert stage.ended(job_id).state is JobState.SUCCEEDED
            assert stage.outcomes(job_id) == [SUCCEEDED]

    class WhenManyAreEnqueuedInOneCall:
        def test_runs_each_of_them_once(self, stage: Stage) -> None:
            ran: list[UUID] = []
            scene = stage.acts.add(lambda run, _: ran.append(run.job_id))

            job_ids = stage.host.enqueue_many(on_stage.once, [scene] * MANY)

            eventually(lambda: len(ran) >= MANY, "all ran")
            assert {stage.ended(job_id).state for job_id in job_ids} == {JobState.SUCCEEDED}
            assert sorted(ran) == sorted(job_ids)

    class WhenAJobIsDelayed:
        def test_does_not_begin_before_it_is_due(self, stage: Stage) -> None:
            job_id = stage.enqueue(on_stage.once, nothing, delay=timedelta(milliseconds=60))

            ended = stage.ended(job_id)
            assert ended.started_at is not None
            assert ended.started_at >= ended.due_at

        def test_waits_until_its_time_or_until_it_is_promoted(self, stage: Stage) -> None:
            ran = threading.Event()
            job_id = stage.enqueue(on_stage.once, lambda *_: ran.set(), delay=HOUR)
            other = stage.enqueue(on_stage.once, nothing)

            assert stage.ended(other).state is JobState.SUCCEEDED
            assert not ran.is_set()
            assert stage.host.jobs.promote(job_id)
            assert happens(ran)

        def test_begins_at_once_if_its_instant_is_over(self, stage: Stage) -> None:
            job_id = stage.enqueue(on_stage.once, nothing, at=datetime(2001, 1, 1, tzinfo=UTC))

            assert stage.ended(job_id).state is JobState.SUCCEEDED

    class WhenOneJobHasAHigherPriority:
        def test_begins_before_those_that_were_there_earlier(self, stage: Stage) -> None:
            gate, begun, order = threading.Event(), threading.Event(), list[str]()

            def wait(*_: object) -> None:
                begun.set()
                gate.wait(PATIENCE)

            first = stage.enqueue(on_stage.one_by_one, wait)
            assert happens(begun)
            low = stage.enqueue(on_stage.one_by_one, lambda *_: order.append("low"), priority=-10)
            usual = stage.enqueue(on_stage.one_by_one, lambda *_: order.append("usual"))
            high = stage.enqueue(on_stage.one_by_one, lambda *_: order.append("high"), priority=10)
            gate.set()

            assert {stage.ended(each).state for each in (first, low, usual, high)} == {JobState.SUCCEEDED}
            assert order == ["high", "usual", "low"]

    class WhenARunFails:
        def test_runs_again_after_its_backoff_until_it_succeeds(self, stage: Stage) -> None:
            job_id = stage.enqueue(on_stage.thrice, lambda run, _: fails() if run.attempt < 3 else None)

            ended = stage.ended(job_id)

            first, second, third = stage.host.jobs.attempts(job_id)
            assert (ended.state, ended.attempts) == (JobState.SUCCEEDED, 3)
            assert [first.outcome, second.outcome, third.outcome] == [FAILED, FAILED, SUCCEEDED]
            for earlier, later in ((first, second), (second, third)):
                assert earlier.started_at is not None
                assert later.started_at is not None
                assert later.started_at - earlier.started_at >= BACKOFF

        def test_is_dead_with_its_history_when_no_attempt_is_left(self, stage: Stage) -> None:
            job_id = stage.enqueue(on_stage.thrice, lambda *_: fails())

            ended = stage.ended(job_id)

            attempts = stage.host.jobs.attempts(job_id)
            assert (ended.state, ended.attempts, ended.error) == (JobState.DEAD, 3, "RuntimeError: never")
            assert [attempt.attempt for attempt in attempts] == [1, 2, 3]
            assert all("in fails" in str(attempt.traceback) for attempt in attempts)

        def test_is_dead_at_once_after_an_error_that_is_not_to_be_retried(self, stage: Stage) -> None:
            def refuse(*_: object) -> None:
                raise OutOfOrderError("never")

            job_id = stage.enqueue(on_stage.thrice, refuse)

            ended = stage.ended(job_id)
            assert (ended.state, ended.attempts) == (JobState.DEAD, 1)

        def test_runs_again_when_somebody_retries_it(self, stage: Stage) -> None:
            job_id = stage.enqueue(on_stage.once, lambda run, _: fails() if run.attempt == 1 else None)
            assert stage.ended(job_id).state is JobState.DEAD

            assert stage.host.retry_job(job_id)

            eventually(lambda: stage.job(job_id).state is JobState.SUCCEEDED, "the job has succeeded")
            assert stage.outcomes(job_id) == [FAILED, SUCCEEDED]

    class WhenAHandlerWrites:
        def test_keeps_only_what_the_run_wrote_that_succeeded(self, stage: Stage) -> None:
            city = f"city-{uuid4().hex[:12]}"
            followed: list[UUID] = []
            follow_up = stage.acts.add(lambda run, _: followed.append(run.job_id))

            def write_and_fail_once(run: JobRun, uow: UnitOfWork) -> None:
                depot = a_depot(city)
                uow.repository(type(depot), str).add(depot)
                uow.jobs.enqueue(on_stage.once, follow_up)
                uow.flush()
                if run.attempt == 1:
                    fails()

            job_id = stage.enqueue(on_stage.thrice, write_and_fail_once)

            assert stage.ended(job_id).state is JobState.SUCCEEDED
            assert stage.depots_in(city) == 1
            eventually(lambda: bool(followed), "the job that it enqueued ran")
            assert len(followed) == 1

    class WhenAHandlerReturnsSomething:
        def test_lets_whoever_waits_have_it(self, stage: Stage) -> None:
            depot = a_depot()

            def write(_: JobRun, uow: UnitOfWork) -> list[str]:
                uow.repository(type(depot), str).add(depot)
                return [depot.id]

            job_ids = [stage.enqueue(on_stage.once, act) for act in (write, lambda *_: ["no effect"])]

            ended = [stage.host.wait_for_job(job_id, timeout=AMPLE) for job_id in job_ids]
            assert [each.result(list[str]) for each in ended] == [[depot.id], ["no effect"]]

    class WhenARunTellsHowFarItIs:
        def test_lets_others_see_that_while_it_goes_on(self, stage: Stage) -> None:
            seen = threading.Event()

            def tell(run: JobRun, _: UnitOfWork) -> None:
                run.log("begun")
                run.progress(1, 2, "first half")
                assert happens(seen)
                run.progress(2, 2)

            job_id = stage.enqueue(on_stage.once, tell)

            eventually(lambda: stage.job(job_id).progress is not None, "its progress is there")
            halfway, lines = stage.job(job_id), stage.host.jobs.log(job_id)
            seen.set()
            assert (halfway.state, halfway.progress) == (JobState.RUNNING, Progress(1.0, 2.0, "first half"))
            assert [(line.attempt, line.text) for line in lines] == [(1, "begun")]
            assert stage.ended(job_id).progress == Progress(2.0, 2.0)

        def test_keeps_what_it_told_whether_or_not_its_effects_are_kept(self, stage: Stage) -> None:
            depot = a_depot()

            def tell(run: JobRun, uow: UnitOfWork) -> None:
                uow.repository(type(depot), str).add(depot)
                uow.flush()
                run.log(f"attempt {run.attempt}")
                run.progress(run.attempt, 3)
                if run.attempt == 1:
                    fails()

            job_id = stage.enqueue(on_stage.thrice, tell)

            ended = stage.ended(job_id)
            assert (ended.state, ended.progress) == (JobState.SUCCEEDED, Progress(2.0, 3.0))
            lines = [(line.attempt, line.text) for line in stage.host.jobs.log(job_id)]
            assert lines == [(1, "attempt 1"), (2, "attempt 2")]

    class WhenItIsTraced:
        def test_has_runs_that_are_parts_of_what_enqueued_it(self, stage: Stage) -> None:
            later: list[UUID] = []

            def enqueue_another(run: JobRun, uow: UnitOfWork) -> None:
                if run.attempt == 1:
                    fails()
                later.append(uow.jobs.enqueue(on_stage.once, stage.acts.add(nothing)))

            job_id = stage.enqueue(on_stage.thrice, enqueue_another)
            stage.ended(job_id)
            stage.ended(later[0])

            eventually(lambda: len(spans_of(stage, job_id, *later)) == 5, "all spans have ended")
            by_id = {span.span_id: span for span in spans_of(stage, job_id, *later)}
            runs = [span for span in by_id.values() if span.kind == "run"]
            parents = [(span.job_ids, by_id[span.parent or ""].job_ids) for span in runs]
            assert parents == [((job_id,), (job_id,)), ((job_id,), (job_id,)), ((later[0],), (later[0],))]
            assert [(span.attempt, span.outcome) for span in runs] == [
                (1, "retried"),
                (2, "succeeded"),
                (1, "succeeded"),
            ]
            assert len({span.trace_id for span in by_id.values()}) == 1

    class WhenTheTimeOfARunIsUp:
        def test_tells_the_handler_and_keeps_nothing_of_it(self, stage: Stage) -> None:
            city, told = f"city-{uuid4().hex[:12]}", threading.Event()

            def write_and_hang(run: JobRun, uow: UnitOfWork) -> None:
                depot = a_depot(city)
                uow.repository(type(depot), str).add(depot)
                uow.flush()
                if run.wait(timedelta(seconds=PATIENCE)):
                    told.set()

            job_id = stage.enqueue(on_stage.briefly, write_and_hang)

            ended = stage.ended(job_id)
            assert ended.state is JobState.DEAD
            # Whoever of the worker and the relay sees it first.
            assert "longer than the time-out of the job" in str(ended.error)
            assert stage.outcomes(job_id) == [AttemptOutcome.TIMED_OUT]
            assert happens(told)
            assert stage.depots_in(city) == 0

    class WhenAJobIsCancelled:
        def test_never_begins_if_it_waited(self, stage: Stage) -> None:
            ran = threading.Event()
            job_id = stage.enqueue(on_stage.once, lambda *_: ran.set(), delay=HOUR)

            assert stage.host.jobs.cancel(job_id) is JobState.CANCELLED
            assert not stage.host.jobs.promote(job_id)
            assert stage.ended(job_id).attempts == 0
            assert not ran.is_set()

        def test_is_told_so_while_it_runs_and_nothing_of_the_run_is_kept(self, stage: Stage) -> None:
            city, begun = f"city-{uuid4().hex[:12]}", threading.Event()

            def work_until_told(run: JobRun, uow: UnitOfWork) -> None:
                depot = a_depot(city)
                uow.repository(type(depot), str).add(depot)
                begun.set()
                run.wait(timedelta(seconds=PATIENCE))
                run.check_cancelled()

            job_id = stage.enqueue(on_stage.thrice, work_until_told)
            assert happens(begun)

            assert stage.host.jobs.cancel(job_id) is JobState.RUNNING
            assert stage.ended(job_id).state is JobState.CANCELLED
            assert stage.outcomes(job_id) == [AttemptOutcome.CANCELLED]
            assert stage.depots_in(city) == 0

    class WhenAJobIsUnique:
        def test_is_one_however_often_it_is_enqueued_and_runs_once(self, stage: Stage) -> None:
            ran: list[UUID] = []
            scene = stage.acts.add(lambda run, _: ran.append(run.job_id))
            stage.host.queues.pause("halted")

            job_ids = {stage.host.enqueue(on_stage.single, scene) for _ in range(3)}
            stage.host.queues.resume("halted")

            (job_id,) = job_ids
            assert stage.ended(job_id).state is JobState.SUCCEEDED
            assert ran == [job_id]
            assert stage.host.enqueue(on_stage.single, scene) != job_id

    class WhenAQueueIsPaused:
        def test_begins_nothing_of_it_until_it_is_resumed(self, stage: Stage) -> None:
            stage.host.queues.pause("halted")
            job_id = stage.enqueue(on_stage.halted, nothing)
            other = stage.enqueue(on_stage.once, nothing)

            assert stage.ended(other).state is JobState.SUCCEEDED
            assert stage.job(job_id).state is JobState.PENDING
            stage.host.queues.resume("halted")
            assert stage.ended(job_id).state is JobState.SUCCEEDED

    class WhenAQueueIsLimited:
        def test_runs_no_more_at_a_time_and_all_in_the_end(self, stage: Stage) -> None:
            lock, running, most = threading.Lock(), set[UUID](), list[int]()

            def count(run: JobRun, _: UnitOfWork) -> None:
                with lock:
                    running.add(run.job_id)
                    most.append(len(running))
                run.wait(timedelta(milliseconds=2))
                with lock:
                    running.remove(run.job_id)

            job_ids = [stage.enqueue(on_stage.limited, count) for _ in range(6)]

            assert {stage.ended(job_id).state for job_id in job_ids} == {JobState.SUCCEEDED}
            assert most == [1] * 6

    class WhenAJobCannotBeRead:
        def test_parks_one_of_an_unknown_name_and_goes_on(self, stage: Stage) -> None:
            unknown = stage.stores(name="of_another_program", due_at=datetime(2001, 1, 1, tzinfo=UTC))
            other = stage.enqueue(on_stage.second_version, nothing)

            parked = stage.ended(unknown)
            assert (parked.state, parked.attempts) == (JobState.PARKED, 0)
            assert "of_another_program" in str(parked.error)
            assert stage.ended(other).state is JobState.SUCCEEDED

        def test_parks_one_with_an_unreadable_payload(self, stage: Stage) -> None:
            payload = {"payload": "[]", "payload_version": 2}
            job_id = stage.stores(name="second_version", due_at=datetime(2001, 1, 1, tzinfo=UTC), **payload)

            assert stage.ended(job_id).state is JobState.PARKED

    class WhenItsPayloadIsOfAnEarlierVersion:
        def test_runs_with_what_the_upcaster_makes_of_it(self, stage: Stage) -> None:
            ran = threading.Event()
            scene = stage.acts.add(lambda *_: ran.set())
            payload = {"payload": f'{{"act": "{scene.name}"}}', "payload_version": 1}

            job_id = stage.stores(name="second_version", due_at=datetime(2001, 1, 1, tzinfo=UTC), **payload)

            assert stage.ended(job_id).state is JobState.SUCCEEDED
            assert ran.is_set()

    class WhenAScheduleIsRunNow:
        def test_runs_its_job_once(self, stage: Stage) -> None:
            ran: list[UUID] = []
            scene = stage.acts.add(lambda run, _: ran.append(run.job_id))
            name = f"schedule-{uuid4().hex[:12]}"
            stage.host.schedules.put(Schedule(name, job=on_stage.once, payload=scene, every=timedelta(days=300)))

            job_id = stage.host.schedules.run_now(name)

            assert stage.ended(job_id).state is JobState.SUCCEEDED
            assert ran == [job_id]
            assert [run.id for run in stage.host.schedules.runs(name)] == [job_id]
            assert stage.host.schedules.remove(name)

    class WhenItsMessageArrivesSeveralTimes:
        def test_runs_once(self, stage: Stage) -> None:
            ran: list[UUID] = []

            def run_and_tell_again(run: JobRun, _: UnitOfWork) -> None:
                ran.append(run.job_id)
                stage.host.transport.send([stage.job(run.job_id).ref] * 3)

            job_id = stage.enqueue(on_stage.once, run_and_tell_again)
            ended = stage.ended(job_id)
            stage.host.transport.send([ended.ref] * 3)
            after = stage.enqueue(on_stage.once, nothing)

            assert stage.ended(after).state is JobState.SUCCEEDED
            assert stage.outcomes(job_id) == [SUCCEEDED]
            assert ran == [job_id]

    class WhenNobodyWasToldOfAJob:
        def test_finds_it_all_the_same(self, stage: Stage) -> None:
            ran = threading.Event()
            scene = stage.acts.add(lambda *_: ran.set())
            payload = {"payload": f'{{"name": "{scene.name}"}}', "payload_version": 2}
            job_id = stage.stores(name="second_version", **payload)
            eventually(lambda: stage.job(job_id).state is JobState.PENDING, "it waits")

            stage.host.jobs.forget_announcements()

            assert stage.ended(job_id).state is JobState.SUCCEEDED
            assert ran.is_set()

    class WhenItsWorkerIsNeverHeardOfAgain:
        def test_runs_elsewhere_after_the_lease(self, stage: Stage) -> None:
            stage.host.queues.pause("halted")
            job_id = stage.enqueue(on_stage.halted, nothing)
            assert stage.host.jobs.claim(job_id, worker="lost", lease=MOMENT) is not None
            stage.host.queues.resume("halted")

            assert stage.ended(job_id).state is JobState.SUCCEEDED
            assert stage.outcomes(job_id) == [AttemptOutcome.STALLED, SUCCEEDED]
            assert stage.host.jobs.attempts(job_id)[0].worker == "lost"


def spans_of(stage: Stage, *job_ids: UUID) -> list[MemorySpan]:
    """Return the spans about some jobs, in the order in which they have ended."""
    return [span for span in stage.tracer.spans if set(span.job_ids) & set(job_ids)]


def nothing(run: JobRun, uow: UnitOfWork) -> None:
    """Play no part: the job leaves nothing behind."""
