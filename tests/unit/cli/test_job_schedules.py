from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from attrs import frozen

pytest.importorskip("cattrs")

from corelib import App, Schedule, job
from corelib.application.host import Host
from corelib.bootstrap import bootstrap
from corelib.cli import job_schedules
from corelib.errors import InvalidSetting, NotFound


@frozen
class Bill:
    month: int


@job(queue="billing")
def bill(payload: Bill) -> None: ...


@pytest.fixture
def host() -> Iterator[Host]:
    with bootstrap(App("shop", jobs=[bill])) as made:
        yield made


def run(host: Host, *arguments: str) -> int:
    """Run a command as `corelib jobs` does."""
    parser = argparse.ArgumentParser()
    actions = parser.add_subparsers()

    def add(name: str, command: object, purpose: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=purpose)
        made.add_argument("--json", action="store_true")
        made.set_defaults(command=command)
        return made

    job_schedules.add_to(add)
    options = parser.parse_args(arguments)
    code: int = options.command(options, host)
    return code


class TestSchedulesCommand:
    def test_says_that_there_are_none(self, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(host, "schedules") == 0
        assert capsys.readouterr().out == "There are none.\n"

    def test_lists_them(self, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
        host.schedules.put(Schedule("hourly", every=timedelta(hours=1), job=bill, payload=Bill(3)))

        run(host, "schedules", "--json")

        (row,) = json.loads(capsys.readouterr().out)
        assert (row["schedule"], row["job"], row["when"], row["last_at"]) == ("hourly", "bill", "every 1:00:00", None)

    def test_runs_one_now(self, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
        host.schedules.put(Schedule("hourly", every=timedelta(hours=1), job=bill, payload=Bill(3)))

        run(host, "run-now", "hourly")

        (made,) = host.schedules.runs("hourly")
        assert str(made.id) in capsys.readouterr().out

    @pytest.mark.parametrize(
        "arguments", [["run-now"], ["schedules", "pause"], ["schedules", "resume"], ["schedules", "remove"]]
    )
    def test_says_that_there_is_no_such_schedule(self, host: Host, arguments: list[str]) -> None:
        with pytest.raises(NotFound):
            run(host, *arguments, "none")

    class WhenThereIsOne:
        @pytest.fixture(autouse=True)
        def hourly(self, host: Host) -> None:
            host.schedules.put(Schedule("hourly", every=timedelta(hours=1), job=bill, payload=Bill(3)))

        def test_pauses_and_resumes_it(self, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
            assert run(host, "schedules", "pause", "hourly") == 0
            assert host.schedules.list()[0].paused_at is not None
            assert run(host, "schedules", "resume", "hourly", "--json") == 0
            assert host.schedules.list()[0].paused_at is None
            assert capsys.readouterr().out == 'The schedule hourly is paused.\n{"resumed": true}\n'

        def test_ends_with_1_if_that_changes_nothing(self, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
            assert run(host, "schedules", "resume", "hourly") == 1
            assert capsys.readouterr().out == "The schedule hourly was not to be resumed.\n"

        def test_removes_it(self, host: Host) -> None:
            assert run(host, "schedules", "remove", "hourly") == 0
            assert list(host.schedules.list()) == []

        def test_shows_its_runs_newest_first(self, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
            runs = [str(host.schedules.run_now("hourly")) for _ in range(3)]
            listed = [str(job.id) for job in host.schedules.runs("hourly")]

            run(host, "schedules", "runs", "hourly", "--limit", "2", "--json")

            assert [row["id"] for row in json.loads(capsys.readouterr().out)] == listed[:2]
            assert sorted(listed) == sorted(runs)

        def test_shows_them_as_a_table(self, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
            run(host, "schedules", "runs", "hourly")
            host.schedules.run_now("hourly")
            run(host, "schedules", "runs", "hourly")

            nothing, head, row = capsys.readouterr().out.splitlines()
            assert nothing == "There are none."
            assert head.split()[:4] == ["id", "name", "queue", "state"]
            assert row.split()[1:4] == ["bill", "billing", "pending"]

    @pytest.mark.parametrize("arguments", [["pause"], ["list", "hourly"]])
    def test_demands_a_name_where_it_needs_one(self, host: Host, arguments: list[str]) -> None:
        with pytest.raises(InvalidSetting, match="a schedule"):
            run(host, "schedules", *arguments)
