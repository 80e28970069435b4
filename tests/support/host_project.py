"""A little host project in a folder, whose tests run in processes that can be killed, and what they leave on a server.

The project writes a file for each step that a worker has come to, with the number of its process, and waits in a test
until it is told to go on. So a run is at a known step when something happens to it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
from attrs import define, field, frozen
from tests.support.commands import PROJECT
from tests.support.until import until

from corelib.testing.database.model import Kind, Mark, OwnedDatabase
from corelib.testing.database.room import Room
from corelib.testing.database.rooms import open_room
from corelib.testing.database.settings import KitSettings
from corelib.testing.database.sources.scripts import ScriptsSource

LONGEST_SECONDS = 300
PYTEST = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("pytest", run_name="__main__", alter_sys=True)
"""
"""As `python -m pytest`; a shell lets what it runs in the background ignore Ctrl-C, and all that this starts."""

PLUGINS = ("-p", "corelib.testing.plugin", "-p", "no:cacheprovider")
LOOKER = "0" * 12
"""Run id of whoever looks at a server from outside."""

TABLES = """
CREATE TABLE colour (name varchar(20) PRIMARY KEY);
INSERT INTO colour VALUES ('red');
CREATE TABLE pet (name varchar(50) PRIMARY KEY);
"""

ZOO = """
import os
import time
from pathlib import Path

import sqlalchemy as sa

STEPS = Path(os.environ["STEPS"])

def reached(step):
    (STEPS / f"{step}-{os.getpid()}").touch()

def wait_for(signal):
    while not (STEPS / signal).exists():
        os.kill(int(os.environ["STARTED_BY"]), 0)  # an error once nobody is there any more to give the signal
        time.sleep(0.01)

def add(engine, name):
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO pet (name) VALUES (:name)"), {"name": name})

def names(engine):
    with engine.connect() as connection:
        return list(connection.scalars(sa.text("SELECT name FROM pet ORDER BY name")))
"""

CONFTEST = """
import pytest
from zoo import reached

from corelib.testing.database.sources.scripts import ScriptsSource

class NotedSource(ScriptsSource):
    def build(self, url):
        reached("building")
        super().build(url)
        reached("built")

@pytest.fixture(scope="session")
def db_schema_source(request):
    return NotedSource(request.config.rootpath / "sql")

@pytest.fixture(scope="session", autouse=True)
def steps_of_the_run(db_template):
    reached("cloning")

@pytest.fixture(scope="session", autouse=True)
def steps_of_the_worker(steps_of_the_run, worker_db):
    yield
    reached("ending")

@pytest.fixture(autouse=True)
def steps_of_the_test(steps_of_the_worker, db_engine):
    reached("testing")
    yield
    reached("resetting")
"""


@define(eq=False)
class Run:
    """A run of the tests of a project that has been started.

    Args:
        process: pytest, or the controller of pytest-xdist; leader of a process group with all its workers.
        steps: the folder with a file for each step of each process.
        log: what it printed.
    """

    process: subprocess.Popen[bytes]
    steps: Path
    log: Path

    @property
    def output(self) -> str:
        """Return what it has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def pids(self) -> set[int]:
        """Return the processes that came to any step, and the controller."""
        return {self.process.pid, *(int(file.name.rpartition("-")[2]) for file in self.steps.glob("*-*"))}

    def reached(self, step: str, processes: int = 1) -> int:
        """Wait until so many processes have come to a step, and return the number of one of them."""
        until(lambda: len(self._at(step)) >= processes, f"{step}, in\n{self.output}", LONGEST_SECONDS)
        return self._at(step)[0]

    def _at(self, step: str) -> Sequence[int]:
        return [int(file.name.rpartition("-")[2]) for file in self.steps.glob(f"{step}-*")]

    def say(self, signal: str) -> None:
        """Let the tests go on that wait for this."""
        (self.steps / signal).touch()

    def kill(self) -> None:
        """Kill the controller and all workers at once, as the end of a terminal or of a container does."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def interrupt(self) -> None:
        """Do what Ctrl-C does: every process of the group is told."""
        os.killpg(self.process.pid, signal.SIGINT)

    def ended(self) -> int:
        """Wait until all its processes have ended, and return the exit code."""
        code = self.process.wait(LONGEST_SECONDS)
        until(lambda: not any(map(is_alive, self.pids)), f"all have ended, in\n{self.output}", LONGEST_SECONDS)
        return code

    def counts(self) -> Mapping[str, int]:
        """Return how many tests passed, failed and so on, by the last line of pytest."""
        last = next(line for line in reversed(self.output.splitlines()) if re.search(r" in [\d.]+s", line))
        counted = re.findall(r"(\d+) ([a-z]+)", last.rpartition(" in ")[0])
        return {word.rstrip("s"): int(number) for number, word in counted}

    def told(self, beginning: str) -> Sequence[str]:
        """Return the lines of its output that begin so."""
        return [line for line in self.output.splitlines() if line.startswith(beginning)]


