from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import frozen
from tests.unit.fakes import Stopwatch, workshop

from corelib.application.jobs.description import job
from corelib.application.jobs.run_reports import FIRST_LINES, LAST_LINES, RunReports
from corelib.domain.job import Claim, Progress
from corelib.domain.job_progress import LONGEST_LINE, RunReport


@frozen
class Page:
    number: str


@job()
def scan(page: Page) -> None:
    """Scan it."""


def a_claim() -> Claim:
    shop = workshop(jobs=[scan])
    claim = shop.storage.jobs.claim(shop.enqueue(scan, Page("1")))
    assert claim is not None
    return claim


def written(reports: RunReports, *, last: bool = False) -> RunReport | None:
    with reports.written(last=last) as report:
        return report


def texts(report: RunReport | None) -> list[str]:
    return [] if report is None else [line.text for line in report.lines]


class TestRunReports:
    class WhenNothingWasTold:
        def test_is_silent(self) -> None:
            reports = RunReports(a_claim())

            assert reports.silent
            assert written(reports) is None
            assert written(reports, last=True) is None

    class WhenTheRunTellsSomething:
        def test_gives_the_last_progress_and_all_lines(self) -> None:
            claim = a_claim()
            reports = RunReports(claim)
            reports.progress(Progress(0.1))
            reports.line("one")
            reports.progress(Progress(0.2))
            reports.line("two")

            report = written(reports)

            assert report is not None
            assert (report.claim, report.progress) == (claim, Progress(0.2))
            assert [(line.number, line.text) for line in report.lines] == [(0, "one"), (1, "two")]

        def test_wakes_whoever_writes(self) -> None:
            woken: list[None] = []
            reports = RunReports(a_claim(), wake=lambda: woken.append(None))

            reports.progress(Progress(0.1))
            reports.line("one")

            assert len(woken) == 2

        def test_says_how_old_the_lines_are(self) -> None:
            watch = Stopwatch()
            reports = RunReports(a_claim(), now=watch)
            reports.line("one")
            watch.seconds += 2
            reports.line("two")
            watch.seconds += 3

            report = written(reports)

            assert report is not None
            assert [line.ago for line in report.lines] == [timedelta(seconds=5), timedelta(seconds=3)]

        def test_cuts_long_lines(self) -> None:
            reports = RunReports(a_claim())
            reports.line("x" * 5000)

            (text,) = texts(written(reports))

            assert len(text) == LONGEST_LINE

    class WhenItWasWritten:
        def test_gives_nothing_twice(self) -> None:
            reports = RunReports(a_claim())
            reports.progress(Progress(0.1))
            reports.line("one")
            written(reports)

            assert reports.silent
            assert written(reports) is None

        def test_counts_the_lines_on(self) -> None:
            reports = RunReports(a_claim())
            reports.line("one")
            written(reports)
            reports.line("two")

            report = written(reports)

            assert report is not None
            assert [line.number for line in report.lines] == [1]

        def test_keeps_what_was_told_meanwhile(self) -> None:
            reports = RunReports(a_claim())
            reports.progress(Progress(0.1))
            reports.line("one")
            with reports.written():
                reports.progress(Progress(0.2))
                reports.line("two")

            report = written(reports)

            assert report is not None
            assert report.progress == Progress(0.2)
            assert texts(report) == ["two"]

    class WhenItCouldNotBeWritten:
        def test_gives_it_again(self) -> None:
            reports = RunReports(a_claim())
            reports.progress(Progress(0.1))
            reports.line("one")
            with pytest.raises(ZeroDivisionError), reports.written():
                raise ZeroDivisionError

            report = written(reports)

            assert report is not None
            assert (report.progress, texts(report)) == (Progress(0.1), ["one"])

    class WhenAnotherOneIsWriting:
        def test_gives_nothing_to_whoever_does_not_wait(self) -> None:
            reports = RunReports(a_claim())
            reports.line("one")

            with reports.written() as first, reports.written(wait=False) as second:
                assert first is not None
                assert second is None

    class WhenARunWritesVeryManyLines:
        def test_keeps_the_last_ones_back_until_the_end(self) -> None:
            reports = RunReports(a_claim())
            for number in range(FIRST_LINES + LAST_LINES):
                reports.line(str(number))

            first, last = written(reports), written(reports, last=True)

            assert texts(first) == [str(number) for number in range(FIRST_LINES)]
            assert texts(last) == [str(number) for number in range(FIRST_LINES, FIRST_LINES + LAST_LINES)]

        def test_leaves_out_those_in_between_and_says_so(self) -> None:
            reports = RunReports(a_claim())
            count = 5000
            for number in range(count):
                reports.line(str(number))

            report = written(reports, last=True)

            assert report is not None
            left_out = count - FIRST_LINES - LAST_LINES
            assert texts(report)[FIRST_LINES:] == [
                f"... {left_out} lines were left out here ...",
                *(str(number) for number in range(count - LAST_LINES, count)),
            ]
            assert len({line.number for line in report.lines}) == FIRST_LINES + LAST_LINES + 1
            assert reports.silent
