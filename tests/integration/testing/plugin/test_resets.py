from __future__ import annotations

import pytest
from tests.integration.testing.plugin.conftest import Project

USE_THRICE = """
@pytest.mark.parametrize("time", [1, 2, 3])
def test_it(db_engine, time):
    add(db_engine, "Bello")
    assert names(db_engine) == ["Bello"]
"""


class TestResets:
    @pytest.mark.parametrize("reset", ["delete", "rollback", "clone"])
    def test_give_every_test_empty_tables(self, project: Project, reset: str) -> None:
        project.tests(f"pytestmark = pytest.mark.db(reset={reset!r})\n{USE_THRICE}")

        ran = project.run()

        ran.assert_outcomes(passed=3)
        assert project.databases() == []

    def test_delete_is_the_default(self, project: Project) -> None:
        project.tests(USE_THRICE)

        project.run().assert_outcomes(passed=3)

    def test_serve_tests_that_have_the_marker_and_no_fixture(self, project: Project) -> None:
        project.tests("""
from corelib.adapters.sqlalchemy import create_engine

@pytest.fixture(scope="session")
def own_engine(worker_db):
    engine = create_engine(worker_db.url)
    yield engine
    engine.dispose()

@pytest.mark.db
@pytest.mark.parametrize("time", [1, 2])
def test_it(own_engine, time):
    add(own_engine, "Bello")
""")

        project.run().assert_outcomes(passed=2)

    class WhenATestWantsNone:
        def test_clean_up_before_the_next_one_that_wants_one(self, project: Project) -> None:
            project.tests("""
@pytest.mark.db(reset="none")
def test_1_leaves(db_engine): add(db_engine, "Bello")

@pytest.mark.db(reset="none")
def test_2_sees_it(db_engine): assert names(db_engine) == ["Bello"]

@pytest.mark.db(reset="rollback")
def test_3_does_not(db_engine): assert names(db_engine) == []
""")

            project.run().assert_outcomes(passed=3)

        def test_blame_nobody_for_what_it_has_changed(self, project: Project) -> None:
            project.tests("""
@pytest.mark.db(reset="none")
def test_1_spoils(db_connection):
    db_connection.exec_driver_sql("INSERT INTO colour VALUES ('blue')")
    db_connection.commit()

def test_2_has_another_database(db_connection):
    assert db_connection.exec_driver_sql("SELECT count(*) FROM colour").scalar_one() == 1
""")

            project.run().assert_outcomes(passed=2)

    class WhenATestHasACloneOfItsOwn:
        def test_drop_it_after_the_test(self, project: Project) -> None:
            project.tests("""
@pytest.fixture(scope="session")
def urls(): return []

@pytest.mark.db(reset="clone")
def test_1_own(db_engine, db_url, worker_db, urls):
    add(db_engine, "Bello")
    assert db_url != worker_db.url
    urls.append(db_url)

def test_2_gone(urls):
    from corelib.adapters.sqlalchemy import create_engine
    with pytest.raises(Exception, match="does not exist"):
        create_engine(urls[0]).connect()
""")

            project.run().assert_outcomes(passed=2)

    class WhenATestLeavesATransactionOpen:
        LEAKS = """
left = []

def test_1_leaks(db_engine):
    connection = db_engine.connect()
    connection.exec_driver_sql("INSERT INTO pet (name) VALUES ('Bello')")
    left.append(connection)

def test_2_is_clean(db_engine):
    assert names(db_engine) == []
    add(db_engine, "Bello")
"""

        def test_fail_that_very_test_and_go_on(self, project: Project) -> None:
            project.tests(self.LEAKS)

            ran = project.run()

            ran.assert_outcomes(passed=2, errors=1)
            ran.stdout.fnmatch_lines(
                [
                    "*ERROR at teardown of test_1_leaks*",
                    "TransactionLeaked: test_it.py::test_1_leaks has left a transaction open: session *",
                ]
            )

        def test_tell_it_without_a_traceback(self, project: Project) -> None:
            project.tests(self.LEAKS)

            ran = project.run()

            assert "Traceback" not in ran.stdout.str()
            assert "During handling" not in ran.stdout.str()

    class WhenATestChangesReferenceData:
        def test_fail_that_very_test_and_go_on_with_a_new_clone(self, project: Project) -> None:
            project.tests("""
def test_1_spoils(db_connection):
    db_connection.exec_driver_sql("DELETE FROM colour")
    db_connection.commit()

def test_2_has_another_database(db_connection, worker_db):
    assert db_connection.exec_driver_sql("SELECT name FROM colour").scalar_one() == "red"
    assert worker_db.name.endswith("_2")
""")

            ran = project.run()

            ran.assert_outcomes(passed=2, errors=1)
            ran.stdout.fnmatch_lines(
                ["ReferenceDataChanged: test_it.py::test_1_spoils has changed reference data*public.colour*"]
            )
            assert project.databases() == []

    class WhenTheMarkerIsWrong:
        @pytest.mark.parametrize("marker", ["db(reset='truncate')", "db('delete')", "allow_network(1)"])
        def test_refuse_to_collect_the_tests_and_say_how_it_is_written(self, project: Project, marker: str) -> None:
            project.tests(f"@pytest.mark.{marker}\ndef test_it(db_engine): pass")

            ran = project.run()

            ran.assert_outcomes(errors=1)
            ran.stdout.fnmatch_lines(["test_it.py::test_it: The marker *Write @pytest.mark.*"])

    class WhenTheyAreToRevertToASnapshot:
        def test_name_what_to_take_where_the_engine_has_none(self, project: Project) -> None:
            project.settings(corelib_db_reset="snapshot")
            project.tests("def test_it(db_engine): pass")

            ran = project.run()

            ran.assert_outcomes(errors=1)
            ran.stdout.fnmatch_lines(['*which PostgreSQL has not. Take delete*reset="clone"*'])

    class WhenCountersAreReseeded:
        def test_give_every_test_the_same_keys(self, project: Project) -> None:
            project.settings(corelib_db_identity="reseed")
            project.tests("""
@pytest.mark.parametrize("time", [1, 2])
def test_it(db_engine, db_connection, time):
    add(db_engine, "Bello")
    assert db_connection.exec_driver_sql("SELECT id FROM pet").scalar_one() == 1
""")

            project.run().assert_outcomes(passed=2)
