"""The benchmarks run as a whole. Nothing here looks at times."""

from __future__ import annotations

import json
import os
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from tests.support.brokers import REDIS, broker_named_by
from tests.support.commands import PROJECT, python
from tests.support.databases import POSTGRESQL, at_closed_port, server_named_by

CASES = ["insert", "get", "save", "bulk", "list", "page"]


def run_persistence(*options: str, first_on_path: Path | None = None) -> CompletedProcess[str]:
    return run("persistence", *options, first_on_path=first_on_path)


def run(name: str, *options: str, first_on_path: Path | None = None) -> CompletedProcess[str]:
    paths = [first_on_path or PROJECT, os.environ.get("PYTHONPATH") or PROJECT]
    environment = {"PYTHONPATH": os.pathsep.join(map(str, paths))}
    return python(str(PROJECT / f"benchmarks/{name}.py"), "--tiny", *options, environment=environment)


def figures_in(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text(encoding="utf-8")))


class TestKit:
    def test_measures_templates_clones_resets_and_runs_of_tests(self, tmp_path: Path) -> None:
        file, url = tmp_path / "figures.json", server_named_by(POSTGRESQL)

        ended = run("kit", "--url", url, "--json", str(file))

        assert ended.returncode == 0, ended.stdout + ended.stderr
        (figures,) = json.loads(file.read_text(encoding="utf-8"))
        assert all(figures[what] for what in ("hits", "misses", "clones"))
        assert list(figures["resets"]) == ["kit", "DELETE of all", "TRUNCATE of all"]
        assert list(figures["suites"]) == ["with reset", "without"]

    def test_says_that_a_server_cannot_be_reached(self) -> None:
        ended = run("kit", "--url", at_closed_port(server_named_by(POSTGRESQL)))

        assert ended.returncode == 2
        assert "Traceback" not in ended.stderr


class TestPersistence:
    class WhenItRunsOnSqlite:
        def test_measures_every_case(self, tmp_path: Path) -> None:
            file = tmp_path / "figures.json"

            ended = run_persistence("--engine", "sqlite", "--repeat", "1", "--json", str(file))

            assert ended.returncode == 0, ended.stdout + ended.stderr
            cases = figures_in(file)["engines"]["sqlite"]["cases"]
            assert list(cases) == CASES
            assert all({"Core by hand", "corelib", "ORM by hand"} <= set(case["seconds"]) for case in cases.values())
            assert ended.stdout.count("all contenders agree") == len(CASES)

        def test_measures_the_named_cases_as_often_as_told(self, tmp_path: Path) -> None:
            file = tmp_path / "figures.json"
            options = ["--engine", "sqlite", "--case", "page", "--case", "get", "--repeat", "3"]

            ended = run_persistence(*options, "--json", str(file))

            assert ended.returncode == 0, ended.stdout + ended.stderr
            cases = figures_in(file)["engines"]["sqlite"]["cases"]
            assert list(cases) == ["get", "page"]
            assert len(cases["get"]["seconds"]["corelib"]) == 3

    class WhenAdvancedAlchemyIsNotInstalled:
        def test_leaves_it_out_and_says_so(self, tmp_path: Path) -> None:
            (tmp_path / "advanced_alchemy.py").write_text("raise ModuleNotFoundError('not here')", encoding="utf-8")
            options = ["--engine", "sqlite", "--case", "get", "--repeat", "1"]

            ended = run_persistence(*options, first_on_path=tmp_path)

            assert ended.returncode == 0, ended.stdout + ended.stderr
            assert "advanced-alchemy is left out" in ended.stdout

    class WhenNoServerIsNamed:
        def test_leaves_sql_server_out_and_says_so(self) -> None:
            ended = run_persistence("--engine", "mssql")

            assert ended.returncode == 0, ended.stdout + ended.stderr
            assert "mssql is left out" in ended.stdout


class TestJobs:
    def test_measures_what_needs_no_broker_beside_corelib(self, tmp_path: Path) -> None:
        server_named_by(POSTGRESQL)
        broker_named_by(REDIS)
        file = tmp_path / "figures.json"

        ended = run(
            "jobs",
            *("--repeat", "1", "--broker", "redis", "--json", str(file)),
            *("--contender", "corelib", "--contender", "hand-written loop"),
        )

        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert set(figures_in(file)) == {"corelib, redis", "hand-written loop, no broker"}


class TestSoak:
    def test_balances_the_books(self) -> None:
        server_named_by(POSTGRESQL)
        broker_named_by(REDIS)

        ended = run("soak")

        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "everything balances" in ended.stdout
        assert "claiming 4 of" in ended.stdout

    def test_says_which_servers_it_needs(self) -> None:
        ended = python(
            str(PROJECT / "benchmarks/soak.py"),
            "--tiny",
            environment={POSTGRESQL: "", REDIS: "", "PYTHONPATH": str(PROJECT)},
        )

        assert ended.returncode == 2
        assert POSTGRESQL in ended.stderr
        assert REDIS in ended.stderr
