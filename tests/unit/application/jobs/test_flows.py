from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from attrs import frozen

from corelib import App, Host, JobRun, JobState, Settings, UniqueJob, UnitOfWork, always, chain, group, job, step
from corelib.adapters.memory import ManualClock
from corelib.application.jobs.waiting import EndedJob
from corelib.bootstrap import bootstrap
from corelib.domain.flow_steps import Step
from corelib.errors import JobExists, JobFailed, MisuseError

pytest.importorskip("cattrs")


@frozen
class Task:
    name: str
    fails: bool = False


@frozen
class Done:
    name: str


def told(child: EndedJob) -> str:
    return child.result(Done).name if child.succeeded else child.error or ""


class Studio:
    """A host whose handlers note what they do."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.seen: list[list[tuple[JobState, str]]] = []

        @job(name="work")
        def work(task: Task) -> Done:
            self.ran.append(task.name)
            if task.fails:
                raise ValueError(task.name)
            return Done(task.name)

        @job(name="gather")
        def gather(task: Task, run: JobRun) -> None:
            self.ran.append(task.name)
            self.seen.append([(child.state, told(child)) for child in run.children()])

        @job(name="split")
        def split(task: Task, run: JobRun, uow: UnitOfWork) -> Done:
            self.ran.append(f"{task.name} {run.stage}")
            if run.stage == 0:
                uow.jobs.enqueue(work, Task("beside"))
                run.wait_for(group(*(self.step(f"{task.name}.{number}") for number in range(2))))
            if task.fails:
                raise ValueError(task.name)
            return Done(f"{task.name} of {len(run.children())}")

        @job(name="once", unique=UniqueJob("name"))
        def once(task: Task) -> None: ...

        @job(name="greedy")
        def greedy(task: Task, run: JobRun) -> None:
            run.wait_for(self.step("a"))
            run.wait_for(self.step("b"))

        self.work, self.gather, self.split, self.once, self.greedy = work, gather, split, once, greedy
        self.clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.host: Host = bootstrap(
            App("studio", jobs=[work, gather, split, once, greedy]), Settings(), clock=self.clock
        )

    def step(self, name: str, *, fails: bool = False) -> Step:
        return step(self.work, Task(name, fails))

    def state(self, job_id: UUID) -> JobState:
        found = self.host.jobs.find(job_id)
        assert found is not None
        return found.state


@pytest.fixture
def studio() -> Studio:
    return Studio()


class TestFlows:
    class WhenAFlowIsEnqueued:
        def test_runs_in_the_order_of_its_chain(self, studio: Studio) -> None:
            studio.host.enqueue_flow(chain(studio.step("a"), studio.step("b"), studio.step("c")))

            studio.host.run_due_jobs()

            assert studio.ran == ["a", "b", "c"]

        def test_tells_its_jobs_in_order_and_the_last_ones(self, studio: Studio) -> None:
            flow = studio.host.enqueue_flow(chain(studio.step("a"), group(studio.step("b"), studio.step("c"))))

            names = [found.name for found in map(studio.host.jobs.find, flow.jobs) if found]
            assert len(names) == 3
            assert list(flow.last) == list(flow.jobs[1:])

        def test_is_not_there_if_the_unit_of_work_is_not_committed(self, studio: Studio) -> None:
            with studio.host.unit_of_work() as uow:
                uow.jobs.enqueue_flow(chain(studio.step("a"), studio.step("b")))

            assert list(studio.host.jobs.list()) == []

        def test_is_forgotten_with_a_savepoint(self, studio: Studio) -> None:
            with studio.host.unit_of_work() as uow:
                with suppress(ZeroDivisionError), uow.savepoint():
                    uow.jobs.enqueue_flow(chain(studio.step("a"), studio.step("b")))
                    _ = 1 / 0
                uow.commit()

            assert list(studio.host.jobs.list()) == []

        def test_is_refused_without_steps(self, studio: Studio) -> None:
            with pytest.raises(MisuseError, match="without steps"):
                studio.host.enqueue_flow(chain(group(), group()))

        def test_is_refused_with_a_step_that_cannot_be_enqueued(self, studio: Studio) -> None:
            with pytest.raises(MisuseError, match="takes a Task"):
                studio.host.enqueue_flow(chain(studio.step("a"), step(studio.work, Done("b"))))

            assert list(studio.host.jobs.list()) == []

        def test_is_refused_whole_if_there_is_a_job_like_a_unique_one(self, studio: Studio) -> None:
            studio.host.enqueue(studio.once, Task("a"))

            with pytest.raises(JobExists):
                studio.host.enqueue_flow(chain(studio.step("a"), step(studio.once, Task("a"))))

            assert len(studio.host.jobs.list()) == 1

        def test_announces_what_may_begin(self, studio: Studio) -> None:
            flow = studio.host.enqueue_flow(chain(studio.step("a"), studio.step("b")))

            assert [ref.id for ref in studio.host.jobs.wake(limit=9, again_after=timedelta(0))] == []
            assert studio.state(flow.jobs[0]) is JobState.PENDING

        def test_begins_a_delay_when_the_turn_has_come(self, studio: Studio) -> None:
            studio.host.enqueue_flow(chain(studio.step("a"), step(studio.work, Task("b"), delay=timedelta(minutes=5))))
            studio.clock.advance(timedelta(minutes=10))
            studio.host.run_due_jobs()
            before = list(studio.ran)

            studio.clock.advance(timedelta(minutes=5))
            studio.host.run_due_jobs()

            assert (before, studio.ran) == (["a"], ["a", "b"])

    class WhenAStepAsksForWhatWasBeforeIt:
        def test_is_told_results_in_their_order(self, studio: Studio) -> None:
            studio.host.enqueue_flow(group(studio.step("a"), studio.step("b"), then=step(studio.gather, Task("then"))))

            studio.host.run_due_jobs()

            assert studio.seen == [[(JobState.SUCCEEDED, "a"), (JobState.SUCCEEDED, "b")]]

        def test_is_told_which_have_failed(self, studio: Studio) -> None:
            studio.host.enqueue_flow(
                group(
                    studio.step("a", fails=True),
                    studio.step("b"),
                    then=always(step(studio.gather, Task("then"))),
                )
            )

            studio.host.run_due_jobs()

            assert studio.seen == [[(JobState.DEAD, "ValueError: a"), (JobState.SUCCEEDED, "b")]]

        def test_is_told_nothing_if_nothing_was(self, studio: Studio) -> None:
            studio.host.enqueue(studio.gather, Task("alone"))

            studio.host.run_due_jobs()

            assert studio.seen == [[]]

    class WhenAHandlerWaitsForJobsThatItAdds:
        def test_is_called_again_with_them(self, studio: Studio) -> None:
            job_id = studio.host.enqueue(studio.split, Task("s"))

            studio.host.run_due_jobs()

            found = studio.host.jobs.find(job_id)
            assert found is not None
            assert sorted(studio.ran) == sorted(["s 0", "beside", "s.0", "s.1", "s 1"])
            assert studio.host.result_of(found, Done) == Done("s of 2")
            assert found.attempts == 1

        def test_adds_nothing_if_it_fails(self, studio: Studio) -> None:
            job_id = studio.host.enqueue(studio.split, Task("s", fails=True))

            studio.host.run_due_jobs()

            assert studio.ran == ["s 0"]
            assert studio.state(job_id) is JobState.DEAD
            assert len(studio.host.jobs.list()) == 1

        def test_waits_for_one_flow_only(self, studio: Studio) -> None:
            job_id = studio.host.enqueue(studio.greedy, Task("g"))

            studio.host.run_due_jobs()

            found = studio.host.jobs.find(job_id)
            assert found is not None
            assert "one flow only" in (found.error or "")

        def test_lets_those_wait_that_come_after_it(self, studio: Studio) -> None:
            studio.host.enqueue_flow(chain(step(studio.split, Task("s")), step(studio.gather, Task("then"))))

            studio.host.run_due_jobs()

            assert studio.ran[-1] == "then"
            assert studio.seen == [[(JobState.SUCCEEDED, "s of 2")]]

    class WhenAFailedStepIsRetried:
        def test_goes_on_with_the_flow(self, studio: Studio) -> None:
            flow = studio.host.enqueue_flow(chain(studio.step("a", fails=True), studio.step("b")))
            studio.host.run_due_jobs()
            before = studio.state(flow.jobs[1])

            studio.host.retry_job(flow.jobs[0], payload='{"name": "again"}')
            studio.host.run_due_jobs()

            assert before is JobState.CANCELLED
            assert studio.ran == ["a", "again", "b"]

    class WhenSomebodyWaitsForTheLastStep:
        def test_is_told_why_it_was_not_run(self, studio: Studio) -> None:
            flow = studio.host.enqueue_flow(chain(studio.step("a", fails=True), studio.step("b")))
            studio.host.run_due_jobs()

            ended = studio.host.wait_for_job(flow.last[0], timeout=timedelta(seconds=1))

            with pytest.raises(JobFailed, match="Not run, since the job work"):
                ended.check()
