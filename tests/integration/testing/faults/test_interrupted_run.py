"""A run that is interrupted by Ctrl-C, and one whose server is restarted."""

from __future__ import annotations

import signal

import pytest
from tests.integration.testing.faults.conftest import Looking, Making
from tests.support.host_project import HostProject, Remains

from corelib.testing.servers.postgresql_cluster import PostgresqlCluster

WAITS = """
@pytest.mark.parametrize("time", range(2))
def test_it_waits(db_engine, time):
    add(db_engine, "Bello")
    reached("waiting")
    wait_for("go on")
"""

SURVIVES = """
def test_1(db_engine): add(db_engine, "Bello")

def test_2_waits(db_engine):
    add(db_engine, "Bello")
    connection = db_engine.connect()
    reached("waiting")
    wait_for("go on")
    connection.exec_driver_sql("SELECT 1")

def test_3(db_engine):
    assert names(db_engine) == []
    add(db_engine, "Bello")
    reached("waiting again")
    wait_for("go on again")
    assert names(db_engine) == ["Bello"]

def test_4(db_engine):
    assert names(db_engine) == []
"""
OTHER = """
def test_it(db_engine): assert names(db_engine) == []
"""


class TestCtrlC:
    @pytest.mark.parametrize(
        ("workers", "processes"), [((), 1), (("-p", "xdist.plugin", "-n", "2"), 2)], ids=["one-process", "workers"]
    )
    def test_leaves_nothing(
        self, project: HostProject, remains: Remains, workers: tuple[str, ...], processes: int
    ) -> None:
        project.tests(WAITS)
        run = project.start(*workers)
        run.reached("waiting", processes)

        run.interrupt()
        code = run.ended()

        assert code == pytest.ExitCode.INTERRUPTED
        assert list(remains.besides_templates) == []
        assert list(remains.databases) == list(remains.templates)


class TestAServerThatIsRestarted:
    @pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGKILL], ids=["stopped", "killed"])
    def test_fails_the_test_that_was_running_and_no_other(
        self, make_project: Making, look: Looking, cluster: PostgresqlCluster, way: signal.Signals
    ) -> None:
        project = make_project(cluster.url)
        project.tests(SURVIVES)
        run = project.start()
        run.reached("waiting")

        cluster.stop(way)
        cluster.start()
        run.say("go on")
        run.reached("waiting again")
        project.tests(OTHER)
        other = project.run()
        run.say("go on again")
        code = run.ended()

        assert other.counts() == {"passed": 1}
        assert code == pytest.ExitCode.TESTS_FAILED
        assert run.counts() == {"passed": 3, "failed": 1}
        assert list(look(project).besides_templates) == []
