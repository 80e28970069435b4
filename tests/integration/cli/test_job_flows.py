from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("cattrs")

from tests.support.bank import Booked, app, write_letter
from tests.support.databases import sqlite_file

from corelib import Settings, chain, group, step
from corelib.adapters.memory import MemoryLogger
from corelib.application.host import Host
from corelib.bootstrap import bootstrap
from corelib.cli.main import main
from corelib.domain.flow import EnqueuedFlow
from corelib.domain.identifiers import new_id
from corelib.domain.job import JobState

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
def run(url: str, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str]:
        code = main(["jobs", *arguments, "--app", "tests.support.bank:app", "--database-url", url])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return call


def told(answer: tuple[int, str]) -> Any:
    return json.loads(answer[1])


def enqueued(host: Host, members: int = 2) -> EnqueuedFlow:
    letters = [step(write_letter, Booked(f"t-{number}")) for number in range(members)]
    return host.enqueue_flow(chain(group(*letters), step(write_letter, Booked("then"))))


class TestJobsOfFlows:
    class WhenAJobOfAFlowIsShown:
        def test_tells_people_what_it_waits_for(self, host: Host, run: Run) -> None:
            flow = enqueued(host)

            _, text = run("show", str(flow.last[0]))

            assert f"Job 2 of the flow {flow.id}: 3 of 3 jobs have not ended, 0 have failed." in text
            assert "It waits for 2 of these:" in text
            assert str(flow.jobs[0]) in text

        def test_tells_people_what_comes_after_it(self, host: Host, run: Run) -> None:
            flow = enqueued(host)

            _, text = run("show", str(flow.jobs[0]))

            assert "These come after it:" in text
            assert str(flow.last[0]) in text

        def test_shortens_long_lists_for_people(self, host: Host, run: Run) -> None:
            flow = enqueued(host, members=25)

            _, text = run("show", str(flow.last[0]))

            assert "... and 5 more: corelib jobs list --flow" in text

        def test_tells_programs_all_of_it(self, host: Host, run: Run) -> None:
            flow = enqueued(host)

            shown = told(run("show", str(flow.last[0]), "--json"))["flow"]

            assert (shown["id"], shown["jobs"], shown["unfinished"]) == (str(flow.id), 3, 3)
            assert [child["id"] for child in shown["children"]] == [str(job_id) for job_id in flow.jobs[:2]]

        def test_says_nothing_of_a_job_without_a_flow(self, host: Host, run: Run) -> None:
            job_id = host.enqueue(write_letter, Booked("t-1"))

            assert "flow" not in told(run("show", str(job_id), "--json"))

    class WhenFlowsAreListed:
        def test_tells_how_far_they_are(self, host: Host, run: Run) -> None:
            flow = enqueued(host)

            (listed,) = told(run("flows", "--unfinished", "--json"))

            assert (listed["id"], listed["jobs"], listed["failed"]) == (str(flow.id), 3, 0)

        def test_says_so_if_there_are_none(self, host: Host, run: Run) -> None:
            assert run("flows") == (0, "There are none.\n")

        def test_gives_the_jobs_of_one(self, host: Host, run: Run) -> None:
            flow = enqueued(host)
            host.enqueue(write_letter, Booked("alone"))

            listed = told(run("list", "--flow", str(flow.id), "--json"))

            assert [job["id"] for job in listed] == [str(job_id) for job_id in flow.jobs]

    class WhenAFlowIsCancelled:
        def test_ends_all_of_it(self, host: Host, run: Run) -> None:
            flow = enqueued(host)

            assert run("cancel-flow", str(flow.id)) == (0, "3 jobs cancelled, or asked to stop.\n")
            assert host.jobs.count()[JobState.CANCELLED] == len(flow.jobs)

        def test_fails_if_nothing_is_left_of_it(self, host: Host, run: Run) -> None:
            flow = enqueued(host)
            run("cancel-flow", str(flow.id))

            assert run("cancel-flow", str(flow.id))[0] == 1

        def test_fails_if_there_is_none(self, host: Host, run: Run) -> None:
            code, text = run("cancel-flow", str(new_id()))

            assert code == 1
            assert "no flow" in text
