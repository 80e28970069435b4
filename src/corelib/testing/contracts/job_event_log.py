"""The contract of `corelib.ports.job_events.JobEventLog`: what was recorded, for readers with a cursor."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import ClassVar

import pytest

from corelib.domain.job import AttemptOutcome
from corelib.domain.job_event_record import StoredJobEvent
from corelib.domain.job_events import JobEnqueued, JobEvent, JobStarted
from corelib.errors import InvalidCursor, JobEventsPurged, LeaseLost, MisuseError
from corelib.ports.job_events import JobEventLog
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, store_jobs, transaction, undone
from corelib.testing.contracts.capabilities import Capability, needs
from corelib.testing.contracts.job_events import buried, claimed_by_name
from corelib.testing.contracts.job_store import complete, stored_job
from corelib.testing.contracts.samples import a_job
from corelib.testing.contracts.waiting import eventually

AN_HOUR = timedelta(hours=1)
AT_ONCE = timedelta(0)


class JobEventLogContract(StoreContract):
    """Records what happens to jobs in the transaction in which it happens, and misses nothing when it is read."""

    port: ClassVar[str] = "JobEventLog"

    @pytest.fixture
    def told(self) -> list[JobEvent]:
        """Return what the storage tells while it records."""
        return []

    @pytest.fixture
    def log(self, storage: Storage, told: list[JobEvent]) -> Iterator[JobEventLog]:
        """Return the log of a storage that records."""
        storage.tell(told.extend, record=True)
        yield storage.job_events
        storage.tell(None)

    class WhenEventsAreRecorded:
        def test_keeps_each_as_it_was_told(self, storage: Storage, log: JobEventLog, told: list[JobEvent]) -> None:
            complete(storage, claimed_by_name(storage, stored_job(storage, delay=AT_ONCE)))
            storage.jobs.complete([claimed_by_name(storage, stored_job(storage))])
            retried = stored_job(storage, max_attempts=9)
            storage.jobs.retry(claimed_by_name(storage, retried), error="bäh 😀", wait=AT_ONCE)
            timed_out = claimed_by_name(storage, retried)
            storage.jobs.retry(timed_out, error="late", wait=AT_ONCE, outcome=AttemptOutcome.TIMED_OUT)
            claimed_by_name(storage, retried, lease=AT_ONCE)
            storage.jobs.release(claimed_by_name(storage, retried))
            storage.jobs.park(claimed_by_name(storage, retried), reason="unreadable")
            storage.jobs.cancel(retried.id)
            storage.jobs.retry_dead(buried(storage).id)

            stored = [each.event for each in readable(log, len(told))]

            assert stored == told
            assert len({type(event) for event in stored}) == 11

        def test_keeps_those_of_one_transaction_together_in_their_order(
            self, storage: Storage, log: JobEventLog
        ) -> None:
            jobs = [a_job() for _ in range(30)]

            store_jobs(storage, *jobs)

            assert [each.event.job_id for each in readable(log, 30)] == [new.id for new in jobs]

        def test_keeps_nothing_of_what_is_rolled_back(self, storage: Storage, log: JobEventLog) -> None:
            with undone(storage) as begun:
                begun.add_jobs([a_job()])
            with transaction(storage) as begun:
                savepoint = begun.savepoint()
                begun.add_jobs([a_job()])
                savepoint.rollback()
            last = stored_job(storage)

            assert [each.event.job_id for each in readable(log, 1)] == [last.id]

        def test_keeps_nothing_of_a_completion_that_is_rolled_back(self, storage: Storage, log: JobEventLog) -> None:
            claim = claimed_by_name(storage, stored_job(storage))

            with undone(storage) as begun:
                begun.complete_job(claim.job.id, claim.token)

            assert [type(each.event) for each in readable(log, 2)] == [JobEnqueued, JobStarted]

        def test_keeps_nothing_of_what_has_not_changed(self, storage: Storage, log: JobEventLog) -> None:
            claim = claimed_by_name(storage, stored_job(storage))
            storage.jobs.release(claim)
            before = readable(log, 3)

            storage.jobs.complete([claim])
            storage.jobs.bury(claim, error="boom")
            with suppress(LeaseLost), transaction(storage) as begun:
                begun.complete_job(claim.job.id, claim.token)
            last = stored_job(storage)

            assert [each.event.job_id for each in readable(log, 4)[3:]] == [last.id]
            assert len(before) == 3

        def test_records_only_while_it_is_asked_to(self, storage: Storage, log: JobEventLog) -> None:
            storage.tell(None)
            stored_job(storage)
            storage.tell(None, record=True)
            last = stored_job(storage)

            assert [each.event.job_id for each in readable(log, 1)] == [last.id]

    class WhenEventsAreRead:
        def test_begins_with_the_oldest(self, storage: Storage, log: JobEventLog) -> None:
            jobs = [stored_job(storage) for _ in range(3)]

            readable(log, 3)
            assert [each.event.job_id for each in log.read(limit=2)] == [jobs[0].id, jobs[1].id]

        def test_goes_on_behind_a_cursor(self, storage: Storage, log: JobEventLog) -> None:
            jobs = [stored_job(storage) for _ in range(5)]

            readable(log, 5)
            assert [each.event.job_id for each in read_all(log, limit=2)] == [new.id for new in jobs]

        def test_goes_on_in_the_middle_of_a_transaction(self, storage: Storage, log: JobEventLog) -> None:
            jobs = [a_job() for _ in range(5)]
            store_jobs(storage, *jobs)

            readable(log, 5)
            assert [each.event.job_id for each in read_all(log, limit=2)] == [new.id for new in jobs]

        def test_finds_nothing_behind_the_last(self, storage: Storage, log: JobEventLog) -> None:
            stored_job(storage)
            (last,) = readable(log, 1)

            assert log.read(after=last.cursor) == []

        def test_finds_what_comes_later_with_the_same_cursor(self, storage: Storage, log: JobEventLog) -> None:
            stored_job(storage)
            (last,) = readable(log, 1)
            new = stored_job(storage)

            assert [each.event.job_id for each in readable(log, 1, after=last.cursor)] == [new.id]

        def test_may_begin_at_the_end(self, storage: Storage, log: JobEventLog) -> None:
            stored_job(storage)
            readable(log, 1)
            end = log.end()
            new = stored_job(storage)

            assert [each.event.job_id for each in readable(log, 1, after=end)] == [new.id]

        def test_may_begin_at_the_end_of_nothing(self, storage: Storage, log: JobEventLog) -> None:
            end = log.end()
            new = stored_job(storage)

            assert [each.event.job_id for each in readable(log, 1, after=end)] == [new.id]

        @pytest.mark.parametrize("cursor", ["", "7", "7-", "-7", "a-b", "7-8-9", "7--1", "½-1"])
        def test_refuses_what_is_no_cursor(self, log: JobEventLog, cursor: str) -> None:
            with pytest.raises(InvalidCursor):
                log.read(after=cursor)

        def test_refuses_to_read_none(self, log: JobEventLog) -> None:
            with pytest.raises(MisuseError, match="Read 1 or more"):
                log.read(limit=0)

    @needs(Capability.CONCURRENT_TRANSACTIONS)
    class WhenTransactionsOverlap:
        def test_misses_none_that_began_first_and_ends_last(self, storage: Storage, log: JobEventLog) -> None:
            slow, fast = a_job(), a_job()
            seen: list[StoredJobEvent] = []

            with transaction(storage) as slow_one:
                slow_one.add_jobs([slow])
                with transaction(storage) as fast_one:
                    fast_one.add_jobs([fast])
                read_on(log, seen)
            eventually(lambda: read_on(log, seen) == 2, "both can be read")

            assert sorted(each.event.job_id for each in seen) == sorted([slow.id, fast.id])

        def test_misses_none_behind_the_end(self, storage: Storage, log: JobEventLog) -> None:
            slow, fast = a_job(), a_job()

            with transaction(storage) as slow_one:
                slow_one.add_jobs([slow])
                with transaction(storage) as fast_one:
                    fast_one.add_jobs([fast])
                end = log.end()

            assert {slow.id} <= {each.event.job_id for each in readable(log, 1, after=end)}

        def test_misses_none_of_many_that_end_in_another_order(self, storage: Storage, log: JobEventLog) -> None:
            jobs = [a_job() for _ in range(6)]
            begun = [storage.begin() for _ in jobs]
            seen: list[StoredJobEvent] = []
            for new, one in zip(jobs, begun, strict=True):
                one.add_jobs([new])

            for place in (3, 0, 5, 1, 4, 2):
                begun[place].commit()
                read_on(log, seen)
            eventually(lambda: read_on(log, seen) == len(jobs), "all can be read")

            assert sorted(each.event.job_id for each in seen) == sorted(new.id for new in jobs)

        def test_passes_over_one_that_is_rolled_back(self, storage: Storage, log: JobEventLog) -> None:
            kept = a_job()
            seen: list[StoredJobEvent] = []

            with undone(storage) as slow_one:
                slow_one.add_jobs([a_job()])
                store_jobs(storage, kept)
                read_on(log, seen)
            eventually(lambda: read_on(log, seen) == 1, "it can be read")

            assert [each.event.job_id for each in seen] == [kept.id]

    class WhenEventsArePurged:
        def test_removes_a_portion_of_the_oldest(self, storage: Storage, log: JobEventLog) -> None:
            jobs = [stored_job(storage) for _ in range(5)]

            readable(log, 5)
            assert log.purge(older_than=AT_ONCE, limit=2) == 2
            assert [each.event.job_id for each in log.read()] == [new.id for new in jobs[2:]]

        def test_removes_all_portion_by_portion(self, storage: Storage, log: JobEventLog) -> None:
            for _ in range(5):
                stored_job(storage)
            readable(log, 5)

            counts = [log.purge(older_than=AT_ONCE, limit=2) for _ in range(4)]

            assert counts == [2, 2, 1, 0]
            assert log.read() == []

        def test_leaves_those_that_are_younger(self, storage: Storage, log: JobEventLog) -> None:
            stored_job(storage)

            readable(log, 1)
            assert log.purge(older_than=AN_HOUR) == 0
            assert len(log.read()) == 1

        def test_tells_a_reader_that_it_has_missed_some(self, storage: Storage, log: JobEventLog) -> None:
            for _ in range(3):
                stored_job(storage)
            first = readable(log, 3)[0]
            log.purge(older_than=AT_ONCE, limit=2)

            with pytest.raises(JobEventsPurged):
                log.read(after=first.cursor)

        def test_tells_that_also_if_nothing_is_left(self, storage: Storage, log: JobEventLog) -> None:
            start = log.end()
            stored_job(storage)
            readable(log, 1)
            log.purge(older_than=AT_ONCE)

            with pytest.raises(JobEventsPurged):
                log.read(after=start)

        def test_lets_a_reader_go_on_that_has_read_them(self, storage: Storage, log: JobEventLog) -> None:
            stored_job(storage)
            stored_job(storage)
            second = readable(log, 2)[-1]
            log.purge(older_than=AT_ONCE)
            new = stored_job(storage)

            assert [each.event.job_id for each in readable(log, 1, after=second.cursor)] == [new.id]

        def test_lets_a_reader_begin_at_the_end(self, storage: Storage, log: JobEventLog) -> None:
            stored_job(storage)
            readable(log, 1)
            log.purge(older_than=AT_ONCE)
            end = log.end()
            new = stored_job(storage)

            assert [each.event.job_id for each in readable(log, 1, after=end)] == [new.id]

        def test_outlives_the_jobs(self, storage: Storage, log: JobEventLog) -> None:
            new = stored_job(storage)

            storage.jobs.discard(new.id)

            assert [type(each.event) for each in readable(log, 1)] == [JobEnqueued]


def readable(log: JobEventLog, count: int, after: str | None = None) -> Sequence[StoredJobEvent]:
    """Return the events behind a cursor as soon as there are so many: others on the same server hold them back."""
    eventually(lambda: len(log.read(after=after)) >= count, f"{count} events can be read")
    return log.read(after=after)


def read_on(log: JobEventLog, seen: list[StoredJobEvent]) -> int:
    """Read what is new since the last cursor, and return how many there are by now."""
    seen.extend(log.read(after=seen[-1].cursor if seen else None))
    return len(seen)


def read_all(log: JobEventLog, limit: int) -> Sequence[StoredJobEvent]:
    """Read portion by portion until nothing comes any more."""
    seen: list[StoredJobEvent] = []
    while portion := log.read(after=seen[-1].cursor if seen else None, limit=limit):
        assert len(portion) <= limit
        seen.extend(portion)
    return seen
