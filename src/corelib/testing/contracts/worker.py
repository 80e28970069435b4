"""The contract of `corelib.ports.worker.JobWorker`, as a host runs it."""
# ruff: noqa: ARG001, D102, D106 - test names are the sentences; handlers take what they are given

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

import pytest
from attrs import frozen

from corelib.adapters.memory import MemoryLogger
from corelib.application.app import App
from corelib.application.host import Host
from corelib.application.jobs.announcer import MOST_AT_ONCE
from corelib.application.jobs.description import job
from corelib.application.jobs.run import JobRun
from corelib.domain.backoff import Backoff
from corelib.domain.job import Job, JobState
from corelib.ports.logger import Logger
from corelib.ports.unit_of_work import UnitOfWork
from corelib.ports.worker import JobWorker
from corelib.testing.contracts.suite import ContractSuite
from corelib.testing.contracts.waiting import PATIENCE, eventually, happens

MakeHost = Callable[[App, Logger], Host]

SOON = Backoff(first=timedelta(milliseconds=1))
AMPLE = timedelta(seconds=PATIENCE)
SHORT = timedelta(milliseconds=100)


@frozen
class Task:
    """Payload of the jobs."""

    name: str


class WorkerContract(ContractSuite):
    """Jobs that are enqueued are run; a worker that stops leaves none behind."""

    port: ClassVar[str] = "JobWorker"

    @pytest.fixture
    def make_host(self) -> MakeHost:
        """Return a function that puts a host together whose `worker()` is the adapter.

        Its store is its own. Its relay looks for due jobs every few milliseconds.
        """
        raise NotImplementedError

    class WhenOneCommitEnqueuesMoreJobsThanItSendsMessages:
        def test_runs_them_all(self, make_host: MakeHost) -> None:
            lock, ran = threading.Lock(), set[str]()

            @job()
            def count(task: Task) -> None:
                with lock:
                    ran.add(task.name)

            host = make_host(App("shop", jobs=[count]), MemoryLogger())
            with host.unit_of_work() as uow:
                for number in range(MOST_AT_ONCE + 50):
                    uow.jobs.enqueue(count, Task(str(number)))
                uow.commit()
            with working(host):
                eventually(lambda: len(ran) == MOST_AT_ONCE + 50, "all ran")

            assert host.jobs.count()[JobState.SUCCEEDED] == MOST_AT_ONCE + 50

    class WhenAQueueIsLimited:
        def test_runs_no_more_at_a_time_and_all_in_the_end(self, make_host: MakeHost) -> None:
            lock, running, most, ended = threading.Lock(), set[str](), list[int](), list[str]()

            @job(queue="video", concurrency=1)
            def convert(task: Task) -> None:
                with lock:
                    running.add(task.name)
                    most.append(len(running))
                with lock:
                    running.remove(task.name)
                    ended.append(task.name)

            host = make_host(App("shop", jobs=[convert]), MemoryLogger())
            for number in range(8):
                enqueue(host, convert, Task(str(number)))
            with working(host):
                eventually(lambda: len(ended) == 8, "all ran")

            assert set(most) == {1}

        def test_runs_nothing_while_it_is_paused(self, make_host: MakeHost) -> None:
            ran: list[str] = []
            other = threading.Event()

            @job(queue="video")
            def convert(task: Task) -> None:
                ran.append(task.name)

            @job(queue="mail")
            def send(task: Task) -> None:
                other.set()

            host = make_host(App("shop", jobs=[convert, send]), MemoryLogger())
            host.queues.pause("video")
            enqueue(host, convert, Task("a"))
            enqueue(host, send, Task("b"))
            with working(host):
                assert happens(other)
                assert ran == []
                host.queues.resume("video")
                eventually(lambda: ran == ["a"], "the job ran")

    class WhenHandlersReturnSomething:
        def test_lets_whoever_waits_have_it(self, make_host: MakeHost) -> None:
            @job()
            def answer(task: Task) -> Task:
                return Task(f"{task.name}!")

            @job()
            def answer_with_effects(task: Task, uow: UnitOfWork) -> Task:
                uow.jobs.enqueue(answer, Task("b"))
                return Task(f"{task.name}?")

            host = a_host(make_host, answer, answer_with_effects)
            with working(host):
                job_ids = [enqueue(host, handler, Task("a")) for handler in (answer, answer_with_effects)]
                ended = [host.wait_for_job(job_id, timeout=AMPLE) for job_id in job_ids]

            assert [each.result(Task) for each in ended] == [Task("a!"), Task("a?")]

    class WhenAJobIsEnqueued:
        def test_runs_it(self, make_host: MakeHost) -> None:
            ran = threading.Event()

            @job()
            def note(payload: Task) -> None:
                if payload == Task("a"):
                    ran.set()

            host = a_host(make_host, note)

            with working(host):
                enqueue(host, note, Task("a"))

                assert happens(ran)

        def test_has_succeeded_afterwards(self, make_host: MakeHost) -> None:
            ran = threading.Event()

            @job()
            def note(payload: Task) -> None:
                ran.set()

            host = a_host(make_host, note)

            with working(host):
                job_id = enqueue(host, note, Task("a"))
                assert happens(ran)

            stored = found(host, job_id)
            assert (stored.state, stored.attempts) == (JobState.SUCCEEDED, 1)

        def test_runs_it_whatever_its_queue(self, make_host: MakeHost) -> None:
            first, second = threading.Event(), threading.Event()

            @job(queue="mail")
            def send(payload: Task) -> None:
                first.set()

            @job(queue="video")
            def cut(payload: Task) -> None:
                second.set()

            host = a_host(make_host, send, cut)

            with working(host):
                enqueue(host, send, Task("a"))
                enqueue(host, cut, Task("b"))

                assert happens(first)
                assert happens(second)

    class WhenAJobWasEnqueuedBeforeItStarted:
        def test_runs_it(self, make_host: MakeHost) -> None:
            ran = threading.Event()

            @job()
            def note(payload: Task) -> None:
                ran.set()

            host = a_host(make_host, note)
            enqueue(host, note, Task("a"))

            with working(host):
                assert happens(ran)

    class WhenManyJobsAreEnqueued:
        def test_runs_each_once(self, make_host: MakeHost) -> None:
            wanted = {f"task {number}" for number in range(40)}
            ran: list[str] = []
            all_ran = threading.Event()

            @job()
            def note(payload: Task) -> None:
                ran.append(payload.name)
                if wanted <= set(ran):
                    all_ran.set()

            host = a_host(make_host, note)

            with working(host):
                for name in wanted:
                    enqueue(host, note, Task(name))
                assert happens(all_ran)

            assert sorted(ran) == sorted(wanted)
            assert host.jobs.count()[JobState.SUCCEEDED] == 40

    class WhenAJobEnqueuesAnother:
        def test_runs_that_one_too(self, make_host: MakeHost) -> None:
            ran = threading.Event()

            @job()
            def follow(payload: Task) -> None:
                ran.set()

            @job()
            def lead(payload: Task, uow: UnitOfWork) -> None:
                uow.jobs.enqueue(follow, payload)

            host = a_host(make_host, lead, follow)

            with working(host):
                enqueue(host, lead, Task("a"))

                assert happens(ran)

    class WhenARunFails:
        def test_runs_the_job_again_until_it_succeeds(self, make_host: MakeHost) -> None:
            attempts: list[int] = []
            succeeded = threading.Event()

            @job(attempts=3, backoff=SOON)
            def stumble(payload: Task, run: JobRun) -> None:
                attempts.append(run.attempt)
                if run.attempt < 3:
                    raise RuntimeError("not yet")
                succeeded.set()

            host = a_host(make_host, stumble)

            with working(host):
                job_id = enqueue(host, stumble, Task("a"))
                assert happens(succeeded)

            assert attempts == [1, 2, 3]
            assert found(host, job_id).state is JobState.SUCCEEDED

        def test_goes_on_with_other_jobs(self, make_host: MakeHost) -> None:
            ran = threading.Event()

            @job(attempts=2, backoff=Backoff(first=timedelta(hours=1)))
            def fail(payload: Task) -> None:
                raise RuntimeError("never")

            @job()
            def note(payload: Task) -> None:
                ran.set()

            host = a_host(make_host, fail, note)

            with working(host):
                enqueue(host, fail, Task("a"))
                enqueue(host, note, Task("b"))

                assert happens(ran)

    class WhenEveryAttemptFails:
        def test_leaves_the_job_dead(self, make_host: MakeHost) -> None:
            tried_twice = threading.Event()

            @job(attempts=2, backoff=SOON)
            def fail(payload: Task, run: JobRun) -> None:
                if run.attempt == 2:
                    tried_twice.set()
                raise RuntimeError("never")

            host = a_host(make_host, fail)

            with working(host):
                job_id = enqueue(host, fail, Task("a"))
                assert happens(tried_twice)

            stored = found(host, job_id)
            assert (stored.state, stored.attempts) == (JobState.DEAD, 2)
            assert stored.error == "RuntimeError: never"

        def test_has_run_it_as_often_as_its_attempts_say(self, make_host: MakeHost) -> None:
            runs: list[int] = []
            tried_thrice = threading.Event()

            @job(attempts=3, backoff=Backoff.fixed(SOON.first))
            def fail(payload: Task, run: JobRun) -> None:
                runs.append(run.attempt)
                if run.attempt == 3:
                    tried_thrice.set()
                raise RuntimeError("never")

            host = a_host(make_host, fail)

            with working(host):
                job_id = enqueue(host, fail, Task("a"))
                assert happens(tried_thrice)

            stored = found(host, job_id)
            assert (stored.state, stored.attempts, runs) == (JobState.DEAD, 3, [1, 2, 3])

    class WhenAJobIsNotDue:
        def test_does_not_run_it(self, make_host: MakeHost) -> None:
            ran: list[str] = []
            now_ran = threading.Event()

            @job()
            def note(payload: Task) -> None:
                ran.append(payload.name)
                if payload.name == "now":
                    now_ran.set()

            host = a_host(make_host, note)

            with working(host):
                enqueue(host, note, Task("later"), delay=timedelta(hours=1))
                enqueue(host, note, Task("now"))
                assert happens(now_ran)

            assert ran == ["now"]

    class WhenItIsStopped:
        def test_takes_no_more_jobs(self, make_host: MakeHost) -> None:
            ran: list[str] = []

            @job()
            def note(payload: Task) -> None:
                ran.append(payload.name)

            host = a_host(make_host, note)
            with working(host):
                pass

            job_id = enqueue(host, note, Task("a"))

            stored = found(host, job_id)
            assert (stored.state, stored.attempts, ran) == (JobState.PENDING, 0, [])

        def test_returns_at_once_when_no_job_is_running(self, make_host: MakeHost) -> None:
            @job()
            def note(payload: Task) -> None: ...

            host = a_host(make_host, note)
            worker = host.worker()
            worker.start()

            seconds = seconds_to_stop(worker, AMPLE)

            assert seconds < PATIENCE / 2

        def test_lets_a_running_job_finish(self, make_host: MakeHost) -> None:
            running, may_finish = threading.Event(), threading.Event()

            @job()
            def take_long(payload: Task) -> None:
                running.set()
                may_finish.wait(PATIENCE)

            host = a_host(make_host, take_long)
            worker = host.worker()
            worker.start()
            job_id = enqueue(host, take_long, Task("a"))
            assert happens(running)

            stopping = threading.Thread(target=worker.stop, args=(AMPLE,))
            stopping.start()
            may_finish.set()
            stopping.join(PATIENCE)

            assert not stopping.is_alive()
            assert found(host, job_id).state is JobState.SUCCEEDED

    class WhenARunningJobOutlastsTheLimit:
        @pytest.fixture
        def stuck(self, make_host: MakeHost) -> Iterator[Stuck]:
            """Return a host whose worker was stopped while a job was running that does not end by itself."""
            running, may_finish, log = threading.Event(), threading.Event(), _LostLeases()
            hooks: list[str] = []
            threads: list[threading.Thread] = []

            @job()
            def take_too_long(payload: Task, uow: UnitOfWork) -> None:
                uow.after_commit(lambda: hooks.append("committed"))
                threads.append(threading.current_thread())
                if not running.is_set():
                    running.set()
                    may_finish.wait(PATIENCE)

            host = make_host(App("bench", jobs=[take_too_long]), log)
            worker = host.worker()
            worker.start()
            job_id = enqueue(host, take_too_long, Task("a"))
            assert happens(running)
            seconds = seconds_to_stop(worker, SHORT)
            yield Stuck(host, job_id, seconds, may_finish, log.lost, hooks)
            may_finish.set()
            threads[0].join(1)  # a broker's client may go on for some seconds, trying to tell that it is done

        def test_stops_all_the_same(self, stuck: Stuck) -> None:
            assert stuck.seconds_to_stop < PATIENCE / 2

        def test_hands_the_job_back_as_if_the_run_had_not_begun(self, stuck: Stuck) -> None:
            stored = found(stuck.host, stuck.job_id)

            assert (stored.state, stored.attempts) == (JobState.PENDING, 0)

        def test_lets_another_worker_run_it_at_once(self, stuck: Stuck) -> None:
            runs = stuck.host.run_due_jobs()

            assert runs == 1
            assert found(stuck.host, stuck.job_id).state is JobState.SUCCEEDED

        def test_stores_nothing_of_the_run_when_it_ends_after_all(self, stuck: Stuck) -> None:
            stuck.may_finish.set()
            assert happens(stuck.lost_its_lease)

            assert stuck.committed == []
            assert found(stuck.host, stuck.job_id).state is JobState.PENDING