@define(eq=False)
class HostProject:
    """A host project with two tables, one of them with reference data.

    Args:
        folder: where it stands.
        prefix: of its databases; no other project has it.
        url: of the server; None leaves it to the environment.
    """

    folder: Path
    prefix: str
    url: str | None
    _runs: int = field(default=0, init=False)
    _stack: ExitStack = field(factory=ExitStack, init=False)

    def __attrs_post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.write("pytest.ini", f"[pytest]\ncorelib_migrations = fixture\ncorelib_db_prefix = {self.prefix}\n")
        self.write("sql/001_tables.sql", TABLES)
        self.write("zoo.py", ZOO)
        self.write("conftest.py", CONFTEST)

    def write(self, name: str, text: str) -> None:
        """Write one of its files."""
        file = self.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def tests(self, text: str) -> None:
        """Write its tests."""
        self.write("test_it.py", f"import pytest\nfrom zoo import add, names, reached, wait_for\n{text}")

    def start(self, *arguments: str, url: str | None = None, environment: Mapping[str, str] | None = None) -> Run:
        """Start its tests; they are killed at the end of the test that did so, if they are still there.

        Args:
            arguments: of pytest.
            url: of the server, for another login than that of the project.
            environment: more variables.
        """
        self._runs += 1
        steps, log = self.folder / f"steps-{self._runs}", self.folder / f"log-{self._runs}"
        steps.mkdir()
        server = url or self.url
        named = ["--db-url", server] if server else []
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-c", PYTEST, *PLUGINS, *named, *arguments],
                cwd=self.folder,
                env=_environment(steps, environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        run = Run(process, steps, log)
        self._stack.callback(_end, run)
        return run

    def start_on_workers(self, *arguments: str, url: str | None = None) -> Run:
        """Start them on two workers of pytest-xdist."""
        return self.start("-p", "xdist.plugin", "-n", "2", *arguments, url=url)

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Run:
        """Run its tests to the end."""
        run = self.start(*arguments, environment=environment)
        run.ended()
        return run

    def run_on_workers(self, *arguments: str) -> Run:
        """Run them to the end on two workers of pytest-xdist."""
        run = self.start_on_workers(*arguments)
        run.ended()
        return run

    def close(self) -> None:
        """End what is still running."""
        self._stack.close()


def _environment(steps: Path, more: Mapping[str, str] | None) -> dict[str, str]:
    """Return the environment of a stranger: no server is named, no plugin but those of the command line is loaded."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CORELIB_", "PYTEST_", "COV_"))}
    path = os.pathsep.join([str(PROJECT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
    plain = {"PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return {**kept, **plain, "STEPS": str(steps), "STARTED_BY": str(os.getpid()), **(more or {})}


def _end(run: Run) -> None:
    for pid in run.pids - {run.process.pid}:
        if is_alive(pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    run.kill()
    run.process.wait()


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one that has ended and that nobody has asked for its code does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@frozen
class Remains:
    """What a project has on a server, as seen from outside its runs.

    Args:
        room: of the server.
        prefix: of the project.
    """

    room: Room
    prefix: str

    @property
    def databases(self) -> Sequence[str]:
        """Return the names of its databases."""
        return self.room.server.names(f"{self.prefix}_")

    @property
    def records(self) -> Sequence[OwnedDatabase]:
        """Return what the registry has of it."""
        return self.room.registry.all(f"{self.prefix}_")

    @property
    def recorded(self) -> Sequence[str]:
        """Return the names of the databases that the registry has."""
        return [record.name for record in self.records]

    @property
    def templates(self) -> Sequence[str]:
        """Return the templates that are whole: recorded, marked, and there."""
        return [record.name for record in self.records if record.kind is Kind.TEMPLATE and self._is_whole(record)]

    @property
    def besides_templates(self) -> Sequence[str]:
        """Return the databases and the records that are no templates."""
        beginning = f"{self.prefix}_t_"
        return sorted({name for name in [*self.databases, *self.recorded] if not name.startswith(beginning)})

    def drop_all(self) -> None:
        """Leave nothing on the server, whatever it is."""
        for name in self.databases:
            self.room.server.drop(name)
        for name in self.recorded:
            self.room.registry.forget(name)

    def _is_whole(self, record: OwnedDatabase) -> bool:
        mark = Mark(Kind.TEMPLATE, record.run, record.fingerprint)
        return record.name in self.databases and self.room.server.mark_of(record.name) == mark


@contextmanager
def looking_at(url: str, prefix: str) -> Iterator[Remains]:
    """Look at a server for the block."""
    room = open_room(url, ScriptsSource(PROJECT), KitSettings(LOOKER, prefix=prefix))
    try:
        yield Remains(room, prefix)
    finally:
        room.close()
