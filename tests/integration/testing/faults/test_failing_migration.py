"""A migration that fails, in a run of its own process and on workers."""

from __future__ import annotations

import pytest
from tests.support.host_project import HostProject, Remains

USES_DATABASE = """
@pytest.mark.parametrize("time", range(3))
def test_it(db_engine, time): add(db_engine, "Bello")
"""
BROKEN = "INSERT INTO nowhere VALUES (1)"


@pytest.fixture(autouse=True)
def broken(project: HostProject) -> None:
    project.write("sql/002_more.sql", BROKEN)
    project.tests(USES_DATABASE)


class TestAMigrationThatFails:
    def test_is_the_error_of_each_test_in_one_short_text(self, project: HostProject) -> None:
        run = project.run()

        told = run.told("TemplateFailed: ")
        assert run.process.returncode == pytest.ExitCode.TESTS_FAILED
        assert run.counts() == {"error": 3}
        assert len(told) == 3
        assert len(set(told)) == 1
        assert "002_more.sql" in told[0]
        assert "nowhere" in told[0]
        assert len(run.output.splitlines()) < 35

    def test_is_the_same_error_on_workers_and_leaves_nothing(self, project: HostProject, remains: Remains) -> None:
        run = project.run_on_workers()

        assert run.process.returncode == pytest.ExitCode.TESTS_FAILED
        assert run.counts() == {"error": 3}
        assert len(set(run.told("TemplateFailed: "))) == 1
        assert list(remains.databases) == []
        assert list(remains.recorded) == []

    def test_works_with_the_next_run_after_it_was_corrected(self, project: HostProject, remains: Remains) -> None:
        project.run()
        project.write("sql/002_more.sql", BROKEN.replace("nowhere", "colour").replace("1", "'blue'"))

        run = project.run()

        assert run.counts() == {"passed": 3}
        assert list(remains.databases) == list(remains.templates)
