"""The contract of `corelib.ports.schedule_store.ScheduleStore`."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from attrs import evolve

from corelib.domain.job import JobState, NewJob
from corelib.domain.schedule import DueSchedule, Missed, ScheduleSpec, Timing, occurrence_id
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, store_jobs
from corelib.testing.contracts.samples import a_job
from corelib.testing.contracts.waiting import at_the_same_time

AN_HOUR = timedelta(hours=1)
PAST = datetime(2020, 1, 1, 2, tzinfo=UTC)
LATER = PAST + AN_HOUR
FAR = datetime(2200, 1, 1, 2, 0, 0, 123456, tzinfo=UTC)
HOURLY = ScheduleSpec("nightly billing", "bill", '{"day":1}', Timing(every=AN_HOUR))


def put(storage: Storage, spec: ScheduleSpec = HOURLY, next_at: datetime | None = PAST) -> None:
    """Store a new schedule that is due."""
    assert storage.schedules.put(spec, revision=0, next_at=next_at)


def the_due_one(storage: Storage) -> DueSchedule:
    """Return the only schedule that is due."""
    (due,) = storage.schedules.due(["bill"], limit=10)
    return due


def fire(storage: Storage, due: DueSchedule, jobs: Sequence[NewJob] = ()) -> bool:
    """Move a schedule on to a time that is not due."""
    return storage.schedules.fire(due, jobs, next_at=FAR, last_at=PAST)


class ScheduleStoreContract(StoreContract):
    """Keeps schedules and fires each occurrence once."""

    port: ClassVar[str] = "ScheduleStore"

    class WhenAScheduleIsMade:
        @pytest.mark.parametrize(
            "timing",
            [
                Timing(cron="0 2 * * *", zone="Europe/Zurich"),
                Timing(every=timedelta(days=400, microseconds=1), start=PAST + timedelta(microseconds=3)),
            ],
        )
        def test_is_found_as_it_was_put(self, storage: Storage, timing: Timing) -> None:
            spec = ScheduleSpec("n", "bill", '{"ä":"😀"}', timing, Missed.ALL, 7, timedelta(seconds=90), 3)

            storage.schedules.put(spec, revision=0, next_at=FAR, owner="shop")

            found = storage.schedules.find("n")
            assert found is not None
            assert (found.spec, found.revision, found.next_at, found.owner) == (spec, 1, FAR, "shop")
            assert (found.last_at, found.paused_at) == (None, None)

        def test_is_listed_by_name(self, storage: Storage) -> None:
            for name in ("b", "a", "B"):
                put(storage, evolve(HOURLY, name=name))

            assert [status.name for status in storage.schedules.list()] == ["B", "a", "b"]

        def test_is_not_made_a_second_time(self, storage: Storage) -> None:
            put(storage)

            assert storage.schedules.put(evolve(HOURLY, job="other"), revision=0, next_at=None) is False
            assert [status.spec for status in storage.schedules.list()] == [HOURLY]

        def test_is_made_by_one_of_many(self, storage: Storage) -> None:
            made = at_the_same_time(*[lambda: storage.schedules.put(HOURLY, revision=0, next_at=PAST)] * 4)

            assert sorted(made) == [False, False, False, True]

    class WhenAScheduleIsReplaced:
        def test_keeps_pause_and_last_occurrence(self, storage: Storage) -> None:
            put(storage)
            fire(storage, the_due_one(storage))
            storage.schedules.pause(HOURLY.name)
            changed = evolve(HOURLY, job="other", timing=Timing(cron="* * * * *"))

            assert storage.schedules.put(changed, revision=1, next_at=None) is True

            found = storage.schedules.find(HOURLY.name)
            assert found is not None
            assert (found.spec, found.revision, found.next_at, found.last_at) == (changed, 2, None, PAST)
            assert found.paused_at is not None

        @pytest.mark.parametrize("revision", [2, 7])
        def test_is_left_alone_if_it_has_another_revision(self, storage: Storage, revision: int) -> None:
            put(storage)

            assert storage.schedules.put(evolve(HOURLY, job="other"), revision=revision, next_at=None) is False
            assert [status.spec for status in storage.schedules.list()] == [HOURLY]

        def test_is_not_made_if_it_is_not_there(self, storage: Storage) -> None:
            assert storage.schedules.put(HOURLY, revision=1, next_at=PAST) is False
            assert list(storage.schedules.list()) == []

    class WhenAScheduleIsRemoved:
        def test_is_gone(self, storage: Storage) -> None:
            put(storage)

            assert storage.schedules.remove(HOURLY.name) is True
            assert storage.schedules.find(HOURLY.name) is None
            assert storage.schedules.remove(HOURLY.name) is False

        def test_stays_if_it_is_another_owners(self, storage: Storage) -> None:
            storage.schedules.put(HOURLY, revision=0, next_at=PAST, owner="shop")

            assert storage.schedules.remove(HOURLY.name, owner="other") is False
            assert storage.schedules.remove(HOURLY.name, owner="shop") is True

    class WhenAScheduleIsPaused:
        def test_is_not_due(self, storage: Storage) -> None:
            put(storage)

            assert storage.schedules.pause(HOURLY.name) is True

            assert list(storage.schedules.due(["bill"], limit=10)) == []
            assert storage.schedules.pause(HOURLY.name) is False

        def test_is_due_again_once_it_is_resumed(self, storage: Storage) -> None:
            put(storage)
            storage.schedules.pause(HOURLY.name)

            assert storage.schedules.resume(HOURLY.name) is True

            assert the_due_one(storage).next_at == PAST
            assert storage.schedules.resume(HOURLY.name) is False

        def test_cannot_be_if_it_is_not_there(self, storage: Storage) -> None:
            assert storage.schedules.pause("none") is False
            assert storage.schedules.resume("none") is False

    class WhenSchedulesAreDue:
        def test_returns_the_longest_waiting_first(self, storage: Storage) -> None:
            put(storage, evolve(HOURLY, name="second"), LATER)
            put(storage, evolve(HOURLY, name="first"), PAST)
            put(storage, evolve(HOURLY, name="third"), LATER + AN_HOUR)

            due = storage.schedules.due(["bill"], limit=2)

            assert [each.status.name for each in due] == ["first", "second"]

        def test_tells_the_instant_by_the_clock_of_the_store(self, storage: Storage) -> None:
            put(storage)

            before, due, after = storage.schedules.now(), the_due_one(storage), storage.schedules.now()

            assert before <= due.now <= after

        def test_leaves_out_what_is_not_due_or_never_again(self, storage: Storage) -> None:
            put(storage, evolve(HOURLY, name="later"), FAR)
            put(storage, evolve(HOURLY, name="never"), None)

            assert list(storage.schedules.due(["bill"], limit=10)) == []

        def test_leaves_out_other_jobs(self, storage: Storage) -> None:
            put(storage)

            assert list(storage.schedules.due(["other", "BILL"], limit=10)) == []
            assert list(storage.schedules.due([], limit=10)) == []

    class WhenAScheduleFires:
        def test_moves_on_and_enqueues_its_jobs(self, storage: Storage) -> None:
            put(storage)
            new = a_job()

            assert fire(storage, the_due_one(storage), [new]) is True

            found, stored = storage.schedules.find(HOURLY.name), storage.jobs.find(new.id)
            assert found is not None
            assert (found.next_at, found.last_at) == (FAR, PAST)
            assert stored is not None
            assert stored.state is JobState.PENDING

        def test_keeps_its_last_occurrence_if_none_ran(self, storage: Storage) -> None:
            put(storage)
            storage.schedules.fire(the_due_one(storage), [a_job()], next_at=LATER, last_at=PAST)

            storage.schedules.fire(the_due_one(storage), [], next_at=None, last_at=None)

            found = storage.schedules.find(HOURLY.name)
            assert found is not None
            assert (found.next_at, found.last_at) == (None, PAST)

        def test_fires_once_however_many_try(self, storage: Storage) -> None:
            put(storage)
            due = the_due_one(storage)

            fired = at_the_same_time(*[lambda: fire(storage, due, [a_job()])] * 6)

            assert sorted(fired)[-2:] == [False, True]
            assert len(storage.jobs.list()) == 1

        def test_leaves_out_a_job_that_is_there_already(self, storage: Storage) -> None:
            known = a_job(id=occurrence_id(HOURLY.name, PAST))
            store_jobs(storage, known)
            put(storage)
            new = a_job()

            assert fire(storage, the_due_one(storage), [known, new]) is True

            assert {job.id for job in storage.jobs.list()} == {known.id, new.id}

        @pytest.mark.parametrize("change", ["paused", "replaced", "removed"])
        def test_does_nothing_if_it_was_changed_meanwhile(self, storage: Storage, change: str) -> None:
            put(storage)
            due = the_due_one(storage)
            {
                "paused": lambda: storage.schedules.pause(HOURLY.name),
                "replaced": lambda: storage.schedules.put(HOURLY, revision=1, next_at=PAST),
                "removed": lambda: storage.schedules.remove(HOURLY.name),
            }[change]()

            assert fire(storage, due, [a_job()]) is False
            assert list(storage.jobs.list()) == []

    class WhenItIsRunBesideItsOccurrences:
        def test_enqueues_a_job_and_stays_as_it_is(self, storage: Storage) -> None:
            put(storage)
            before = storage.schedules.find(HOURLY.name)
            new = a_job()

            assert storage.schedules.enqueue(HOURLY.name, new) is True

            assert [job.id for job in storage.schedules.runs(HOURLY.name)] == [new.id]
            assert storage.schedules.find(HOURLY.name) == before

        def test_enqueues_nothing_for_a_schedule_that_is_not_there(self, storage: Storage) -> None:
            assert storage.schedules.enqueue("none", a_job()) is False
            assert list(storage.jobs.list()) == []

    class WhenRunsAreAskedFor:
        def test_returns_the_jobs_of_the_schedule_newest_first(self, storage: Storage) -> None:
            put(storage)
            put(storage, evolve(HOURLY, name="other"), FAR)
            first, second, third = a_job(), a_job(), a_job()
            for each in (first, second, third):
                storage.schedules.enqueue(HOURLY.name, each)
            storage.schedules.enqueue("other", a_job())
            store_jobs(storage, a_job())

            runs = storage.schedules.runs(HOURLY.name, limit=2)

            assert [job.id for job in runs] == [third.id, second.id]

        def test_returns_those_of_a_removed_schedule(self, storage: Storage) -> None:
            put(storage)
            new = a_job()
            storage.schedules.enqueue(HOURLY.name, new)
            storage.schedules.remove(HOURLY.name)

            assert [job.id for job in storage.schedules.runs(HOURLY.name)] == [new.id]
