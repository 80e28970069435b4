from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from attrs import frozen
from tests.support.until import until

from corelib.adapters.memory import ManualClock, MemoryLocks, MemoryLogger, MemoryStorage
from corelib.adapters.memory.job_store import MemoryJobStore
from corelib.application.jobs.description import description_of, job
from corelib.application.jobs.housekeeping import LOCK, PORTION, Housekeeping, Removal, removals
from corelib.domain.context import Context
from corelib.domain.identifiers import new_id
from corelib.domain.job import JobState, NewJob
from corelib.domain.retention import Keep, Retention
from corelib.domain.unique_job import throttle
from corelib.errors import MisuseError, ServerUnreachable

A_DAY = timedelta(days=1)


@frozen
class Label:
    text: str


@job(retention=A_DAY)
def print_label(label: Label) -> None: ...


@job(retention=Retention(A_DAY, cancelled=None, dead=90 * A_DAY))
def shred(label: Label) -> None: ...


@job(retention=Keep(timedelta(days=7), newest=2))
def list_labels(label: Label) -> None: ...


@job()
def keep(label: Label) -> None: ...


class Archive:
    """Jobs that have ended, and a clock that the test moves."""

    def __init__(self) -> None:
        self.clock, self.log, self.locks = ManualClock(), MemoryLogger(), MemoryLocks()
        self.store: MemoryJobStore = MemoryStorage(self.clock).jobs

    def ended(self, name: str, state: JobState = JobState.SUCCEEDED) -> None:
        new = NewJob(id=new_id(), name=name, queue="default", payload="{}", context=Context("c"))
        self.store.add([new])
        if state is JobState.CANCELLED:
            self.store.cancel(new.id)
            return
        claim = self.store.claim(new.id)
        assert claim is not None
        if state is JobState.DEAD:
            self.store.bury(claim, error="failed")
        else:
            self.store.complete([claim])

    def left(self) -> list[tuple[str, JobState]]:
        return [(job.name, job.state) for job in self.store.list(limit=1000)]

    def housekeeping(self, **others: object) -> Housekeeping:
        rules = removals([description_of(handler) for handler in (print_label, shred, list_labels, keep)])
        return Housekeeping(self.store, rules, self.locks, self.log, **others)  # type: ignore[arg-type]


class TestRemovals:
    def test_are_what_jobs_say(self) -> None:
        rules = removals([description_of(handler) for handler in (print_label, shred, keep)])

        assert rules == [
            Removal("print_label", JobState.SUCCEEDED, A_DAY),
            Removal("print_label", JobState.CANCELLED, A_DAY),
            Removal("shred", JobState.SUCCEEDED, A_DAY),
            Removal("shred", JobState.DEAD, 90 * A_DAY),
        ]

    def test_are_two_where_age_and_number_are_limited(self) -> None:
        rules = removals([description_of(list_labels)])

        assert rules == [
            Removal("list_labels", JobState.SUCCEEDED, 7 * A_DAY),
            Removal("list_labels", JobState.SUCCEEDED, beyond=2),
            Removal("list_labels", JobState.CANCELLED, 7 * A_DAY),
            Removal("list_labels", JobState.CANCELLED, beyond=2),
        ]


class TestHousekeeping:
    def test_removes_what_was_kept_for_long_enough(self) -> None:
        archive = Archive()
        for state in (JobState.SUCCEEDED, JobState.CANCELLED, JobState.DEAD):
            archive.ended("print_label", state)
        archive.clock.advance(A_DAY)

        assert archive.housekeeping().keep_house() == 2
        assert archive.left() == [("print_label", JobState.DEAD)]

    def test_leaves_what_is_younger_and_what_is_kept_for_ever(self) -> None:
        archive = Archive()
        archive.ended("keep")
        archive.clock.advance(A_DAY)
        archive.ended("print_label")

        assert archive.housekeeping().keep_house() == 0
        assert len(archive.left()) == 2

    def test_removes_dead_letters_after_a_time_of_their_own(self) -> None:
        archive = Archive()
        archive.ended("shred", JobState.DEAD)
        archive.clock.advance(89 * A_DAY)
        assert archive.housekeeping().keep_house() == 0

        archive.clock.advance(A_DAY)

        assert archive.housekeeping().keep_house() == 1

    def test_keeps_no_more_than_the_newest(self) -> None:
        archive = Archive()
        for _ in range(5):
            archive.ended("list_labels")
        archive.ended("keep")

        assert archive.housekeeping().keep_house() == 3
        assert [name for name, _ in archive.left()] == ["list_labels", "list_labels", "keep"]

    def test_takes_more_than_a_portion(self) -> None:
        archive = Archive()
        for _ in range(PORTION + 1):
            archive.ended("print_label")
        archive.clock.advance(A_DAY)

        assert archive.housekeeping().keep_house() == PORTION + 1

    def test_does_nothing_while_another_worker_does_it(self) -> None:
        archive = Archive()
        archive.ended("print_label")
        archive.clock.advance(A_DAY)

        with archive.locks.hold(LOCK):
            assert archive.housekeeping().keep_house() == 0
        assert archive.housekeeping().keep_house() == 1

    def test_sweeps_payloads_with_the_first_round_and_then_once_in_24(self) -> None:
        housekeeping = Archive().housekeeping(sweep=lambda: 3)

        counts = [housekeeping.keep_house() for _ in range(25)]

        assert counts == [3, *[0] * 23, 3]

    class WhenItIsStarted:
        def test_begins_at_once_and_says_what_it_removed(self) -> None:
            archive = Archive()
            archive.ended("print_label")
            archive.clock.advance(A_DAY)
            housekeeping = archive.housekeeping()

            housekeeping.start()
            until(lambda: bool(archive.log.lines), "a line is logged")
            housekeeping.stop()

            assert [(line.event, line.fields["removed"]) for line in archive.log.lines] == [("house kept", 1)]

        def test_goes_on_after_a_failure(self) -> None:
            archive, again = Archive(), threading.Event()
            rounds = iter([ServerUnreachable("gone"), ZeroDivisionError()])

            def sweep() -> int:
                if (error := next(rounds, None)) is not None:
                    raise error
                again.set()
                return 0

            housekeeping = archive.housekeeping(sweep=sweep, every=timedelta(milliseconds=1))
            housekeeping.start()
            happened = again.wait(10)
            housekeeping.stop()

            assert happened
            assert [line.event for line in archive.log.lines] == ["house not kept", "housekeeping crashed"]

        def test_has_no_thread_if_there_is_never_anything_to_do(self) -> None:
            archive = Archive()
            before = threading.active_count()

            Housekeeping(archive.store, [], archive.locks, archive.log).start()

            assert threading.active_count() == before


class TestJobDecorator:
    def test_refuses_to_keep_jobs_for_a_shorter_time_than_they_are_unique(self) -> None:
        with pytest.raises(MisuseError, match="unique for 1 day"):
            job(unique=throttle(every=A_DAY), retention=timedelta(hours=1))(keep)


class TestKeepingJobEvents:
    def test_removes_old_ones_portion_by_portion(self) -> None:
        archive, portions = Archive(), iter([PORTION, PORTION, 7, 5])

        removed = archive.housekeeping(purge_events=lambda limit: next(portions)).keep_house()

        assert removed == 2 * PORTION + 7

    def test_is_work_enough_for_a_thread(self) -> None:
        archive = Archive()

        keeping = Housekeeping(archive.store, [], archive.locks, archive.log, purge_events=lambda limit: 0)

        assert keeping.has_work