@frozen
class Stuck:
    """A job that outlasted the limit of a stop; its thread goes on once it may finish."""

    host: Host
    job_id: UUID
    seconds_to_stop: float
    may_finish: threading.Event
    lost_its_lease: threading.Event
    committed: list[str]


class _LostLeases(MemoryLogger):
    """Tells when the runner has found out that a run lost its lease."""

    def __init__(self) -> None:
        super().__init__()
        self.lost = threading.Event()

    def warning(self, event: str, **fields: object) -> None:
        super().warning(event, **fields)
        if event == "job lost its lease":
            self.lost.set()


def a_host(make_host: MakeHost, *jobs: Callable[..., object]) -> Host:
    """Return a host that runs these jobs."""
    return make_host(App("bench", jobs=jobs), MemoryLogger())


@contextmanager
def working(host: Host) -> Iterator[None]:
    """Run the host's worker within the block; at its end, jobs that are running may finish."""
    worker = host.worker()
    worker.start()
    try:
        yield
    finally:
        worker.stop(AMPLE)


def enqueue(host: Host, handler: Callable[..., object], payload: Task, *, delay: timedelta = timedelta(0)) -> UUID:
    """Enqueue a job in a unit of work of its own."""
    with host.unit_of_work() as uow:
        job_id = uow.jobs.enqueue(handler, payload, delay=delay)
        uow.commit()
    return job_id


def found(host: Host, job_id: UUID) -> Job:
    """Return a job as the store holds it."""
    stored = host.jobs.find(job_id)
    assert stored is not None, "the job is not there"
    return stored


def seconds_to_stop(worker: JobWorker, limit: timedelta) -> float:
    """Stop a worker and return how many seconds that took."""
    began = time.monotonic()
    worker.stop(limit)
    return time.monotonic() - began
