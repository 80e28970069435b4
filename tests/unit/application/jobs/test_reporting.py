from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest
from attrs import frozen
from tests.unit.fakes import Workshop, workshop

from corelib.adapters.memory import MemoryLogger, MemoryStorage
from corelib.application.jobs.description import job
from corelib.application.jobs.reporting import Reporter
from corelib.application.jobs.run import JobRun
from corelib.application.jobs.run_outcome import RunOutcome
from corelib.application.jobs.running import RunningJobs
from corelib.domain.job import Job, JobState, Progress
from corelib.domain.job_progress import RunReport
from corelib.errors import JobCancelled, RowLocked, TransientFailure
from corelib.ports.job_store import JobStore
from corelib.ports.unit_of_work import UnitOfWork

LONG_ENOUGH = 10  # seconds that no test ever waits, unless what it waits for is broken
HALF = Progress(1.0, 2.0, "page 1")


@frozen
class Book:
    id: str


def tell(run: JobRun) -> None:
    run.log("begun")
    run.progress(1, 2, "page 1")
    run.log("postgresql://ada:secret@host/books")


@job(attempts=2)
def read(book: Book, run: JobRun) -> None:
    tell(run)


@job(attempts=2)
def read_and_write(book: Book, run: JobRun, uow: UnitOfWork) -> None:
    uow.jobs.enqueue(say_nothing, book)
    tell(run)


@job(attempts=2)
def fail_to_read(book: Book, run: JobRun) -> None:
    tell(run)
    raise ZeroDivisionError("torn")


@job()
def fail_for_good(book: Book, run: JobRun) -> None:
    tell(run)
    raise ZeroDivisionError("torn")


@job()
def stop_reading(book: Book, run: JobRun) -> None:
    tell(run)
    raise JobCancelled("enough")


@job(attempts=2)
def tell_nonsense(book: Book, run: JobRun) -> None:
    run.progress(40)


@job()
def say_nothing(book: Book) -> None:
    """Tell nothing."""


JOBS = [read, read_and_write, fail_to_read, fail_for_good, stop_reading, tell_nonsense, say_nothing]


class FaultyReports:
    """A job store that refuses reports as often as it is told to."""

    def __init__(self, sound: JobStore, faults: int) -> None:
        self._sound = sound
        self.faults = faults
        self.asked = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._sound, name)

    def report(self, reports: list[RunReport], *, patient: bool = False) -> set[UUID]:
        self.asked += 1
        if self.faults:
            self.faults -= 1
            raise RowLocked("Somebody else writes.")
        return self._sound.report(reports, patient=patient)


class TransientOnce(FaultyReports):
    """A job store of which one completion is rolled back."""

    def __getattr__(self, name: str) -> object:
        if name in {"complete", "take_turns"} and self.faults:
            self.faults -= 1
            raise TransientFailure("A deadlock.")
        return getattr(self._sound, name)

    def report(self, reports: list[RunReport], *, patient: bool = False) -> set[UUID]:
        return self._sound.report(reports, patient=patient)


def shop_with(store: Callable[[MemoryStorage], object] = lambda memory: memory.jobs) -> Workshop:
    return workshop(jobs=JOBS, store=store)  # type: ignore[arg-type]


def stored(shop: Workshop, job_id: UUID) -> Job:
    found = shop.storage.jobs.find(job_id)
    assert found is not None
    return found


def lines(shop: Workshop, job_id: UUID) -> list[str]:
    return [line.text for line in shop.storage.jobs.log(job_id)]


TOLD = ["begun", "postgresql://ada:***@host/books"]


