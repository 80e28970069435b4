from __future__ import annotations

import pytest
from tests.integration.testing.plugin.conftest import Project

from corelib.adapters.sqlalchemy.sqlite import BUSY_SECONDS

TABLES = """
CREATE TABLE pet (id integer PRIMARY KEY, name varchar(50) NOT NULL UNIQUE);
CREATE TABLE colour (name varchar(20) PRIMARY KEY);
INSERT INTO colour VALUES ('red');
"""


@pytest.fixture
def sqlite(project: Project) -> list[str]:
    """The options by which a project runs on a file."""
    project.tables(TABLES)
    return ["--db-url", f"sqlite:///{project.pytester.path / 'tests.sqlite'}"]


class TestOnSqlite:
    @pytest.mark.parametrize("reset", ["delete", "rollback", "clone"])
    def test_every_test_has_empty_tables(self, project: Project, sqlite: list[str], reset: str) -> None:
        project.tests(f"""
@pytest.mark.db(reset={reset!r}, isolation="serializable")
@pytest.mark.parametrize("time", [1, 2, 3])
def test_it(db_engine, time):
    add(db_engine, "Bello")
    assert names(db_engine) == ["Bello"]
""")

        ran = project.run(*sqlite)

        ran.assert_outcomes(passed=3)

    def test_what_is_not_proven_stands_in_the_header(self, project: Project, sqlite: list[str]) -> None:
        project.tests("def test_nothing(): pass")

        ran = project.run(*sqlite)

        ran.stdout.fnmatch_lines(["corelib: database tests run on sqlite:///*, named by --db-url. SQL Server: *"])

    def test_a_race_has_one_writer_after_the_other(self, project: Project, sqlite: list[str]) -> None:
        project.tests("""
def test_race(race, db_engine):
    def add(connection):
        connection.exec_driver_sql("INSERT INTO pet (name) VALUES (hex(randomblob(8)))")
        connection.commit()

    assert race(3, add) == [None, None, None]
    assert len(names(db_engine)) == 3
""")

        project.run(*sqlite).assert_outcomes(passed=1)

    def test_a_transaction_that_is_left_open_harms_no_other_test(self, project: Project, sqlite: list[str]) -> None:
        project.tests("""
left = []

def test_1_leaks(db_engine):
    left.append(db_engine.connect())
    left[0].exec_driver_sql("INSERT INTO pet (name) VALUES ('Bello')")

def test_2_is_clean(db_engine):
    assert names(db_engine) == []
    add(db_engine, "Bello")
""")

        ran = project.run(*sqlite)

        ran.assert_outcomes(passed=2, errors=1)
        ran.stdout.fnmatch_lines(["TransactionLeaked: test_it.py::test_1_leaks *"])
        assert ran.duration < BUSY_SECONDS  # which is how long the connections of a host wait

    def test_workers_have_a_file_each(self, project: Project, sqlite: list[str]) -> None:
        project.tests("""
@pytest.mark.parametrize("time", range(6))
def test_it(db_engine, time):
    add(db_engine, "Bello")
    assert names(db_engine) == ["Bello"]
""")

        ran = project.run_on_workers(*sqlite, "--db-report")

        ran.assert_outcomes(passed=6)
        ran.stdout.fnmatch_lines(["clones: 2, *"])
