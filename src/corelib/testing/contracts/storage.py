"""The contract of `corelib.ports.storage.Storage` and its `Transaction`."""
# ruff: noqa: D102, D106, PT012 - test names are the sentences; any statement of a unit of work may raise, commit at the latest

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from uuid import UUID, uuid4

import pytest

from corelib.domain.context import Context
from corelib.domain.identifiers import new_id
from corelib.domain.job import JobState
from corelib.errors import (
    AlreadyExists,
    AuthenticationFailed,
    DatabaseMissing,
    LeaseLost,
    SchemaMissing,
    ServerUnreachable,
)
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, Work, claimed, store_jobs, transaction
from corelib.testing.contracts.capabilities import Capability, needs
from corelib.testing.contracts.samples import Parcel, a_job, a_parcel, an_event, contents
from corelib.testing.contracts.waiting import PATIENCE, at_the_same_time

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class StorageContract(StoreContract):
    """A store of aggregates, jobs and events, and its transactions."""

    port: ClassVar[str] = "Storage"

    @pytest.fixture
    def uncreated(self) -> Storage:
        """Return a storage whose tables do not exist; for adapters with `Capability.SCHEMA`."""
        raise NotImplementedError

    @pytest.fixture
    def unreachable(self) -> Storage:
        """Return a storage at an address where nothing answers; for adapters with `Capability.SERVER`."""
        raise NotImplementedError

    @pytest.fixture
    def refusing(self) -> Storage:
        """Return a storage whose server refuses the login; for adapters with `Capability.SERVER`."""
        raise NotImplementedError

    @pytest.fixture
    def without_database(self) -> Storage:
        """Return a storage whose server has no such database; for adapters with `Capability.SERVER`."""
        raise NotImplementedError

    class WhenItsTablesExist:
        def test_passes_the_check(self, storage: Storage) -> None:
            storage.check()

        def test_can_be_created_again(self, storage: Storage) -> None:
            storage.create()
            storage.create()

            storage.check()

        def test_keeps_its_data_when_it_is_created_again(self, storage: Storage) -> None:
            parcel = a_parcel()
            Work(storage).stores(parcel)

            storage.create()

            assert Work(storage).sees(parcel) == contents(parcel)

    @needs(Capability.SCHEMA)
    class WhenItsTablesDoNotExist:
        def test_fails_the_check(self, uncreated: Storage) -> None:
            with pytest.raises(SchemaMissing):
                uncreated.check()

        def test_passes_the_check_once_it_is_created(self, uncreated: Storage) -> None:
            uncreated.create()

            uncreated.check()

        def test_can_be_created_by_several_at_once(self, uncreated: Storage) -> None:
            at_the_same_time(*[uncreated.create] * 4)

            uncreated.check()

    @needs(Capability.SERVER)
    class WhenItCannotBeUsed:
        def test_says_that_nobody_answers(self, unreachable: Storage) -> None:
            with pytest.raises(ServerUnreachable):
                unreachable.check()

        def test_says_that_the_login_is_refused(self, refusing: Storage) -> None:
            with pytest.raises(AuthenticationFailed):
                refusing.check()

        def test_says_that_there_is_no_such_database(self, without_database: Storage) -> None:
            with pytest.raises(DatabaseMissing):
                without_database.check()

        def test_says_the_same_when_it_is_to_be_created(self, unreachable: Storage) -> None:
            with pytest.raises(ServerUnreachable):
                unreachable.create()

        def test_lets_a_transaction_begin_before_its_first_use(self, unreachable: Storage) -> None:
            begun = unreachable.begin()

            begun.rollback()

    class WhenATransactionEnds:
        def test_may_not_have_been_used(self, storage: Storage) -> None:
            storage.begin().commit()
            storage.begin().rollback()

        def test_may_be_rolled_back_after_a_refused_commit(self, storage: Storage) -> None:
            parcel = a_parcel()
            Work(storage).stores(parcel)
            begun = storage.begin()
            begun.repository(Parcel).add(a_parcel(id=parcel.id))
            with pytest.raises(AlreadyExists):
                begun.commit()

            begun.rollback()

            assert Work(storage).sees(parcel) == contents(parcel)

    class WhenAggregatesAreInHand:
        def test_tracks_what_was_loaded_and_added_in_that_order(self, storage: Storage) -> None:
            stored, added = a_parcel(), a_parcel()
            Work(storage).stores(stored)

            with transaction(storage) as begun:
                loaded = begun.repository(Parcel).get(stored.id)
                begun.repository(Parcel).add(added)

                assert list(begun.tracked()) == [loaded, added]

        @pytest.mark.parametrize("flush", [False, True], ids=["unflushed", "flushed"])
        def test_tracks_what_was_removed(self, storage: Storage, flush: bool) -> None:  # noqa: FBT001 - a parameter
            stored = a_parcel()
            Work(storage).stores(stored)

            with transaction(storage) as begun:
                loaded = begun.repository(Parcel).get(stored.id)
                begun.repository(Parcel).remove(loaded)
                if flush:
                    begun.flush()

                assert list(begun.tracked()) == [loaded]

        def test_tracks_nothing_that_was_only_streamed(self, storage: Storage) -> None:
            Work(storage).stores(a_parcel())

            with transaction(storage) as begun:
                list(begun.repository(Parcel).stream())

                assert list(begun.tracked()) == []

    class WhenJobsAreAdded:
        def test_stores_them_as_pending(self, storage: Storage) -> None:
            context = Context("c-1", "command-1", "ada", "north", deadline=NOON)
            new = a_job(queue="mail", payload='{"name":"Zoë 🧪"}', context=context, delay=timedelta(hours=1))

            store_jobs(storage, new)

            stored = storage.jobs.find(new.id)
            assert stored is not None
            assert (stored.id, stored.name, stored.queue, stored.payload) == (new.id, new.name, "mail", new.payload)
            assert stored.context == context
            assert (stored.state, stored.attempts, stored.max_attempts) == (JobState.PENDING, 0, 3)
            assert stored.timeout == timedelta(hours=1)
            assert stored.ref == new.ref

        def test_stores_a_payload_of_any_length(self, storage: Storage) -> None:
            new = a_job(payload='"' + "x" * 1_000_000 + '"')

            store_jobs(storage, new)

            stored = storage.jobs.find(new.id)
            assert stored is not None
            assert stored.payload == new.payload

        def test_stores_nothing_of_an_empty_sequence(self, storage: Storage) -> None:
            store_jobs(storage)

            assert list(storage.jobs.list()) == []

        def test_stores_nothing_without_commit(self, storage: Storage) -> None:
            begun = storage.begin()
            begun.add_jobs([a_job()])

            begun.rollback()

            assert list(storage.jobs.list()) == []

        def test_refuses_an_identifier_that_is_taken(self, storage: Storage) -> None:
            new = a_job()
            store_jobs(storage, new)

            with pytest.raises(AlreadyExists):
                store_jobs(storage, a_job(), a_job(id=new.id))

            assert [job.id for job in storage.jobs.list()] == [new.id]

        def test_refuses_the_same_identifier_twice(self, storage: Storage) -> None:
            new = a_job()

            with pytest.raises(AlreadyExists):
                store_jobs(storage, new, new)

            assert list(storage.jobs.list()) == []

    class WhenAJobIsCompleted:
        def test_has_succeeded_after_the_commit(self, storage: Storage) -> None:
            new = a_job()
            store_jobs(storage, new)
            claim = claimed(storage, new.id)

            with transaction(storage) as begun:
                begun.complete_job(new.id, claim.token)

            job = storage.jobs.find(new.id)
            assert job is not None
            assert (job.state, job.attempts, job.lease_until) == (JobState.SUCCEEDED, 1, None)
            assert job.finished_at is not None
            assert job.finished_at >= job.enqueued_at

        def test_has_succeeded_together_with_what_it_wrote(self, storage: Storage) -> None:
            new, parcel = a_job(), a_parcel()
            store_jobs(storage, new)
            claim = claimed(storage, new.id)

            with transaction(storage) as begun:
                begun.repository(Parcel).add(parcel)
                begun.complete_job(new.id, claim.token)

            assert Work(storage).sees(parcel) == contents(parcel)

        def test_is_still_held_after_a_rollback(self, storage: Storage) -> None:
            new = a_job()
            store_jobs(storage, new)
            claim = claimed(storage, new.id)
            begun = storage.begin()
            begun.complete_job(new.id, claim.token)

            begun.rollback()

            assert storage.jobs.find(new.id) == claim.job

        def test_keeps_how_an_earlier_attempt_failed(self, storage: Storage) -> None:
            new = a_job()
            store_jobs(storage, new)
            storage.jobs.retry(claimed(storage, new.id), error="the first attempt failed", wait=timedelta(0))
            claim = claimed(storage, new.id)

            with transaction(storage) as begun:
                begun.complete_job(new.id, claim.token)

            job = storage.jobs.find(new.id)
            assert job is not None
            assert job.error == "the first attempt failed"

    class WhenTheClaimDoesNotHoldTheJobAnyMore:
        @staticmethod
        def lost(storage: Storage, how: str) -> tuple[UUID, UUID]:
            """Store a job, claim it, lose it, and return the identifier and the token that is worth nothing now."""
            new = a_job()
            store_jobs(storage, new)
            claim = storage.jobs.claim(new.id, lease=timedelta(0))
            assert claim is not None
            if how == "taken over":
                claimed(storage, new.id)
            elif how == "given back":
                storage.jobs.release(claim)
            elif how == "dead":
                storage.jobs.bury(claim, error="given up")
            elif how == "succeeded":
                with transaction(storage) as begun:
                    begun.complete_job(new.id, claim.token)
            return new.id, claim.token

        @pytest.mark.parametrize("how", ["taken over", "given back", "dead", "succeeded"])
        def test_is_refused(self, storage: Storage, how: str) -> None:
            job_id, token = self.lost(storage, how)
            before = storage.jobs.list()

            with pytest.raises(LeaseLost), transaction(storage) as begun:
                begun.complete_job(job_id, token)

            assert storage.jobs.list() == before

        def test_is_refused_for_a_token_of_nobody(self, storage: Storage) -> None:
            new = a_job()
            store_jobs(storage, new)
            claimed(storage, new.id)

            with pytest.raises(LeaseLost), transaction(storage) as begun:
                begun.complete_job(new.id, uuid4())

        def test_is_refused_for_a_job_that_does_not_exist(self, storage: Storage) -> None:
            with pytest.raises(LeaseLost), transaction(storage) as begun:
                begun.complete_job(new_id(), uuid4())

        def test_stores_nothing_of_what_the_run_wrote(self, storage: Storage) -> None:
            job_id, token = self.lost(storage, "taken over")
            parcel = a_parcel()

            with pytest.raises(LeaseLost), transaction(storage) as begun:
                begun.repository(Parcel).add(parcel)
                begun.flush()
                begun.complete_job(job_id, token)

            assert Work(storage).sees(parcel) is None

    class WhenEventsAreAdded:
        def test_gives_them_back_as_they_were(self, storage: Storage) -> None:
            event = an_event(
                payload='{"name":"Zoë 🧪"}',
                context=Context("c-1", "command-1", "ada", "north", deadline=NOON),
                recorded_at=NOON + timedelta(microseconds=1),
            )

            with transaction(storage) as begun:
                begun.add_events([event])

            assert list(storage.events()) == [event]

        def test_gives_the_oldest_first(self, storage: Storage) -> None:
            events = [an_event(recorded_at=NOON + timedelta(microseconds=offset)) for offset in range(3)]

            for event in reversed(events):
                with transaction(storage) as begun:
                    begun.add_events([event])

            assert list(storage.events()) == events

        def test_gives_more_than_a_portion(self, storage: Storage) -> None:
            events = [an_event(recorded_at=NOON + timedelta(microseconds=offset)) for offset in range(1203)]

            with transaction(storage) as begun:
                begun.add_events(events)

            assert list(storage.events()) == events

        def test_stores_nothing_of_an_empty_sequence(self, storage: Storage) -> None:
            with transaction(storage) as begun:
                begun.add_events([])

            assert list(storage.events()) == []

        def test_stores_nothing_without_commit(self, storage: Storage) -> None:
            begun = storage.begin()
            begun.add_events([an_event()])

            begun.rollback()

            assert list(storage.events()) == []

    class WhenEventsAreRead:
        def test_does_not_hold_up_those_who_write(self, storage: Storage) -> None:
            with transaction(storage) as begun:
                begun.add_events([an_event(), an_event()])
            parcel = a_parcel()

            with closing(storage.events()) as events:  # type: ignore[type-var]
                next(events)
                written = in_another_thread(lambda: Work(storage).stores(parcel))

            assert written
            assert Work(storage).sees(parcel) == contents(parcel)

        def test_can_be_left_before_the_end(self, storage: Storage) -> None:
            with transaction(storage) as begun:
                begun.add_events([an_event(), an_event()])

            next(storage.events())

            assert len(list(storage.events())) == 2

    class WhenItIsClosed:
        def test_may_be_closed_without_having_been_used(self, storage: Storage) -> None:
            storage.close()

        def test_may_be_closed_twice(self, storage: Storage) -> None:
            storage.check()

            storage.close()
            storage.close()


def in_another_thread(call: Callable[[], object]) -> bool:
    """Call a function in a thread and return whether it came to its end; a thread that hangs ends with the process."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return not thread.is_alive()
