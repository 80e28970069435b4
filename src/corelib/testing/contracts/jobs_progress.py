"""The contract of stores about what runs tell while they go on: `JobRuns.report`, `Transaction.report_run`."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import pytest
from attrs import evolve

from corelib.domain.identifiers import new_id
from corelib.domain.job import Claim, Job, JobState, Progress
from corelib.domain.job_progress import JobLogLine, ReportedLine, RunReport
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, claimed, transaction, undone
from corelib.testing.contracts.jobs_results import found, held

AT_ONCE = timedelta(0)
A_MOMENT = timedelta(seconds=20)
"""Longer than a test takes between two calls."""

HALF = Progress(5.0, 10.0, "page 5")


class JobProgressContract(StoreContract):
    """Keeps what runs tell about themselves."""

    port: ClassVar[str] = "JobProgress"

    class WhenARunTellsHowFarItIs:
        @pytest.mark.parametrize(
            "progress",
            [
                HALF,
                Progress(0.25),
                Progress(0.0, 0.0),
                Progress(2.0**53, 2.0**54, "Zoë 🎬 'x' %s"),
                Progress(1.0),
            ],
            ids=["total", "fraction", "nothing", "large", "done"],
        )
        def test_shows_it(self, storage: Storage, progress: Progress) -> None:
            claim = held(storage)

            assert storage.jobs.report([RunReport(claim, progress)]) == {claim.token}

            assert found(storage, claim).progress == progress

        def test_says_when(self, storage: Storage) -> None:
            claim = held(storage)

            storage.jobs.report([RunReport(claim, HALF)])

            job = found(storage, claim)
            assert job.progress is not None
            assert job.progress.at is not None
            assert timedelta(0) <= job.progress.at - job.enqueued_at < A_MOMENT

        def test_leaves_everything_else_as_it_was(self, storage: Storage) -> None:
            claim = held(storage)

            storage.jobs.report([RunReport(claim, HALF)])

            assert without_progress(found(storage, claim)) == claim.job

        def test_shows_the_last_one(self, storage: Storage) -> None:
            claim = held(storage)
            storage.jobs.report([RunReport(claim, HALF)])

            storage.jobs.report([RunReport(claim, Progress(0.9))])

            assert found(storage, claim).progress == Progress(0.9)

        def test_shows_it_in_lists(self, storage: Storage) -> None:
            claim = held(storage)

            storage.jobs.report([RunReport(claim, HALF)])

            assert [job.progress for job in storage.jobs.list()] == [HALF]

        def test_lets_the_run_go_on(self, storage: Storage) -> None:
            claim = held(storage)
            storage.jobs.report([RunReport(claim, HALF)])

            assert storage.jobs.heartbeat([claim], lease=A_MOMENT) == {claim.token: False}
            assert storage.jobs.complete([claim]) == [True]
            assert found(storage, claim).progress == HALF

    class WhenARunWritesLines:
        def test_shows_them_in_their_order(self, storage: Storage) -> None:
            claim = held(storage)
            texts = ["one", "", "Zoë 🎬 'x' %s ? :y", "x" * 1000]

            assert storage.jobs.report([RunReport(claim, lines=lines_of(*texts))]) == {claim.token}

            assert texts_of(storage, claim) == texts

        def test_says_when_and_in_which_attempt(self, storage: Storage) -> None:
            claim = held(storage)

            storage.jobs.report([RunReport(claim, lines=[ReportedLine(0, "old", ago=timedelta(minutes=1))])])

            (line,) = storage.jobs.log(claim.job.id)
            assert claim.job.started_at is not None
            assert line == JobLogLine(claim.job.id, 1, line.at, "old")
            assert -timedelta(minutes=1) <= line.at - claim.job.started_at < A_MOMENT - timedelta(minutes=1)

        def test_adds_later_ones_behind_them(self, storage: Storage) -> None:
            claim = held(storage)
            storage.jobs.report([RunReport(claim, HALF, lines_of("one", "two"))])

            storage.jobs.report([RunReport(claim, lines=lines_of("three", first=2))])

            assert texts_of(storage, claim) == ["one", "two", "three"]

        def test_shows_the_last_ones_if_only_some_are_wanted(self, storage: Storage) -> None:
            claim = held(storage)
            storage.jobs.report([RunReport(claim, lines=lines_of("one", "two", "three"))])

            assert [line.text for line in storage.jobs.log(claim.job.id, limit=2)] == ["two", "three"]

        def test_has_none_at_first(self, storage: Storage) -> None:
            claim = held(storage)

            assert storage.jobs.log(claim.job.id) == []
            assert storage.jobs.log(new_id()) == []

    class WhenSeveralRunsReportTogether:
        def test_gives_each_its_own(self, storage: Storage) -> None:
            first, second = held(storage), held(storage)

            reports = [RunReport(first, Progress(0.1), lines_of("a")), RunReport(second, Progress(0.2), lines_of("b"))]
            assert storage.jobs.report(reports) == {first.token, second.token}

            assert [found(storage, claim).progress for claim in (first, second)] == [Progress(0.1), Progress(0.2)]
            assert [texts_of(storage, claim) for claim in (first, second)] == [["a"], ["b"]]

        def test_writes_nothing_of_one_that_has_lost_its_job(self, storage: Storage) -> None:
            lost, kept = held(storage, lease=AT_ONCE), held(storage)
            current = claimed(storage, lost.job.id)

            reports = [RunReport(lost, HALF, lines_of("late")), RunReport(kept, HALF, lines_of("right"))]
            assert storage.jobs.report(reports) == {kept.token}

            assert storage.jobs.find(lost.job.id) == current.job
            assert [texts_of(storage, claim) for claim in (lost, kept)] == [[], ["right"]]

        def test_takes_none(self, storage: Storage) -> None:
            assert storage.jobs.report([]) == set()

    class WhenARunHasEnded:
        def test_takes_no_lines_of_it_any_more(self, storage: Storage) -> None:
            claim = held(storage)
            storage.jobs.complete([claim])

            assert storage.jobs.report([RunReport(claim, lines=lines_of("late"))], patient=True) == set()
            assert texts_of(storage, claim) == []

        def test_keeps_what_it_told_until_the_next_one_begins(self, storage: Storage) -> None:
            claim = held(storage)
            storage.jobs.report([RunReport(claim, HALF, lines_of("one"))])
            storage.jobs.retry(claim, error="failed", wait=AT_ONCE)
            between = found(storage, claim)

            again = claimed(storage, claim.job.id)

            assert between.progress == HALF
            assert again.job.progress is None
            assert found(storage, claim).progress is None

        def test_keeps_the_lines_of_all_runs(self, storage: Storage) -> None:
            claim = held(storage)
            storage.jobs.report([RunReport(claim, HALF, lines_of("first run"))])
            storage.jobs.retry(claim, error="failed", wait=AT_ONCE)
            again = claimed(storage, claim.job.id)

            storage.jobs.report([RunReport(again, lines=lines_of("second run"))])

            found_lines = [(line.attempt, line.text) for line in storage.jobs.log(claim.job.id)]
            assert found_lines == [(1, "first run"), (2, "second run")]

        def test_keeps_the_lines_of_a_run_that_was_handed_back(self, storage: Storage) -> None:
            claim = held(storage)
            storage.jobs.report([RunReport(claim, HALF, lines_of("first run"))])
            storage.jobs.release(claim)
            between = found(storage, claim)
            again = claimed(storage, claim.job.id)

            storage.jobs.report([RunReport(again, lines=lines_of("second run"))])

            assert between.progress is None
            assert sorted(texts_of(storage, claim)) == ["first run", "second run"]

    class WhenARunIsCompletedWithItsEffects:
        def test_keeps_what_it_told_with_them(self, storage: Storage) -> None:
            claim = held(storage)

            with transaction(storage) as begun:
                begun.report_run(RunReport(claim, HALF, lines_of("last")))
                begun.complete_job(claim.job.id, claim.token)

            job = found(storage, claim)
            assert (job.state, job.progress) == (JobState.SUCCEEDED, HALF)
            assert texts_of(storage, claim) == ["last"]

        def test_keeps_nothing_without_a_commit(self, storage: Storage) -> None:
            claim = held(storage)

            with undone(storage) as begun:
                begun.report_run(RunReport(claim, HALF, lines_of("last")))

            assert found(storage, claim) == claim.job
            assert texts_of(storage, claim) == []

    class WhenAJobIsRemoved:
        def test_is_gone_with_its_log_when_it_is_purged(self, storage: Storage) -> None:
            claim = held(storage)
            storage.jobs.report([RunReport(claim, HALF, lines_of("one"))])
            storage.jobs.complete([claim])

            storage.jobs.purge(JobState.SUCCEEDED, older_than=AT_ONCE)

            assert storage.jobs.log(claim.job.id) == []

        def test_is_gone_with_its_log_when_it_is_discarded(self, storage: Storage) -> None:
            claim = held(storage)
            storage.jobs.report([RunReport(claim, HALF, lines_of("one"))])
            storage.jobs.bury(claim, error="failed")

            assert storage.jobs.discard(claim.job.id) is True
            assert storage.jobs.log(claim.job.id) == []


def lines_of(*texts: str, first: int = 0) -> list[ReportedLine]:
    """Return lines as a run reports them."""
    return [ReportedLine(first + place, text) for place, text in enumerate(texts)]


def texts_of(storage: Storage, claim: Claim) -> list[str]:
    """Return the log of a job."""
    return [line.text for line in storage.jobs.log(claim.job.id)]


def without_progress(job: Job) -> Job:
    """Return a job as if its run had told nothing."""
    return evolve(job, progress=None)