class TestRunsThatTellSomething:
    class WhenTheyEnd:
        @pytest.mark.parametrize(
            ("handler", "state"),
            [
                (read, JobState.SUCCEEDED),
                (read_and_write, JobState.SUCCEEDED),
                (fail_to_read, JobState.PENDING),
                (fail_for_good, JobState.DEAD),
                (stop_reading, JobState.CANCELLED),
            ],
        )
        def test_have_told_all(self, handler: Callable[..., object], state: JobState) -> None:
            shop = shop_with()
            job_id = shop.enqueue(handler, Book("b"))  # type: ignore[arg-type]

            shop.runner.run(job_id)

            found = stored(shop, job_id)
            assert (found.state, found.progress) == (state, HALF)
            assert lines(shop, job_id) == TOLD

        def test_have_written_the_lines_to_the_log_of_the_host(self) -> None:
            shop = shop_with()
            job_id = shop.enqueue(read, Book("b"))

            shop.runner.run(job_id)

            told = [line.fields for line in shop.log.lines if line.event == "job log"]
            assert [each["text"] for each in told] == TOLD
            assert {(each["job"], each["attempt"], each["causation_id"]) for each in told} == {("read", 1, str(job_id))}

        def test_ask_the_store_for_nothing_if_they_told_nothing(self) -> None:
            store: list[FaultyReports] = []
            shop = shop_with(lambda memory: store.append(FaultyReports(memory.jobs, 0)) or store[0])
            job_id = shop.enqueue(say_nothing, Book("b"))

            shop.runner.run(job_id)

            assert store[0].asked == 0

        def test_tell_again_what_a_rolled_back_completion_had_told(self) -> None:
            shop = shop_with(lambda memory: TransientOnce(memory.jobs, 1))
            job_id = shop.enqueue(read, Book("b"))

            outcome = shop.runner.run(job_id)

            assert outcome is RunOutcome.SUCCEEDED
            assert lines(shop, job_id) == [*TOLD, *TOLD]

    class WhenTheStoreRefusesTheReport:
        @pytest.mark.parametrize(
            ("handler", "outcome"), [(read, RunOutcome.SUCCEEDED), (fail_to_read, RunOutcome.RETRIED)]
        )
        def test_end_as_they_would_have(self, handler: Callable[..., object], outcome: RunOutcome) -> None:
            shop = shop_with(lambda memory: FaultyReports(memory.jobs, 99))
            job_id = shop.enqueue(handler, Book("b"))  # type: ignore[arg-type]

            assert shop.runner.run(job_id) is outcome

            assert lines(shop, job_id) == []
            assert ("warning", "last report of a run not written") in shop.events_logged()

    class WhenTheyTellNonsense:
        def test_fail(self) -> None:
            shop = shop_with()
            job_id = shop.enqueue(tell_nonsense, Book("b"))

            shop.runner.run(job_id)

            assert (stored(shop, job_id).error or "").startswith("MisuseError: The progress 40 is no fraction")

    class WhenTheyHaveLostTheirJob:
        def test_write_nothing(self) -> None:
            shop = shop_with()
            job_id = shop.enqueue(read, Book("b"))
            stale = shop.storage.jobs.claim(job_id, lease=timedelta(0))
            assert stale is not None
            shop.storage.jobs.claim(job_id)

            outcome = shop.runner.run_claimed(stale)

            assert outcome is RunOutcome.LOST
            assert (lines(shop, job_id), stored(shop, job_id).progress) == ([], None)

    class WhenTheirTimeIsUp:
        def test_have_told_what_they_did_before(self) -> None:
            shop: list[Workshop] = []

            @job(timeout=timedelta(minutes=1))
            def hang(book: Book, run: JobRun) -> None:
                tell(run)
                shop[0].pass_time(timedelta(minutes=2))
                shop[0].runner.heartbeat.end_overdue()
                run.log("too late")

            shop.append(workshop(jobs=[hang]))
            job_id = shop[0].enqueue(hang, Book("b"))

            assert shop[0].runner.run(job_id) is RunOutcome.TIMED_OUT

            assert stored(shop[0], job_id).progress == HALF
            assert lines(shop[0], job_id) == TOLD

    class WhenTheyAreHandedBack:
        def test_have_told_what_they_did_before(self) -> None:
            shop: list[Workshop] = []

            @job()
            def stop_worker(book: Book, run: JobRun) -> None:
                run.log("begun")
                shop[0].runner.hand_back()
                run.log("too late")

            shop.append(workshop(jobs=[stop_worker]))
            job_id = shop[0].enqueue(stop_worker, Book("b"))

            shop[0].runner.run(job_id)

            assert lines(shop[0], job_id) == ["begun"]


