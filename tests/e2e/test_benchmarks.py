"""The benchmarks run as a whole. Nothing here looks at times."""

from __future__ import annotations

import json
import os
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from tests.support.commands import PROJECT, python

CASES = ["insert", "get", "save", "bulk", "list", "page"]


def run_persistence(*options: str, first_on_path: Path | None = None) -> CompletedProcess[str]:
    paths = [first_on_path or PROJECT, os.environ.get("PYTHONPATH") or PROJECT]
    environment = {"PYTHONPATH": os.pathsep.join(map(str, paths))}
    return python(str(PROJECT / "benchmarks/persistence.py"), "--tiny", *options, environment=environment)


def figures_in(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text(encoding="utf-8")))


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
