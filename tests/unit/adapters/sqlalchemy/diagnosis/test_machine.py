from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

pytest.importorskip("sqlalchemy")

from corelib.adapters.sqlalchemy.diagnosis import Diagnosis, Finding, State, diagnose_machine
from corelib.errors import CorelibError, MissingDriver, MissingExtra

MICROSOFTS = "ODBC Driver 18 for SQL Server"


def failing(error: CorelibError) -> Callable[[], list[str]]:
    def drivers() -> list[str]:
        raise error

    return drivers


def diagnosis(*, drivers: Callable[[], list[str]] = lambda: [MICROSOFTS], listening: bool = True) -> Diagnosis:
    return diagnose_machine(drivers=drivers, listens=lambda *_: listening)


def found(name: str, diagnosed: Diagnosis) -> Finding:
    return next(each for each in diagnosed.findings if each.name == name)


class TestDiagnoseMachine:
    class WhenAllIsThere:
        def test_names_the_driver(self) -> None:
            assert found("driver of SQL Server", diagnosis()) == Finding("driver of SQL Server", State.OK, MICROSOFTS)

        def test_says_how_to_look_at_the_test_server(self) -> None:
            server = found("test server", diagnosis())

            assert (server.state, server.found) == (State.OK, "one listens at localhost:1434")
            assert "--database-url 'mssql://sa:PASSWORD@localhost:1434/master" in server.advice

    class WhenSomethingIsNotInstalled:
        def test_warns_since_nobody_said_that_it_is_wanted(self) -> None:
            error = MissingExtra("pyodbc", extra="mssql", purpose="An mssql:// database")

            diagnosed = diagnosis(drivers=failing(error))

            assert found("pyodbc and unixODBC", diagnosed) == Finding(
                "pyodbc and unixODBC",
                State.WARNING,
                "An mssql:// database needs pyodbc, which is not installed",
                "Run: pip install 'corelib[mssql]'",
            )
            assert "driver of SQL Server" not in {each.name for each in diagnosed.findings}

        def test_warns_of_a_missing_driver_of_postgresql(self, monkeypatch: pytest.MonkeyPatch) -> None:
            monkeypatch.setitem(sys.modules, "psycopg", None)

            driver = found("driver of PostgreSQL", diagnosis())

            assert (driver.state, driver.advice) == (State.WARNING, "Run: pip install 'corelib[postgresql]'")

        def test_warns_of_a_driver_manager_without_microsofts_driver(self) -> None:
            driver = found("driver of SQL Server", diagnosis(drivers=lambda: ["FreeTDS"]))

            assert driver.state is State.WARNING
            assert "msodbcsql18" in driver.advice

    class WhenSomethingIsInstalledAndBroken:
        def test_fails(self) -> None:
            error = MissingDriver("pyodbc is installed, but libodbc.so.2 is not.", hint="Install unixODBC.")

            driver = found("pyodbc and unixODBC", diagnosis(drivers=failing(error)))

            assert driver.state is State.FAILURE
            assert (driver.found, driver.advice) == (
                "pyodbc is installed, but libodbc.so.2 is not",
                "Install unixODBC.",
            )

    class WhenNoServerListens:
        def test_says_how_to_start_one(self) -> None:
            server = found("test server", diagnosis(listening=False))

            assert server.state is State.WARNING
            assert "docker compose -f docker-compose.test.yml up" in server.advice
