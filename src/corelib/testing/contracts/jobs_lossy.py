"""What the contracts of queue and worker say about jobs that may be lost, on a host with any broker."""
# ruff: noqa: ARG001, D102, D106 - test names are the sentences; handlers take what they are given

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

import pytest
from attrs import frozen

from corelib.adapters.memory import MemoryLogger
from corelib.application.app import App
from corelib.application.context import current_context, use_context
from corelib.application.jobs.description import job
from corelib.application.jobs.run import JobRun
from corelib.domain.context import Context
from corelib.domain.identifiers import new_id
from corelib.domain.job import JobState
from corelib.domain.lossy_job import LossyJob
from corelib.errors import MisuseError, UnboundHandler
from corelib.ports.unit_of_work import UnitOfWork
from corelib.testing.contracts.suite import ContractSuite
from corelib.testing.contracts.waiting import eventually, happens
from corelib.testing.contracts.worker import MakeHost, Task, a_host, working


@frozen
class Other:
    """Another payload."""

    name: str


class LossyJobsContract(ContractSuite):
    """A job without a row is sent after the commit, and run once by the workers that run the others."""

    port: ClassVar[str] = "JobWorker, durable=False"

    @pytest.fixture
    def make_host(self) -> MakeHost:
        """Return a function that puts a host together, as `WorkerContract.make_host` does."""
        raise NotImplementedError

    class WhenItIsEnqueued:
        def test_is_run(self, make_host: MakeHost) -> None:
            ran: list[Task] = []

            @job(durable=False)
            def note(payload: Task) -> None:
                ran.append(payload)

            host = a_host(make_host, note)
            with working(host):
                host.enqueue(note, Task("a"))
                eventually(lambda: ran == [Task("a")], "the job ran")

        def test_leaves_no_row(self, make_host: MakeHost) -> None:
            ran = threading.Event()

            @job(durable=False)
            def note(payload: Task) -> None:
                ran.set()

            host = a_host(make_host, note)
            with working(host):
                job_id = host.enqueue(note, Task("a"))
                assert happens(ran)

            assert isinstance(job_id, UUID)
            assert host.jobs.find(job_id) is None
            assert not any(host.jobs.count().values())

        def test_is_run_in_the_context_of_the_caller(self, make_host: MakeHost) -> None:
            contexts: list[Context | None] = []
            ran = threading.Event()

            @job(durable=False)
            def note(payload: Task) -> None:
                contexts.append(current_context())
                ran.set()

            host = a_host(make_host, note)
            with working(host), use_context(Context("c-1", "command-1", "ada", "north")):
                job_id = host.enqueue(note, Task("a"))
                assert happens(ran)

            assert contexts == [Context("c-1", str(job_id), "ada", "north")]

        def test_tells_the_handler_about_its_run(self, make_host: MakeHost) -> None:
            runs: list[JobRun] = []

            @job(durable=False, timeout=timedelta(minutes=9))
            def note(payload: Task, run: JobRun) -> None:
                runs.append(run)

            host = a_host(make_host, note)
            with working(host):
                job_id = host.enqueue(note, Task("a"))
                eventually(lambda: bool(runs), "the job ran")

            (run,) = runs
            assert (run.job_id, run.attempt, run.max_attempts, run.deadline) == (job_id, 1, 1, None)

        def test_commits_what_its_unit_of_work_holds(self, make_host: MakeHost) -> None:
            done = threading.Event()

            @job()
            def follow(payload: Task) -> None:
                done.set()

            @job(durable=False)
            def lead(payload: Task, uow: UnitOfWork) -> None:
                uow.jobs.enqueue(follow, payload)

            host = a_host(make_host, lead, follow)
            with working(host):
                host.enqueue(lead, Task("a"))
                assert happens(done)

            assert host.jobs.count()[JobState.SUCCEEDED] == 1

    class WhenManyAreEnqueued:
        def test_runs_each_once(self, make_host: MakeHost) -> None:
            ran: list[str] = []

            @job(durable=False, queue="mail")
            def note(payload: Task) -> None:
                ran.append(payload.name)

            host = a_host(make_host, note)
            wanted = [str(number) for number in range(150)]
            with working(host):
                host.enqueue_many(note, [Task(name) for name in wanted])
                eventually(lambda: len(ran) == len(wanted), "all ran")

            assert sorted(ran) == sorted(wanted)

    class WhenTheUnitOfWorkHasNotCommitted:
        def test_is_dropped_with_it(self, make_host: MakeHost) -> None:
            ran: list[str] = []

            @job(durable=False)
            def note(payload: Task) -> None:
                ran.append(payload.name)

            host = a_host(make_host, note)
            with working(host):
                with host.unit_of_work() as uow:
                    uow.jobs.enqueue(note, Task("never"))
                with host.unit_of_work() as uow:
                    uow.jobs.enqueue(note, Task("kept"))
                    _lose_a_savepoint(uow, note)
                    assert ran == []
                    uow.commit()
                eventually(lambda: bool(ran), "the job ran")
                host.enqueue(note, Task("last"))
                eventually(lambda: "last" in ran, "the last one ran")

            assert ran == ["kept", "last"]

    class WhenTheHandlerFails:
        def test_is_not_run_again(self, make_host: MakeHost) -> None:
            ran: list[str] = []
            log = MemoryLogger()

            @job(durable=False)
            def note(payload: Task) -> None:
                ran.append(payload.name)
                if payload.name == "bad":
                    raise RuntimeError("no")

            host = make_host(App("bench", jobs=[note]), log)
            with working(host):
                host.enqueue(note, Task("bad"))
                host.enqueue(note, Task("good"))
                eventually(lambda: len(ran) == 2, "both ran")

            assert sorted(ran) == ["bad", "good"]
            assert ("error", "job failed and is lost") in [(line.level, line.event) for line in log.lines]

        def test_keeps_nothing_of_what_it_did(self, make_host: MakeHost) -> None:
            failed = threading.Event()

            @job()
            def follow(payload: Task) -> None: ...

            @job(durable=False)
            def lead(payload: Task, uow: UnitOfWork) -> None:
                uow.jobs.enqueue(follow, payload)
                uow.flush()
                uow.after_rollback(failed.set)
                raise RuntimeError("no")

            host = a_host(make_host, lead, follow)
            with working(host):
                host.enqueue(lead, Task("a"))
                assert happens(failed)

            assert not any(host.jobs.count().values())

    class WhenItTakesTooLong:
        def test_keeps_nothing_of_what_it_did(self, make_host: MakeHost) -> None:
            log = MemoryLogger()

            @job()
            def follow(payload: Task) -> None: ...

            @job(durable=False, timeout=timedelta(milliseconds=20))
            def lead(payload: Task, uow: UnitOfWork, run: JobRun) -> None:
                uow.jobs.enqueue(follow, payload)
                run.wait(timedelta(seconds=30))

            host = make_host(App("bench", jobs=[lead, follow]), log)
            with working(host):
                host.enqueue(lead, Task("a"))
                eventually(lambda: "run has ended after its time-out" in [line.event for line in log.lines], "it ended")

            assert "job timed out and is lost" in [line.event for line in log.lines]
            assert not any(host.jobs.count().values())

    class WhenItIsAskedForMoreThanAMessageHolds:
        @pytest.mark.parametrize(
            "wanted",
            [{"delay": timedelta(seconds=1)}, {"priority": 1}, {"unique_key": "k"}],
            ids=["delay", "priority", "key"],
        )
        def test_is_refused(self, make_host: MakeHost, wanted: dict[str, object]) -> None:
            @job(durable=False)
            def note(payload: Task) -> None: ...

            host = a_host(make_host, note)

            with pytest.raises(MisuseError, match="is not durable"):
                host.enqueue(note, Task("a"), **wanted)  # type: ignore[arg-type]

        def test_is_refused_with_another_payload(self, make_host: MakeHost) -> None:
            @job(durable=False)
            def note(payload: Task) -> None: ...

            with pytest.raises(MisuseError, match="takes a Task"):
                a_host(make_host, note).enqueue(note, Other("a"))

        def test_is_refused_by_a_host_that_does_not_have_it(self, make_host: MakeHost) -> None:
            @job(durable=False)
            def note(payload: Task) -> None: ...

            with pytest.raises(UnboundHandler):
                a_host(make_host).enqueue(note, Task("a"))

    class WhenNoWorkerCanReadIt:
        def test_is_logged_and_others_go_on(self, make_host: MakeHost) -> None:
            log, ran = MemoryLogger(), threading.Event()

            @job(durable=False)
            def note(payload: Task) -> None:
                ran.set()

            host = make_host(App("bench", jobs=[note]), log)
            unknown = LossyJob(new_id(), "nobody knows", "default", "{}", Context("c"))
            misfit = LossyJob(new_id(), "note", "default", '{"other":1}', Context("c"))
            with working(host):
                host.transport.deliver([unknown, misfit])
                host.enqueue(note, Task("a"))
                assert happens(ran)
                eventually(lambda: _lost(log) == {"nobody knows", "note"}, "both are told")


def _lost(log: MemoryLogger) -> set[object]:
    return {line.fields["job"] for line in log.lines if line.event == "job that cannot be read is lost"}


def _lose_a_savepoint(uow: UnitOfWork, note: Callable[..., None]) -> None:
    with pytest.raises(LookupError), uow.savepoint():  # noqa: PT012 - the block is what fails
        uow.jobs.enqueue(note, Task("of a savepoint"))
        raise LookupError
