from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from attrs import frozen
from tests.support.commands import python
from tests.support.databases import (
    MSSQL,
    POSTGRESQL,
    at_closed_port,
    fresh_database,
    in_database,
    run_on_server,
    server_named_by,
    with_wrong_login,
)

PASSWORD = "Example-Passw0rd-For-Tests"
STATES = {"ok", "warning", "failure", "unknown"}


@frozen
class Told:
    """What `corelib doctor --json` said."""

    code: int
    text: str

    @property
    def states(self) -> dict[str, str]:
        return {each["name"]: each["state"] for each in self.whole["checks"]}

    @property
    def whole(self) -> dict[str, Any]:
        return json.loads(self.text)

    def advice(self, name: str) -> str:
        return next(each["advice"] for each in self.whole["checks"] if each["name"] == name)


def doctor(url: str, *options: str) -> Told:
    """Run the command as a process of its own; what it prints on either stream is one text."""
    ran = python("-m", "corelib", "doctor", "--json", "--database-url", url, *options)
    assert ran.stderr == ""
    return Told(ran.returncode, ran.stdout)


@pytest.fixture
def server() -> str:
    return server_named_by(POSTGRESQL)


class TestDoctorOnPostgresql:
    class WhenTheUserMayDoEverything:
        def test_finds_no_failure(self, server: str) -> None:
            with fresh_database(server) as url:
                told = doctor(url)

            assert told.code == 0
            assert set(told.states.values()) <= {"ok", "warning"}
            assert told.states["version"] == told.states["clock"] == told.states["advisory locks"] == "ok"

    class WhenTheUserMayDoLittle:
        @pytest.fixture
        def url(self, server: str) -> Iterator[str]:
            name = f"corelib_test_{uuid4().hex[:12]}"
            run_on_server(server, f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
            try:
                with fresh_database(server) as database:
                    login = sa.make_url(database).set(username=name, password=PASSWORD)
                    yield login.render_as_string(hide_password=False)
            finally:
                run_on_server(server, f"DROP ROLE {name}")

        def test_fails_for_tests(self, url: str) -> None:
            told = doctor(url, "--for", "tests")

            assert told.code == 1
            assert told.states["right to create databases"] == "failure"
            assert told.advice("right to create databases").startswith('Run: ALTER ROLE "corelib_test_')
            assert PASSWORD not in told.text

        def test_does_for_production(self, url: str) -> None:
            told = doctor(url, "--for", "production")

            assert told.states["right to create databases"] == "ok"

        def test_says_what_makes_it_enough(self, server: str, url: str) -> None:
            run_on_server(server, told_to_run(doctor(url).advice("right to create databases")))
            run_on_server(server, told_to_run(doctor(url).advice("right to see sessions")))

            states = doctor(url).states
            assert (states["right to create databases"], states["right to see sessions"]) == ("ok", "ok")

    class WhenThereIsNoConnection:
        def test_names_a_port_at_which_nobody_listens(self, server: str) -> None:
            told = doctor(at_closed_port(server))

            assert (told.code, told.states) == (2, {"connection": "failure"})
            assert told.advice("connection") == "Check host and port, and that the server runs."

        def test_names_a_login_that_is_refused(self, server: str) -> None:
            told = doctor(with_wrong_login(server))

            assert (told.code, told.states) == (2, {"login": "failure"})
            assert "not-the-password" not in told.text

        def test_names_a_database_that_is_not_there(self, server: str) -> None:
            told = doctor(in_database(server, f"corelib_test_{uuid4().hex}"))

            assert (told.code, told.states) == (2, {"database": "failure"})


def told_to_run(advice: str) -> str:
    return advice.removeprefix("Run: ")


class TestDoctorOnSqlite:
    def test_finds_no_failure_and_makes_no_file(self, tmp_path: Path) -> None:
        told = doctor(f"sqlite:///{tmp_path}/shop.sqlite")

        assert told.code == 0
        assert list(tmp_path.iterdir()) == []


class TestDoctorOnSqlServer:
    @pytest.fixture
    def url(self) -> str:
        return server_named_by(MSSQL)

    @pytest.mark.parametrize("options", [(), ("--deep",), ("--for", "tests"), ("--for", "production")])
    def test_has_something_to_say_on_every_check(self, url: str, options: tuple[str, ...]) -> None:
        told = doctor(url, *options)

        assert told.code in {0, 1}
        assert len(told.states) >= 16
        assert set(told.states.values()) <= STATES
        assert "cannot be read" not in told.text
        assert str(sa.make_url(url).password) not in told.text

    def test_gives_a_plain_reason_for_what_is_unknown(self, url: str) -> None:
        checks = doctor(url).whole["checks"]

        reasons = [each["found"] for each in checks if each["state"] == "unknown"]
        assert [reason for reason in reasons if reason.startswith("the server did not answer")] == []

    def test_leaves_no_database_behind(self, url: str) -> None:
        before = databases(url)

        doctor(url, "--deep")

        assert {name for name in databases(url) - before if name.startswith("corelib_doctor_")} == set()

    def test_names_a_login_that_is_refused(self, url: str) -> None:
        told = doctor(with_wrong_login(url))

        assert (told.code, told.states) == (2, {"login": "failure"})

    def test_names_a_port_at_which_nobody_listens(self, url: str) -> None:
        told = doctor(at_closed_port(url))

        assert (told.code, told.states) == (2, {"connection": "failure"})


def databases(url: str) -> set[str]:
    from corelib.adapters.sqlalchemy import create_engine

    engine = create_engine(url)
    with engine.connect() as connection:
        names = set(connection.exec_driver_sql("SELECT name FROM sys.databases").scalars())
    engine.dispose()
    return names
