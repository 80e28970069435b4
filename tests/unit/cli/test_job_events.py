from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import timedelta
from io import StringIO

import pytest
from attrs import frozen

pytest.importorskip("cattrs")

from corelib import App, job
from corelib.application.host import Host
from corelib.bootstrap import bootstrap
from corelib.cli import job_events
from corelib.errors import InvalidCursor, InvalidSetting


@frozen
class Bill:
    month: int


@job(queue="billing")
def bill(payload: Bill) -> None:
    if payload.month == 13:
        raise ZeroDivisionError("no such month")


@job(queue="mail")
def remind(payload: Bill) -> None: ...


@pytest.fixture
def host() -> Iterator[Host]:
    with bootstrap(App("shop", jobs=[bill, remind], keep_job_events=timedelta(days=1))) as made:
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

    job_events.add_to(add)
    options = parser.parse_args(["events", *arguments])
    code: int = options.command(options, host)
    return code


class Interrupting(StringIO):
    """A terminal at which somebody presses Ctrl-C as soon as a line stands there."""

    def flush(self) -> None:
        if self.getvalue():
            raise KeyboardInterrupt


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


class TestEventsCommand:
    class WhenEventsAreShown:
        def test_prints_a_line_for_each(self, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
            job_id = host.enqueue(bill, Bill(13))
            host.run_due_jobs()

            assert run(host) == 0

            lines = capsys.readouterr().out.splitlines()
            assert [line.split()[1] for line in lines] == ["enqueued", "started", "failed", "dead"]
            assert lines[-1].endswith(f"bill  {job_id}  attempt 1  ZeroDivisionError: no such month")

        def test_prints_json_for_programs(self, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
            job_id = host.enqueue(bill, Bill(3))

            run(host, "--json")

            (line,) = told(capsys)
            assert (line["kind"], line["job_id"], line["queue"]) == ("enqueued", str(job_id), "billing")

        def test_goes_on_behind_a_cursor(self, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
            for month in (1, 2, 3):
                host.enqueue(bill, Bill(month))
            cursor = host.job_events.read(limit=1)[0].cursor

            run(host, "--json", "--after", cursor)

            assert len(told(capsys)) == 2

        def test_shows_no_more_than_was_asked_for(self, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
            for month in (1, 2, 3):
                host.enqueue(bill, Bill(month))

            run(host, "--json", "--limit", "2")

            assert len(told(capsys)) == 2

        @pytest.mark.parametrize("chosen", [("--queue", "mail"), ("--name", "remind")])
        def test_shows_those_that_are_meant(
            self, host: Host, capsys: pytest.CaptureFixture[str], chosen: tuple[str, str]
        ) -> None:
            host.enqueue(bill, Bill(1))
            host.enqueue(remind, Bill(1))

            run(host, "--json", *chosen)

            assert [line["name"] for line in told(capsys)] == ["remind"]

    class WhenItFollows:
        def test_goes_on_from_a_cursor_with_what_is_there(self, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
            cursor = host.job_events.end()
            for month in (1, 2):
                host.enqueue(bill, Bill(month))

            run(host, "--json", "--follow", "--after", cursor, "--limit", "2")

            assert len(told(capsys)) == 2

        def test_ends_with_an_interrupt(self, host: Host) -> None:
            cursor = host.job_events.end()
            host.enqueue(bill, Bill(1))

            with redirect_stdout(Interrupting()):
                code = run(host, "--follow", "--after", cursor)

            assert code == 0

    class WhenItCannot:
        def test_refuses_what_is_no_cursor(self, host: Host) -> None:
            with pytest.raises(InvalidCursor):
                run(host, "--after", "yesterday")

        def test_says_how_to_keep_events(self) -> None:
            with bootstrap(App("shop", jobs=[bill])) as host, pytest.raises(InvalidSetting, match="keep_job_events"):
                run(host)
