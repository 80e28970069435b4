from __future__ import annotations

import re

from tests.integration.testing.plugin.conftest import Project

MANY = """
@pytest.mark.parametrize("time", range(8))
def test_it(db_engine, worker_db, time):
    add(db_engine, "Bello")
    assert names(db_engine) == ["Bello"]
"""


class TestWorkers:
    def test_have_a_database_each_and_leave_none(self, project: Project) -> None:
        project.tests(MANY)

        ran = project.run_on_workers("--db-report")

        ran.assert_outcomes(passed=8)
        ran.stdout.fnmatch_lines(["clones: 2, median *"])
        assert project.databases() == []

    def test_build_one_template_together(self, project: Project) -> None:
        project.tests(MANY)

        ran = project.run_on_workers("--db-report")

        ran.stdout.fnmatch_lines([f"template: {project.prefix}_t_*, built in * s, hits 1, misses 1, longest wait * s"])

    def test_go_on_after_one_has_crashed(self, project: Project) -> None:
        project.tests(f"""
import os

def test_0_crashes(db_engine): os._exit(3)
{MANY}""")

        ran = project.run_on_workers("--db-report")

        ran.assert_outcomes(passed=8, failed=1)
        ran.stdout.fnmatch_lines(["*crashed while running 'test_it.py::test_0_crashes'*"])
        assert project.databases() == []

    def test_tell_the_same_error_if_there_is_no_server(self, project: Project) -> None:
        project.tests(MANY)

        ran = project.run_on_workers("--db-url", "mysql://host/db")

        ran.assert_outcomes(errors=8)
        told = {line for line in ran.stdout.lines if line.startswith("ConfigurationError: ")}
        assert len(told) == 1


class TestReport:
    def test_tells_what_the_run_has_cost(self, project: Project) -> None:
        project.tests(MANY)

        ran = project.run("--db-report")

        ran.stdout.fnmatch_lines(
            [
                "*corelib: databases for tests*",
                "database tests run on PostgreSQL *",
                f"template: {project.prefix}_t_*, built in * s, hits 0, misses 1, *",
                "clones: 1, median * s, longest * s",
                "resets: 8, median * ms, p95 * ms, tables emptied 8",
                "  * ms, 1 tables: test_it.py::test_it[[]*",
                "databases of dead runs dropped: 0",
                "connections refused: 0",
            ]
        )

    def test_tells_which_databases_of_dead_runs_were_dropped(self, project: Project) -> None:
        project.tests("import os\ndef test_dies(db_engine): os._exit(3)")
        project.run()
        left = project.databases()
        project.tests(MANY)

        ran = project.run("--db-report")

        assert len(left) == 1
        ran.stdout.fnmatch_lines([f"databases of dead runs dropped: 1 ({left[0]})"])

    def test_is_not_printed_unasked(self, project: Project) -> None:
        project.tests(MANY)

        ran = project.run()

        assert not re.search("^(clones|resets|template):", ran.stdout.str(), re.MULTILINE)
