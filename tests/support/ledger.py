"""Work under fire: jobs are enqueued and run while somebody breaks things, and then the books are balanced."""

from __future__ import annotations

import json
import os
import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from attrs import define, field
from tests.support.commands import start_python
from tests.support.ledger_app import CHILDREN_FROM, FOLDER, Fate, Work, app, fate_of, give_up, line, persevere, tries_in
from tests.support.until import until

from corelib import Host, JobState, Settings, UnitOfWork
from corelib.adapters.memory import MemoryLogger
from corelib.adapters.sqlalchemy import create_engine, tables
from corelib.bootstrap import bootstrap
from corelib.errors import AlreadyExists, AmbiguousCommit, ServerUnreachable, TransientFailure

BATCH = 20
BACKLOG = 120
"""So many jobs wait at most, so that workers never idle and the end is never far."""

PAUSES = (0.1, 1.2)
"""Seconds between two strikes."""

IN_THE_THICK = 0.8
"""How often a process is killed at its work, and not while it still starts."""

LONG_EVERY, LONG_MILLISECONDS, SHORT_MILLISECONDS = 25, 1800, 12
"""Most jobs are short. Some outlast the lease, so that only heartbeats keep them."""

START_SECONDS, AFTERWARDS_SECONDS = 300, 300
"""Far more than anything takes, also on a machine that has much else to do."""

OPEN = (JobState.PENDING.value, JobState.RUNNING.value)


