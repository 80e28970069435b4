"""What a developer does who wants to look into the database of a test that has failed."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

CLONES = "corelib_test_c_*.sqlite"
FAILING = """
def test_has_three_users(app, factories, db_connection):
    factories.users.persisted_many(app, 2, name="Ada")
    assert len(db_connection.exec_driver_sql("SELECT name FROM kitlab_user").all()) == 3
"""


@pytest.fixture
def failing(pytester: pytest.Pytester, request: pytest.FixtureRequest) -> pytest.Pytester:
    """A project like this one, with a test that fails; it runs on a file."""
    pytester.makeini("[pytest]\ncorelib_app = kitlab.app:app\n")
    pytester.makeconftest(request.path.with_name("conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(test_users=FAILING)
    return pytester


class TestKeepingTheDatabaseOfAFailedTest:
    def test_names_it_and_leaves_its_rows(self, failing: pytest.Pytester) -> None:
        ran = failing.runpytest_subprocess("--db-url", f"sqlite:///{failing.path}/", "--db-keep=failed")

        ran.assert_outcomes(failed=1)
        ran.stdout.fnmatch_lines(["The database of this test is kept: *"])
        (file,) = failing.path.glob(CLONES)
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("SELECT name FROM kitlab_user").fetchall() == [("Ada",), ("Ada",)]

    def test_leaves_nothing_unasked(self, failing: pytest.Pytester) -> None:
        ran = failing.runpytest_subprocess("--db-url", f"sqlite:///{failing.path}/")

        ran.assert_outcomes(failed=1)
        assert list(failing.path.glob(CLONES)) == []
