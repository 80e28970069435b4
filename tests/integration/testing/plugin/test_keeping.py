from __future__ import annotations

import pytest
from tests.integration.testing.plugin.conftest import Project

ONE_FAILS = """
def test_1_fails(db_engine):
    add(db_engine, "Bello")
    assert names(db_engine) == []

def test_2_passes(db_engine):
    assert names(db_engine) == []
"""


class TestKeeping:
    class WhenFailedTestsKeepTheirs:
        def test_keeps_the_database_as_the_test_has_left_it(self, project: Project) -> None:
            project.tests(ONE_FAILS)

            ran = project.run("--db-keep=failed")

            ran.assert_outcomes(passed=1, failed=1)
            assert len(project.databases()) == 1

        def test_says_in_the_report_of_that_test_how_to_look_at_it(self, project: Project) -> None:
            project.tests(ONE_FAILS)

            ran = project.run("--db-keep=failed")

            kept = project.databases()[0]
            ran.stdout.fnmatch_lines(
                [
                    "*_ test_1_fails _*",
                    f"The database of this test is kept: {kept}, at postgresql://*/{kept}*",
                    f"kept: {kept}, of test_it.py::test_1_fails, at postgresql://*/{kept}*",
                ]
            )

        def test_keeps_it_if_a_fixture_of_the_test_fails(self, project: Project) -> None:
            project.tests("""
@pytest.fixture
def broken(db_engine): raise ValueError("no")

def test_it(broken): pass
""")

            ran = project.run("--db-keep=failed")

            ran.assert_outcomes(errors=1)
            assert len(project.databases()) == 1

        def test_keeps_the_one_that_a_test_has_spoilt(self, project: Project) -> None:
            project.tests("""
def test_spoils(db_connection):
    db_connection.exec_driver_sql("DELETE FROM colour")
    db_connection.commit()
""")

            ran = project.run("--db-keep=failed")

            ran.assert_outcomes(passed=1, errors=1)
            ran.stdout.fnmatch_lines(["The database of this test is kept: *"])
            assert len(project.databases()) == 1

        def test_keeps_a_clone_of_its_own(self, project: Project) -> None:
            project.tests(f"pytestmark = pytest.mark.db(reset='clone')\n{ONE_FAILS}")

            project.run("--db-keep=failed")

            assert len(project.databases()) == 1

        def test_keeps_none_of_a_test_that_is_rolled_back(self, project: Project) -> None:
            project.tests(f"pytestmark = pytest.mark.db(reset='rollback')\n{ONE_FAILS}")

            ran = project.run("--db-keep=failed")

            assert project.databases() == []
            assert "is kept" not in ran.stdout.str()

        def test_keeps_it_of_a_worker(self, project: Project) -> None:
            project.tests(ONE_FAILS)

            ran = project.run_on_workers("--db-keep=failed")

            ran.assert_outcomes(passed=1, failed=1)
            ran.stdout.fnmatch_lines([f"kept: {project.databases()[0]}, of test_it.py::test_1_fails, at *"])

    class WhenAllAreKept:
        @pytest.mark.parametrize(("reset", "kept"), [("delete", 2), ("clone", 3)])
        def test_keeps_the_last_one_of_the_worker_too(self, project: Project, reset: str, kept: int) -> None:
            project.tests(f"pytestmark = pytest.mark.db(reset={reset!r})\n{ONE_FAILS}")

            project.run("--db-keep=always")

            assert len(project.databases()) == kept

    class WhenNoneIsKept:
        def test_leaves_nothing(self, project: Project) -> None:
            project.tests(ONE_FAILS)

            ran = project.run()

            ran.assert_outcomes(passed=1, failed=1)
            assert project.databases() == []