@define
class Ledger:
    """A database, a broker, processes that work on the jobs, and what was enqueued.

    Args:
        folder: for marks and logs.
        database: URL of the database, as the processes reach it.
        direct: URL by which this test reaches the same one, whatever happens to the other.
        broker: URL.
        namespace: of its queues.
        chance: chooses moments and victims.
    """

    folder: Path
    database: str
    direct: str
    broker: str
    namespace: str
    chance: random.Random
    processes: list[subprocess.Popen[bytes]] = field(factory=list, init=False)
    struck: Counter[str] = field(factory=Counter, init=False)
    seconds: dict[str, float] = field(factory=dict, init=False)
    _enqueued: int = field(default=0, init=False)
    _host: Host = field(init=False)
    _engine: sa.Engine = field(init=False)

    def __attrs_post_init__(self) -> None:
        again = timedelta(seconds=1)
        settings = Settings(self.direct, self.broker, self.namespace, again_after=again)
        self._host = bootstrap(app, settings, log=MemoryLogger())
        self._host.storage.create()
        self._engine = create_engine(self.direct)

    def start(self, role: str = "worker", **options: object) -> subprocess.Popen[bytes]:
        """Start a process that works or relays, and do not wait for it."""
        given = {"database": self.database, "broker": self.broker, "namespace": self.namespace, **options}
        process = start_python(
            *("-m", "tests.support.ledger_process", role),
            log=self.folder / "processes.log",
            environment={FOLDER: str(self.folder), "LEDGER_OPTIONS": json.dumps(given)},
        )
        self.processes.append(process)
        return process

    def replace(self, process: subprocess.Popen[bytes], role: str = "worker", **options: object) -> None:
        """Kill a process as a machine dies, and start another one; it is often, not always, waited for."""
        self.kill(process)
        self.start(role, **options)
        if self.chance.random() < IN_THE_THICK:
            self.wait_for_processes()

    def wait_for_processes(self) -> None:
        """Wait until all that were started have begun."""
        log = self.folder / "processes.log"
        wanted = [f"{process.pid} has begun".encode() for process in self.processes]
        until(lambda: all(each in log.read_bytes() for each in wanted), "the processes have begun", START_SECONDS)

    def send_again(self, jobs: int) -> None:
        """Send messages of jobs in any state once more."""
        self._host.transport.send([job.ref for job in self._host.jobs.list(limit=jobs)])

    def announce_all(self) -> None:
        """Let every relay hand out all jobs that wait, at the same moment."""
        self._host.jobs.forget_announcements()

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill a process, and forget it."""
        process.kill()
        process.wait()
        self.processes.remove(process)

    def strike(self, times: int, blow: Callable[[], str]) -> None:
        """Break something so often, at random moments, while jobs are enqueued and run.

        Args:
            times: how often.
            blow: breaks something, and tells what.
        """
        pause = threading.Event()
        with self._timed("starting"), self._feeding():
            self._wait_for_work()
        with self._timed("struck"), self._feeding():
            for _ in range(times):
                pause.wait(self.chance.uniform(*PAUSES))
                self.struck[blow()] += 1

    def settle(self) -> None:
        """Wait until no job waits or runs any more; nobody breaks anything meanwhile."""
        with self._timed("settling"):
            until(self._all_ended, "every job has come to an end", AFTERWARDS_SECONDS)

    def balance(self) -> str:
        """Make sure that the books balance, and return what there is in them, for people."""
        ends = self._ends()
        lines = self._lines()
        tries = tries_in(self.folder)
        numbers = [*range(self._enqueued), *(CHILDREN_FROM + n for n in range(self._enqueued) if _has_child(n))]
        assert sorted(ends) == sorted(numbers), "a job is missing, or there are others"
        assert all(len(states) == 1 for states in ends.values()), "a job was enqueued twice"
        wrong = {n: states for n, states in ends.items() if states != [fate_of(n).state.value]}
        assert not wrong, f"jobs with a wrong end: {wrong}"
        assert lines == Counter({n: 1 for n in numbers if fate_of(n).lines}), "an effect is missing, or is there twice"
        assert all(tries[n] for n in numbers), "a job has ended that nobody ran"
        dead = sum(states == [JobState.DEAD.value] for states in ends.values())
        stalled = self._attempts("stalled")
        return (
            f"{dict(self.struck)}; {len(numbers)} jobs, {dead} of them dead, {sum(tries.values())} tries, "
            f"{stalled} runs stalled, {sum(lines.values())} effects; seconds {self.seconds}"
        )

    def close(self) -> None:
        """End everything."""
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
        self._host.close()
        self._engine.dispose()

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[what] = round(time.monotonic() - began, 1)

    @contextmanager
    def _feeding(self) -> Iterator[None]:
        stop, failed = threading.Event(), list[BaseException]()

        def feed() -> None:
            try:
                while not stop.is_set():
                    if not self._feed_some():
                        stop.wait(0.02)
            except BaseException as error:  # noqa: BLE001 - told below
                failed.append(error)

        thread = threading.Thread(target=feed)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        assert not failed, f"nothing was enqueued any more: {failed[0]!r}"

    def _feed_some(self) -> bool:
        """Enqueue a few jobs, once, whatever becomes of the store meanwhile; return whether that was needed."""
        try:
            if self._open_jobs() >= BACKLOG:
                return False
            self._host.run(self._enqueue, idempotency_key=f"batch {self._enqueued}", attempts=1)
        except AlreadyExists:
            pass  # by the call before, which could not say so
        except (ServerUnreachable, TransientFailure, AmbiguousCommit, sa.exc.OperationalError):
            return False
        self._enqueued += BATCH
        return True

    def _enqueue(self, uow: UnitOfWork) -> None:
        for number in range(self._enqueued, self._enqueued + BATCH):
            handler = give_up if fate_of(number) is Fate.FAILS_ALWAYS else persevere
            long = number % LONG_EVERY == LONG_EVERY - 1
            work = Work(number, LONG_MILLISECONDS if long else number % SHORT_MILLISECONDS)
            uow.jobs.enqueue(handler, work, delay=timedelta(milliseconds=number % 3 * 50))

    def _wait_for_work(self) -> None:
        until(lambda: len(tries_in(self.folder)) > BATCH, "some jobs were tried", START_SECONDS)

    def _all_ended(self) -> bool:
        try:
            return not self._open_jobs()
        except sa.exc.OperationalError:  # of a connection from before the server's last end
            return False

    def _open_jobs(self) -> int:
        return self._count(tables.job.c.state.in_(OPEN))

    def _count(self, condition: sa.ColumnElement[bool]) -> int:
        with self._engine.connect() as connection:
            count: int = connection.execute(sa.select(sa.func.count()).where(condition)).scalar_one()
        return count

    def _attempts(self, outcome: str) -> int:
        return self._count(tables.job_attempt.c.outcome == outcome)

    def _ends(self) -> dict[int, list[str]]:
        """Return the states of the jobs of each number."""
        ends: dict[int, list[str]] = {}
        with self._engine.connect() as connection:
            for payload, state in connection.execute(sa.select(tables.job.c.payload, tables.job.c.state)):
                ends.setdefault(json.loads(payload)["number"], []).append(state)
        return ends

    def _lines(self) -> Counter[int]:
        with self._engine.connect() as connection:
            return Counter(connection.execute(sa.select(line.c.job)).scalars())


def _has_child(number: int) -> bool:
    return fate_of(number) is Fate.WRITES_AND_ENQUEUES


def strikes(few: int) -> int:
    """Return how often things are to be broken: as `CORELIB_TEST_STRIKES` says, else a few times."""
    return int(os.environ.get("CORELIB_TEST_STRIKES", "0")) or few


def chance() -> random.Random:
    """Return what chooses, with the seed of `CORELIB_TEST_SEED` or a new one, which is printed."""
    seed = int(os.environ.get("CORELIB_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    print(f"seed {seed}")
    return random.Random(seed)
