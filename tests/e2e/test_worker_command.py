"""`corelib worker` as a real process: graceful stop, several processes, replacement of the dead."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.e2e.conftest import NewDatabase, broker_url
from tests.support.commands import start_python
from tests.support.until import until
from tests.support.waiting_app import Begin, Done, app

from corelib import Host, JobState, Settings
from corelib.bootstrap import bootstrap


class Waiting:
    """A host with a waiting job, and worker processes for it."""

    def __init__(self, folder: Path, database: str, broker: str, namespace: str) -> None:
        self.folder = folder
        self._environment = {
            "CORELIB_DATABASE_URL": database,
            "CORELIB_BROKER_URL": broker,
            "WAITING_FOLDER": str(folder),
        }
        self._namespace = namespace
        self.processes: list[subprocess.Popen[bytes]] = []
        self.host: Host = bootstrap(app, Settings(database, broker, namespace))
        self.host.storage.create()

    def enqueue(self, name: str) -> None:
        os.mkfifo(self.folder / f"{name}.gate")
        self.host.execute(Begin(name))

    def start_worker(self, *options: str) -> subprocess.Popen[bytes]:
        command = ["-m", "corelib", "worker", "--app", "tests.support.waiting_app:app", "--poll", "0.1"]
        command += ["--namespace", self._namespace, *options]
        process = start_python(*command, log=self.folder / "worker.log", environment=self._environment)
        self.processes.append(process)
        return process

    def wait_until_begun(self, name: str, attempt: int = 1) -> int:
        """Return the process that runs the job."""
        pattern = f"{name}.{attempt}.*.begun"
        found = until(lambda: list(self.folder.glob(pattern)), f"{name} has begun attempt {attempt}")
        return int(found[-1].suffixes[-2].removeprefix("."))

    def open_gate(self, name: str) -> None:
        (self.folder / f"{name}.gate").write_bytes(b"go")

    def done(self) -> dict[str, int]:
        with self.host.unit_of_work() as uow:
            return {entry.id: entry.attempt for entry in uow.repository(Done, str).stream()}

    def lines_logged(self, event: str) -> list[str]:
        return [line for line in (self.folder / "worker.log").read_text().splitlines() if event in line]

    def close(self) -> None:
        for process in self.processes:
            for child in children_of(process):
                child.kill()
            process.kill()
            process.wait()
        self.host.close()


def children_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@pytest.fixture(params=[("postgresql", "rabbitmq"), ("postgresql", "redis"), ("sqlite", "inprocess")], ids="-".join)
def waiting(
    request: pytest.FixtureRequest, tmp_path: Path, new_database: NewDatabase, namespace: str
) -> Iterator[Waiting]:
    database, broker = request.param
    waiting = Waiting(tmp_path, new_database(database), broker_url(broker), namespace)
    yield waiting
    waiting.close()


@pytest.fixture
def on_redis(tmp_path: Path, new_database: NewDatabase, namespace: str) -> Iterator[Waiting]:
    waiting = Waiting(tmp_path, new_database("postgresql"), broker_url("redis"), namespace)
    yield waiting
    waiting.close()


class TestWorkerCommand:
    class WhenItIsToldToStopWhileAJobRuns:
        def test_lets_the_job_finish_and_takes_no_other(self, waiting: Waiting) -> None:
            waiting.enqueue("first")
            waiting.enqueue("second")
            worker = waiting.start_worker("--threads", "1")
            waiting.wait_until_begun("first")

            worker.send_signal(signal.SIGTERM)
            until(lambda: waiting.lines_logged("worker stopping"), "the worker has heard the signal")
            waiting.open_gate("first")

            assert worker.wait(30) == 0
            assert waiting.done() == {"first": 1}
            assert waiting.host.jobs.count()[JobState.PENDING] == 1
            assert not list(waiting.folder.glob("second.*.begun"))

    class WhenAJobDoesNotFinishWithinTheLimit:
        def test_hands_it_back_and_another_worker_runs_it_at_once(self, waiting: Waiting) -> None:
            waiting.enqueue("long")
            worker = waiting.start_worker("--stop-limit", "0.5")
            waiting.wait_until_begun("long")

            worker.send_signal(signal.SIGTERM)
            code = worker.wait(30)
            handed_back = waiting.host.jobs.list()[0]
            waiting.start_worker()
            waiting.wait_until_begun("long")
            until(lambda: len(list(waiting.folder.glob("long.1.*.begun"))) == 2, "the other worker runs it")
            waiting.open_gate("long")

            assert code == 0
            assert (handed_back.state, handed_back.attempts) == (JobState.PENDING, 0)
            until(lambda: waiting.done() == {"long": 1}, "the job is done")

    class WhenItRunsSeveralProcesses:
        def test_replaces_one_that_is_killed(self, on_redis: Waiting) -> None:
            supervisor = on_redis.start_worker("--processes", "2")
            until(lambda: len(on_redis.lines_logged("worker started")) == 2, "two processes have started")
            victim = children_of(supervisor)[0]

            victim.kill()

            until(lambda: len(on_redis.lines_logged("worker started")) == 3, "a third process has started")
            assert len(on_redis.lines_logged("worker process died")) == 1

        def test_stops_them_all_on_sigterm(self, on_redis: Waiting) -> None:
            supervisor = on_redis.start_worker("--processes", "2")
            until(lambda: len(on_redis.lines_logged("worker started")) == 2, "two processes have started")
            processes = children_of(supervisor)

            supervisor.send_signal(signal.SIGTERM)

            assert supervisor.wait(30) == 0
            assert not psutil.wait_procs(processes, timeout=5)[1]
            assert len(on_redis.lines_logged("worker stopped")) == 2

        def test_its_processes_end_when_it_is_killed(self, on_redis: Waiting) -> None:
            supervisor = on_redis.start_worker("--processes", "2")
            until(lambda: len(on_redis.lines_logged("worker started")) == 2, "two processes have started")
            processes = children_of(supervisor)

            supervisor.kill()

            assert not psutil.wait_procs(processes, timeout=30)[1]
