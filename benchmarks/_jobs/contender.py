"""What every contender offers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from attrs import field, frozen

PROCESSES, THREADS = 2, 8
DATABASE, BROKER, NAMESPACE = "JOBS_BENCH_DATABASE", "JOBS_BENCH_BROKER", "JOBS_BENCH_NAMESPACE"
STOP_SECONDS = 20
HERE = Path(__file__).parents[1]


@frozen
class Place:
    """Where a contender runs.

    Args:
        database: URL of a database made for it, without SQLAlchemy's driver.
        broker: URL, or nothing where it needs none.
        namespace: of its queues.
        marks: the file of `Marks`.
    """

    database: str = field(repr=False)
    broker: str = field(repr=False)
    namespace: str
    marks: str

    def environment(self) -> dict[str, str]:
        """Return what a worker process is told."""
        from _jobs.marks import VARIABLE  # noqa: PLC0415

        return {DATABASE: self.database, BROKER: self.broker, NAMESPACE: self.namespace, VARIABLE: self.marks}


def place_of_environment() -> Place:
    """Return the place that a worker process was told."""
    from _jobs.marks import VARIABLE  # noqa: PLC0415

    return Place(os.environ[DATABASE], os.environ[BROKER], os.environ[NAMESPACE], os.environ[VARIABLE])


class Contender(Protocol):
    """A way to run jobs; it has connected when it is made."""

    def enqueue(self, number: int) -> None:
        """Enqueue one job, durably as far as the contender goes."""
        ...

    def enqueue_many(self, numbers: Sequence[int]) -> None:
        """Enqueue jobs as the contender does best; in one transaction, if it has such."""
        ...

    def commands(self) -> Sequence[Sequence[str]]:
        """Return the command lines of its worker processes."""
        ...

    def unfinished(self) -> int:
        """Return how many jobs are not recorded as finished; 0 where nothing records that."""
        ...

    def close(self) -> None:
        """Give back connections, and leave nothing on the broker."""
        ...


@frozen
class Workers:
    """Running worker processes."""

    _processes: Sequence[subprocess.Popen[bytes]]

    @contextmanager
    def halted(self) -> Iterator[None]:
        """Let them do nothing during the block."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        for process in self._processes:
            os.killpg(process.pid, number)


@contextmanager
def workers(commands: Sequence[Sequence[str]], place: Place) -> Iterator[Workers]:
    """Run worker processes during the block, and stop them in order."""
    environment = {**os.environ, **place.environment()}
    environment["PYTHONPATH"] = os.pathsep.join([str(HERE), environment.get("PYTHONPATH", "")])
    log = Path(f"{place.marks}.log").open("ab")  # noqa: SIM115 - closed below, after the processes
    processes = [
        subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
        for command in commands
    ]
    try:
        yield Workers(processes)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        log.close()


def python(*arguments: str) -> Sequence[str]:
    """Return a command line of this interpreter."""
    return [sys.executable, *arguments]


def wait_until(reached: object, seconds: float) -> bool:
    """Ask every 20 ms until `reached()` says yes; return whether it did in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if reached():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False
