from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("cattrs")

from tests.support.bank import app
from tests.support.databases import sqlite_file

from corelib import Settings
from corelib.adapters.memory import MemoryLogger
from corelib.application.host import Host
from corelib.bootstrap import bootstrap
from corelib.cli.job_queues import rate_of
from corelib.cli.main import main
from corelib.domain.job_queues import QueueStatus, Rate

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return sqlite_file(tmp_path)


@pytest.fixture
def host(url: str) -> Iterator[Host]:
    with bootstrap(app, Settings(database_url=url), log=MemoryLogger()) as made:
        made.storage.create()
        yield made


@pytest.fixture
def run(host: Host, url: str, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str]:
        code = main(["jobs", *arguments, "--app", "tests.support.bank:app", "--database-url", url])
        return code, capsys.readouterr().out

    return call


class TestPause:
    def test_pauses_the_queue(self, run: Run, host: Host) -> None:
        assert run("pause", "mail") == (0, "The queue mail is paused.\n")
        assert [status.paused_at is not None for status in host.queues.list()] == [True]

    def test_fails_if_it_is_paused_already(self, run: Run) -> None:
        run("pause", "mail")

        assert run("pause", "mail", "--json") == (1, '{"paused": false}\n')


class TestResume:
    def test_resumes_the_queue(self, run: Run, host: Host) -> None:
        run("pause", "mail")

        assert run("resume", "mail") == (0, "The queue mail is resumed.\n")
        assert list(host.queues.list()) == [QueueStatus("mail")]

    def test_fails_if_it_is_not_paused(self, run: Run) -> None:
        assert run("resume", "mail") == (1, "The queue mail was not to be resumed.\n")


class TestLimit:
    def test_sets_the_limits(self, run: Run, host: Host) -> None:
        code, _ = run("limit", "mail", "--concurrency", "5", "--rate", "10/2s")

        assert code == 0
        assert list(host.queues.list()) == [QueueStatus("mail", None, 5, Rate(10, timedelta(seconds=2)))]

    def test_takes_them_away(self, run: Run, host: Host) -> None:
        run("limit", "mail", "--concurrency", "5")

        run("limit", "mail")

        assert list(host.queues.list()) == [QueueStatus("mail")]

    @pytest.mark.parametrize("options", [["--concurrency", "0"], ["--rate", "10"]])
    def test_refuses_what_is_no_limit(self, run: Run, options: list[str]) -> None:
        with pytest.raises(SystemExit):
            run("limit", "mail", *options)


class TestQueues:
    def test_lists_them_for_people(self, run: Run) -> None:
        run("limit", "mail", "--concurrency", "5")

        code, out = run("queues")

        assert code == 0
        assert "mail" in out

    def test_says_that_there_are_none(self, run: Run) -> None:
        assert run("queues") == (0, "No queue is paused or limited.\n")

    def test_lists_them_for_programs(self, run: Run) -> None:
        run("limit", "mail", "--rate", "600/1h")
        run("limit-keys", "mail", "--concurrency", "1", "--rate", "5/1m")

        _, out = run("queues", "--json")

        assert json.loads(out) == [
            {
                "queue": "mail",
                "paused_at": None,
                "concurrency": None,
                "rate_limit": 600,
                "rate_seconds": 3600.0,
                "key_concurrency": 1,
                "key_rate_limit": 5,
                "key_rate_seconds": 60.0,
            }
        ]


class TestRateOf:
    @pytest.mark.parametrize("text", ["", "10", "0/1s", "1/0s", "10/1w", "-1/1s"])
    def test_refuses_what_is_no_rate(self, text: str) -> None:
        with pytest.raises(argparse.ArgumentTypeError, match="is not a rate"):
            rate_of(text)