class TestReporter:
    class WhenItWritesWhileRunsGoOn:
        def test_lets_others_see_it(self) -> None:
            seen: list[object] = []
            shop: list[Workshop] = []

            @job()
            def look(book: Book, run: JobRun, uow: UnitOfWork) -> None:
                uow.jobs.enqueue(say_nothing, book)
                tell(run)
                assert shop[0].runner.reporter.write()
                (running,) = shop[0].storage.jobs.list(state=JobState.RUNNING)
                seen.extend([running.progress, lines(shop[0], run.job_id)])
                raise ZeroDivisionError

            shop.append(workshop(jobs=[look, say_nothing]))

            shop[0].runner.run(shop[0].enqueue(look, Book("b")))

            assert seen == [HALF, TOLD]

        def test_tries_again_what_the_store_refused(self) -> None:
            shop = shop_with()
            with a_run(shop, store=FaultyReports(shop.storage.jobs, 1)) as (running, reporter):
                running.all()[0].reports.line("one")

                assert reporter.write() is False
                assert reporter.write() is True

                assert lines(shop, running.all()[0].claim.job.id) == ["one"]

    class WhenItsThreadRuns:
        def test_writes_what_is_told(self) -> None:
            shop = shop_with()
            seen = threading.Event()
            with a_run(shop, lambda _, __: seen.set()) as (running, reporter):
                running.reported = reporter.wake
                reporter.start()
                try:
                    running.all()[0].reports.progress(HALF)
                    reporter.wake()

                    assert seen.wait(LONG_ENOUGH)
                finally:
                    reporter.stop()

                assert stored(shop, running.all()[0].claim.job.id).progress == HALF

        def test_survives_whatever_goes_wrong(self) -> None:
            seen = threading.Event()

            class Crashing(FaultyReports):
                def report(self, reports: list[RunReport], *, patient: bool = False) -> set[UUID]:
                    self.asked += 1
                    if self.asked == 1:
                        raise ZeroDivisionError
                    return self._sound.report(reports, patient=patient)

            class Watching(MemoryLogger):
                def error(self, event: str, error: BaseException | None = None, **fields: object) -> None:
                    super().error(event, error, **fields)
                    seen.set()

            shop = workshop(jobs=JOBS, log=Watching())
            with a_run(shop, store=Crashing(shop.storage.jobs, 0)) as (running, reporter):
                reporter.start()
                try:
                    running.all()[0].reports.line("one")
                    reporter.wake()
                    assert seen.wait(LONG_ENOUGH)
                finally:
                    reporter.stop()
                assert reporter.write()

    class WhenSomebodyWantsToKnowTheProgress:
        def test_is_told_when_it_is_written(self) -> None:
            told: list[tuple[UUID, Progress]] = []
            shop = shop_with()
            with a_run(shop, lambda job, progress: told.append((job.id, progress))) as (running, reporter):
                (run,) = running.all()
                run.reports.line("no progress")
                reporter.write()
                run.reports.progress(Progress(0.1))
                run.reports.progress(HALF)
                reporter.write()
                run.reports.progress(Progress(1.0))
                reporter.write_last(run)

                assert told == [(run.claim.job.id, HALF), (run.claim.job.id, Progress(1.0))]

        def test_is_not_told_what_was_not_written(self) -> None:
            told: list[Progress] = []
            shop = shop_with()
            with a_run(shop, lambda _, progress: told.append(progress)) as (running, reporter):
                (run,) = running.all()
                shop.storage.jobs.release(run.claim)
                run.reports.progress(HALF)
                reporter.write()
                run.reports.progress(HALF)
                reporter.write_last(run)

            assert told == []

        def test_does_no_harm_by_its_faults(self) -> None:
            def fail(_: Job, __: Progress) -> None:
                raise ZeroDivisionError

            shop = shop_with()
            with a_run(shop, fail) as (running, reporter):
                running.all()[0].reports.progress(HALF)

                assert reporter.write() is True

            assert ("error", "progress not passed on") in shop.events_logged()


@contextmanager
def a_run(
    shop: Workshop,
    progressed: Callable[[Job, Progress], object] = lambda _, __: None,
    *,
    store: FaultyReports | None = None,
) -> Iterator[tuple[RunningJobs, Reporter]]:
    """A run of a claimed job, and what writes its reports."""
    claim = shop.storage.jobs.claim(shop.enqueue(read, Book("b")))
    assert claim is not None
    running = RunningJobs(lambda: 0.0)
    written_to = cast("JobStore", store or shop.storage.jobs)
    reporter = Reporter(written_to, running, shop.log, progressed=progressed, every=timedelta(0))
    with running.added(claim):
        yield running, reporter
