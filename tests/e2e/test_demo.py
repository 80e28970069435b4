"""The demonstration on every combination of adapters: the same orders give the same business."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from tests.e2e.conftest import NewDatabase, broker_url, money_after_mending
from tests.support.commands import python

COMBINATIONS = [
    ("sqlite", "inprocess"),
    ("sqlite", "memory"),
    ("postgresql", "inprocess"),
    ("postgresql", "rabbitmq"),
    ("postgresql", "redis"),
    ("mssql", "inprocess"),
    ("mssql", "rabbitmq"),
    ("mssql", "redis"),
]


def run_demo(folder: Path, orders: Path, *options: str) -> CompletedProcess[str]:
    return python("-m", "kitlab.demo", "--folder", str(folder), "--orders", str(orders), *options)


def figures_in(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "figures.json").read_text(encoding="utf-8")))


class TestDemo:
    @pytest.mark.parametrize(("database", "broker"), COMBINATIONS)
    class WhenItRunsOnServersNamedByUrl:
        def test_arrives_at_the_expected_figures(
            self,
            database: str,
            broker: str,
            tmp_path: Path,
            orders: Path,
            expected: dict[str, Any],
            new_database: NewDatabase,
            namespace: str,
        ) -> None:
            urls = ["--database-url", new_database(database), "--broker-url", broker_url(broker)]

            ended = run_demo(tmp_path, orders, *urls, "--namespace", namespace)

            assert ended.returncode == 0, ended.stdout + ended.stderr
            assert "every figure balances" in ended.stdout
            assert_business(figures_in(tmp_path), expected)

    class WhenItRunsInMemory:
        def test_arrives_at_the_expected_figures(self, tmp_path: Path, orders: Path, expected: dict[str, Any]) -> None:
            ended = run_demo(tmp_path, orders, "--adapters", "memory")

            assert ended.returncode == 0, ended.stdout + ended.stderr
            assert_business(figures_in(tmp_path), expected)

    class WhenItRunsASecondTimeOnTheSameDatabase:
        def test_accepts_nothing_twice(self, tmp_path: Path, orders: Path, expected: dict[str, Any]) -> None:
            first = run_demo(tmp_path, orders)
            before = figures_in(tmp_path)

            second = run_demo(tmp_path, orders)

            after = figures_in(tmp_path)
            assert (first.returncode, second.returncode) == (0, 0), second.stdout
            assert after["accepted"] == 0
            assert after["rejected"]["already_imported"] == expected["valid"] + expected["faults"]["duplicate"]
            for name in ("orders", "jobs", "emails", "charged"):
                assert after[name] == before[name]

    class WhenLinesAreRejected:
        def test_every_reject_has_its_line_number_path_and_reason(
            self, tmp_path: Path, orders: Path, expected: dict[str, Any]
        ) -> None:
            ended = run_demo(tmp_path, orders, "--adapters", "memory")

            rejects = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()]
            assert ended.returncode == 0, ended.stderr
            assert len({reject["line"] for reject in rejects}) == expected["lines"] - expected["valid"]
            assert all(reject["reason"] and reject["code"] for reject in rejects)
            assert all(reject["path"] for reject in rejects if reject["code"] not in ("not_json", "wrong_type"))

    class WhenAFigureDoesNotBalance:
        def test_ends_with_1_and_names_the_figure(
            self, tmp_path: Path, orders: Path, new_database: NewDatabase
        ) -> None:
            url = new_database("sqlite")
            run_demo(tmp_path, orders, "--database-url", url)
            falsify = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()"
            one = "DELETE FROM kitlab_confirmation WHERE id = (SELECT min(id) FROM kitlab_confirmation)"
            python("-c", falsify, url.removeprefix("sqlite:///"), one)

            ended = run_demo(tmp_path, orders, "--database-url", url)

            assert ended.returncode == 1
            assert "does not balance: confirmation jobs succeeded" in ended.stdout


def assert_business(figures: dict[str, Any], expected: dict[str, Any]) -> None:
    outcomes = expected["outcomes"]
    charged = outcomes["charged"] + outcomes["unreachable"]
    assert figures["read"] == expected["lines"]
    assert figures["accepted"] == expected["valid"]
    assert sum(figures["rejected"].values()) == expected["lines"] - expected["valid"]
    assert figures["orders"] == {
        "paid": charged,
        "declined": outcomes["declined"],
        "placed": 0,
    }
    assert figures["jobs"] == {
        "pending": 0,
        "running": 0,
        "succeeded": 2 * charged + outcomes["declined"],
        "dead": 0,
        "cancelled": 0,
        "parked": 0,
        "waiting": 0,
    }
    assert figures["retried"] == outcomes["timeouts"] + 5 * outcomes["unreachable"]
    assert figures["emails"] == charged
    assert figures["charged"] == money_after_mending(expected)
