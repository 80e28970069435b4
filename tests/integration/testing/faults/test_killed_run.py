"""Runs that are killed at random moments, next to runs that live: the next good run cleans up after them alone.

The random numbers come from a seed, which is printed; `CORELIB_TEST_SEED` repeats it.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from uuid import uuid4

import pytest
from attrs import frozen
from tests.integration.testing.faults.conftest import Looking, Making
from tests.support.host_project import HostProject, Remains, Run
from tests.support.logins import Login, login_of_its_own
from tests.support.until import until

STEPS = ("building", "cloning", "testing", "resetting", "ending")
LONGEST_MOMENT = 0.3
"""Seconds; up to so long after a process has come to a step, the run is killed."""

DOOMED = """
def test_1(db_engine): add(db_engine, "Bello")
def test_2(db_engine): add(db_engine, "Bello")

@pytest.mark.parametrize("time", range(2))
def test_it_waits(db_engine, time):
    add(db_engine, "Bello")
    wait_for("go on")
    assert names(db_engine) == ["Bello"]

def test_3(db_engine): assert names(db_engine) == []
"""
LIVING = """
def test_it(db_engine):
    add(db_engine, "Mine")
    reached("waiting")
    wait_for("go on")
    assert names(db_engine) == ["Mine"]

def test_it_is_as_new(db_engine):
    assert names(db_engine) == []
    add(db_engine, "Mine")
    assert names(db_engine) == ["Mine"]
"""
KEEPING = """
def test_it(db_engine):
    add(db_engine, "Kept")
    assert names(db_engine) == []
"""


def killed_whole(run: Run, _: int) -> None:
    run.kill()


def killed_controller(run: Run, _: int) -> None:
    """Its workers find out that nobody listens, and end by themselves."""
    with suppress(ProcessLookupError):
        os.kill(run.process.pid, signal.SIGKILL)
    run.say("go on")


def killed_worker(run: Run, worker: int) -> None:
    """The controller starts another one in its place, and goes on."""
    with suppress(ProcessLookupError):
        os.kill(worker, signal.SIGKILL)
    run.say("go on")


def wait_for_the_moment(run: Run, seconds: float) -> None:
    """Wait so long, or until the controller has ended: the last step is short."""
    with suppress(subprocess.TimeoutExpired):
        run.process.wait(seconds)


@frozen
class Others:
    """What lives on the server meanwhile: a run of the same project, one of another, and a database that is kept.

    Args:
        same: the run of the same project.
        foreign: the run of the other project.
        foreign_remains: what that has on the server.
        kept: the name of the database that an earlier run has kept.
    """

    same: Run
    foreign: Run
    foreign_remains: Remains
    kept: str


@pytest.fixture
def doomed_login(server_url: str) -> Iterator[Login]:
    with login_of_its_own(server_url) as login:
        yield login


@pytest.fixture
def project(doomed_login: Login, make_project: Making, server_url: str) -> HostProject:
    """The project goes before the login, which must own nothing then."""
    return make_project(server_url)


@pytest.fixture
def others(project: HostProject, remains: Remains, make_project: Making, server_url: str, look: Looking) -> Others:
    other = make_project(server_url)
    other.tests(LIVING)
    foreign = other.start()
    project.tests(KEEPING)
    project.run("--db-keep=failed")
    kept = remains.besides_templates
    project.tests(LIVING)
    same = project.start()
    for run in (same, foreign):
        run.reached("waiting")
    project.tests(DOOMED)
    return Others(same, foreign, look(other), kept[0])


class TestAKilledRun:
    @pytest.mark.parametrize(
        ("kill", "times"),
        [
            pytest.param(killed_whole, 2, id="controller-and-workers"),
            pytest.param(killed_controller, 1, id="controller"),
            pytest.param(killed_worker, 1, id="worker"),
        ],
    )
    def test_leaves_nothing_after_the_next_good_one_and_touches_nothing_of_others(
        self,
        project: HostProject,
        remains: Remains,
        others: Others,
        doomed_login: Login,
        kill: Callable[[Run, int], None],
        times: int,
    ) -> None:
        seed = os.environ.get("CORELIB_TEST_SEED", uuid4().hex)
        print(f"CORELIB_TEST_SEED={seed}")
        chance = random.Random(seed)
        living = sorted(remains.besides_templates)
        living_elsewhere = list(others.foreign_remains.databases)
        pids: set[int] = set()

        for step in chance.sample(STEPS * times, k=len(STEPS) * times):
            run = project.start_on_workers(*REBUILD[step], url=doomed_login.url)
            GO_ON[step](run)
            worker = run.reached(step)
            wait_for_the_moment(run, chance.uniform(0, LONGEST_MOMENT))
            kill(run, worker)
            run.ended()
            pids |= run.pids
        until(lambda: doomed_login.sessions(pids) == 0, "the server has noticed that they are dead")
        good = project.start_on_workers("--db-report")
        good.say("go on")
        good.ended()

        assert good.counts() == {"passed": 5}
        assert list(remains.besides_templates) == living
        assert others.kept in living
        assert list(remains.databases) == list(remains.recorded)
        assert [name for name in remains.databases if name not in living] == list(remains.templates)
        assert len(remains.templates) == 1
        assert list(others.foreign_remains.databases) == living_elsewhere
        for other in (others.same, others.foreign):
            other.say("go on")
            assert other.ended() == pytest.ExitCode.OK
            assert other.counts() == {"passed": 2}
        assert list(remains.besides_templates) == [others.kept]


REBUILD = {step: ("--db-rebuild",) if step == "building" else () for step in STEPS}
GO_ON: dict[str, Callable[[Run], None]] = {step: lambda _: None for step in STEPS}
GO_ON["ending"] = lambda run: run.say("go on")
