from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("cattrs")

from attrs import frozen
from tests.support.bank import Booked, app, write_letter
from tests.support.databases import sqlite_file

from corelib import Settings
from corelib.adapters.memory import MemoryLogger
from corelib.application.host import Host
from corelib.bootstrap import bootstrap
from corelib.cli.main import main
from corelib.domain.identifiers import new_id
from corelib.domain.job import Job, JobResult, JobState, Progress
from corelib.domain.job_progress import ReportedLine, RunReport


@frozen
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> Any:
        """What it told a program."""
        return json.loads(self.out)


Run = Callable[..., Ended]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return sqlite_file(tmp_path)


@pytest.fixture
def host(url: str) -> Iterator[Host]:
    with bootstrap(app, Settings(database_url=url), log=MemoryLogger()) as made:
        made.storage.create()
        yield made


@pytest.fixture
def run(url: str, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> Ended:
        code = main(["jobs", *arguments, "--app", "tests.support.bank:app", "--database-url", url])
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return call


def pending(host: Host, transfer: str = "t-1") -> UUID:
    with host.unit_of_work() as uow:
        job_id = uow.jobs.enqueue(write_letter, Booked(transfer))
        uow.commit()
    return job_id


def dead(host: Host, transfer: str = "t-1") -> UUID:
    job_id = pending(host, transfer)
    claim = host.jobs.claim(job_id, worker="host:1")
    assert claim is not None
    host.jobs.bury(claim, error="ZeroDivisionError: no ink", traceback="Traceback (most recent call last):\n  ...")
    return job_id


def succeeded(host: Host, result: JobResult) -> UUID:
    job_id = pending(host)
    claim = host.jobs.claim(job_id)
    assert claim is not None
    host.jobs.complete([claim], {claim.token: result})
    return job_id


def telling(host: Host) -> UUID:
    job_id = pending(host)
    claim = host.jobs.claim(job_id)
    assert claim is not None
    lines = [ReportedLine(0, "begun"), ReportedLine(1, "page 1")]
    host.jobs.report([RunReport(claim, Progress(1.0, 2.0, "page 1"), lines)])
    return job_id


def found(host: Host, job_id: UUID) -> Job:
    stored = host.jobs.find(job_id)
    assert stored is not None
    return stored


class TestList:
    def test_shows_a_table(self, host: Host, run: Run) -> None:
        job_id = dead(host)

        ended = run("list")

        head, line = ended.out.splitlines()
        assert head.split() == ["id", "name", "queue", "state", "attempts", "progress", "due", "error"]
        assert line.startswith(f"{job_id}  write_letter  letters  dead   1/1 ")
        assert line.endswith("ZeroDivisionError: no ink")
        assert ended.code == 0

    def test_tells_programs_all_there_is(self, host: Host, run: Run) -> None:
        job_id = dead(host)

        (told,) = run("list", "--json").told

        assert (told["id"], told["state"], told["worker"]) == (str(job_id), "dead", "host:1")
        assert told["started_at"].endswith("+00:00")

    def test_shows_those_of_a_state_queue_and_name(self, host: Host, run: Run) -> None:
        job_id = dead(host)
        pending(host)

        ended = run("list", "--state", "dead", "--queue", "letters", "--name", "write_letter", "--json")

        assert [each["id"] for each in ended.told] == [str(job_id)]

    def test_says_so_if_there_are_none(self, host: Host, run: Run) -> None:
        assert run("list", "--queue", "video").out == "There are none.\n"

    def test_shows_those_of_a_time(self, host: Host, run: Run) -> None:
        pending(host)

        assert len(run("list", "--since", "1h", "--json").told) == 1
        assert run("list", "--until", "1h", "--json").told == []
        assert run("list", "--since", "2999-01-01T00:00Z", "--json").told == []

    @pytest.mark.parametrize("time", ["yesterday", "2026-03-28T12:00"])
    def test_refuses_a_time_that_it_cannot_read(self, run: Run, time: str) -> None:
        with pytest.raises(SystemExit) as ended:
            run("list", "--since", time)

        assert ended.value.code == 2

    def test_counts_them(self, host: Host, run: Run) -> None:
        pending(host)
        dead(host, "t-2")

        assert run("list", "--count", "--state", "dead", "--json").told == {"dead": 1}
        assert run("list", "--count", "--name", "other", "--json").told == {state.value: 0 for state in JobState}
        assert run("list", "--count").out.splitlines()[0].split() == [state.value for state in JobState]


class TestShow:
    def test_shows_the_job_its_attempts_and_tracebacks(self, host: Host, run: Run) -> None:
        job_id = dead(host)

        out = run("show", str(job_id)).out

        assert '{"transfer_id":"t-1"}' in out.replace(" ", "")
        assert "failed" in out
        assert "Attempt 1:\nTraceback (most recent call last):" in out

    def test_tells_programs_the_history(self, host: Host, run: Run) -> None:
        job_id = dead(host)

        told = run("show", str(job_id), "--json").told

        assert json.loads(told["payload"]) == {"transfer_id": "t-1"}
        assert [each["outcome"] for each in told["history"]] == ["failed"]

    def test_ends_with_1_if_there_is_none(self, host: Host, run: Run) -> None:
        ended = run("show", str(new_id()))

        assert ended.code == 1
        assert ended.err.startswith("corelib: There is no job")

    def test_shows_the_result(self, host: Host, run: Run) -> None:
        job_id = succeeded(host, JobResult('{"pages":2}'))

        assert run("show", str(job_id), "--json").told["result"] == '{"pages":2}'
        assert '{"pages":2}' in run("show", str(job_id)).out

    def test_names_the_object_that_holds_the_result(self, host: Host, run: Run) -> None:
        job_id = succeeded(host, JobResult("", "results/1"))

        assert run("show", str(job_id), "--json").told["result_key"] == "results/1"

    def test_shows_how_far_it_is_and_its_log(self, host: Host, run: Run) -> None:
        job_id = telling(host)

        out = run("show", str(job_id)).out

        assert "50% (1 of 2): page 1" in out
        assert [line.partition(" attempt ")[2] for line in out.partition("Log:\n")[2].splitlines()] == [
            "1: begun",
            "1: page 1",
        ]

    def test_shows_no_more_of_the_log_than_is_wanted(self, host: Host, run: Run) -> None:
        out = run("show", str(telling(host)), "--log", "1").out

        assert "page 1" in out.partition("Log:\n")[2]
        assert "begun" not in out

    def test_tells_programs_how_far_it_is_and_its_log(self, host: Host, run: Run) -> None:
        told = run("show", str(telling(host)), "--json").told

        progress = told["progress"]
        assert (progress["fraction"], progress["done"], progress["total"]) == (0.5, 1.0, 2.0)
        assert progress["at"].endswith("+00:00")
        assert [(each["attempt"], each["text"]) for each in told["log"]] == [(1, "begun"), (1, "page 1")]


class TestWait:
    def test_shows_the_result(self, host: Host, run: Run) -> None:
        job_id = succeeded(host, JobResult('{"pages":2}'))

        ended = run("wait", str(job_id))

        assert (ended.code, ended.out) == (0, f'write_letter {job_id} is succeeded: {{"pages":2}}\n')

    def test_tells_programs(self, host: Host, run: Run) -> None:
        job_id = succeeded(host, JobResult("2"))

        told = run("wait", str(job_id), "--json").told

        assert told == {"state": "succeeded", "ended": True, "error": None, "result": "2"}

    def test_ends_with_1_if_the_job_is_dead(self, host: Host, run: Run) -> None:
        job_id = dead(host)

        ended = run("wait", str(job_id))

        assert (ended.code, ended.out) == (1, f"write_letter {job_id} is dead: ZeroDivisionError: no ink\n")

    def test_ends_with_1_if_the_time_is_up(self, host: Host, run: Run) -> None:
        job_id = pending(host)

        ended = run("wait", str(job_id), "--timeout", "0s")

        assert ended.code == 1
        assert ended.err.startswith(f"corelib: The job write_letter {job_id} has not ended within 0 s: it is pending.")

    def test_tells_programs_that_the_time_is_up(self, host: Host, run: Run) -> None:
        ended = run("wait", str(pending(host)), "--timeout", "0s", "--json")

        assert (ended.code, ended.told) == (1, {"state": "pending", "ended": False})


class TestStats:
    def test_counts_by_queue_and_state(self, host: Host, run: Run) -> None:
        dead(host)
        pending(host)

        out = run("stats").out

        head, line = out.splitlines()
        assert head.split() == ["queue", *(state.value for state in JobState)]
        assert line.split() == ["letters", "0", "1", "0", "0", "1", "0", "0"]

    def test_tells_programs(self, host: Host, run: Run) -> None:
        pending(host)

        assert run("stats", "--json").told["letters"]["pending"] == 1

    def test_says_so_if_there_are_none(self, host: Host, run: Run) -> None:
        assert run("stats").out == "There are no jobs.\n"


class TestRetry:
    def test_lets_a_dead_job_run_again(self, host: Host, run: Run) -> None:
        job_id = dead(host)

        ended = run("retry", str(job_id), "--attempts", "3")

        assert (ended.code, ended.out) == (0, "1 job retried.\n")
        stored = found(host, job_id)
        assert (stored.state, stored.max_attempts) == (JobState.PENDING, 4)

    def test_takes_an_edited_payload(self, host: Host, run: Run, tmp_path: Path) -> None:
        job_id = dead(host)
        file = tmp_path / "payload.json"
        file.write_text('{"transfer_id": "t-2"}', encoding="utf-8")

        run("retry", str(job_id), "--payload", str(file))

        assert host.payload_of(found(host, job_id)) == Booked("t-2")

    def test_refuses_a_payload_that_does_not_fit(self, host: Host, run: Run, tmp_path: Path) -> None:
        job_id = dead(host)
        file = tmp_path / "payload.json"
        file.write_text('{"transfer": 2}', encoding="utf-8")

        ended = run("retry", str(job_id), "--payload", str(file))

        assert ended.code == 1
        assert "transfer_id" in ended.err
        assert found(host, job_id).state is JobState.DEAD

    def test_ends_with_2_if_there_is_no_such_file(self, host: Host, run: Run, tmp_path: Path) -> None:
        ended = run("retry", str(dead(host)), "--payload", str(tmp_path / "missing.json"))

        assert ended.code == 2

    def test_ends_with_1_if_the_job_is_not_dead(self, host: Host, run: Run) -> None:
        ended = run("retry", str(pending(host)))

        assert (ended.code, ended.out) == (1, "0 jobs retried.\n")

    def test_edits_fields_of_all_dead_jobs(self, host: Host, run: Run) -> None:
        jobs = [dead(host, f"t-{number}") for number in range(2)]

        assert run("retry", "--all", "--set", "transfer_id=t-9").out == "2 jobs retried.\n"
        assert [json.loads(found(host, job_id).payload) for job_id in jobs] == [{"transfer_id": "t-9"}] * 2

    def test_refuses_a_field_that_the_job_does_not_take(self, host: Host, run: Run) -> None:
        job_id = dead(host)

        ended = run("retry", str(job_id), "--set", "colour=red")

        assert (ended.code, found(host, job_id).state) == (1, JobState.DEAD)
        assert "colour" in ended.err

    def test_lets_all_dead_jobs_run_again(self, host: Host, run: Run) -> None:
        jobs = [dead(host, f"t-{number}") for number in range(3)]

        ended = run("retry", "--all", "--json")

        assert ended.told == {"retried": 3}
        assert {found(host, job_id).state for job_id in jobs} == {JobState.PENDING}

    def test_concerns_those_of_a_queue(self, host: Host, run: Run) -> None:
        dead(host)

        assert run("retry", "--all", "--queue", "video", "--json").told == {"retried": 0}

    @pytest.mark.parametrize("arguments", [[], [str(new_id()), "--all"], ["--all", "--payload", "file"]])
    def test_demands_one_job_or_all(self, host: Host, run: Run, arguments: list[str]) -> None:
        assert run("retry", *arguments).code == 2


class TestPromote:
    def test_lets_a_delayed_job_be_due(self, host: Host, run: Run) -> None:
        job_id = host.enqueue(write_letter, Booked("t-1"), delay=timedelta(hours=1))

        assert run("promote", str(job_id)).out == "1 job promoted.\n"
        assert host.jobs.claim(job_id) is not None

    def test_ends_with_1_if_it_does_not_wait(self, host: Host, run: Run) -> None:
        assert run("promote", str(dead(host))).code == 1


class TestCancel:
    def test_cancels_a_job_that_waits(self, host: Host, run: Run) -> None:
        job_id = pending(host)

        ended = run("cancel", str(job_id))

        assert (ended.code, ended.out) == (0, "1 job cancelled.\n")
        assert found(host, job_id).state is JobState.CANCELLED

    def test_asks_one_that_runs(self, host: Host, run: Run) -> None:
        job_id = pending(host)
        host.jobs.claim(job_id)

        ended = run("cancel", str(job_id))

        assert (ended.code, ended.out) == (0, "The job runs, and was asked to stop.\n")
        assert run("cancel", str(job_id), "--json").told == {"asked_to_stop": 1}

    def test_ends_with_1_if_it_has_ended(self, host: Host, run: Run) -> None:
        assert run("cancel", str(dead(host))).code == 1


class TestDiscard:
    def test_deletes_the_job(self, host: Host, run: Run) -> None:
        job_id = dead(host)

        ended = run("discard", str(job_id))

        assert ended.code == 0
        assert host.jobs.find(job_id) is None


class TestDrain:
    def test_cancels_the_pending_jobs_of_the_queue(self, host: Host, run: Run) -> None:
        job_id = pending(host)

        assert run("drain", "letters", "--json").told == {"cancelled": 1}
        assert found(host, job_id).state is JobState.CANCELLED

    def test_is_content_with_an_empty_queue(self, host: Host, run: Run) -> None:
        assert run("drain", "letters").code == 0


class TestPurge:
    def test_deletes_in_portions(self, host: Host, run: Run) -> None:
        for number in range(3):
            dead(host, f"t-{number}")

        ended = run("purge", "--state", "dead", "--older-than", "0s", "--batch", "2")

        assert ended.out == "3 jobs purged.\n"
        assert list(host.jobs.list()) == []

    def test_keeps_the_newest_if_it_is_told(self, host: Host, run: Run) -> None:
        for number in range(3):
            dead(host, f"t-{number}")

        ended = run("purge", "--state", "dead", "--older-than", "0s", "--keep-newest", "2")

        assert ended.out == "1 job purged.\n"
        assert len(list(host.jobs.list())) == 2

    def test_keeps_what_is_younger(self, host: Host, run: Run) -> None:
        dead(host)

        assert run("purge", "--state", "dead", "--older-than", "30d", "--json").told == {"purged": 0}

    @pytest.mark.parametrize("arguments", [["--older-than", "soon"], ["--older-than", "1d", "--batch", "0"]])
    def test_refuses_what_it_cannot_read(self, run: Run, arguments: list[str]) -> None:
        with pytest.raises(SystemExit) as ended:
            run("purge", "--state", "dead", *arguments)

        assert ended.value.code == 2
