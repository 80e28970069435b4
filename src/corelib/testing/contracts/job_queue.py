"""The contract of `corelib.ports.job_queue.JobQueue`, as units of work offer it."""
# ruff: noqa: D102, D106, PT012 - test names are the sentences; any statement of a unit of work may raise, commit at the latest

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar

import pytest

from corelib.adapters.cattrs import CattrsCodec
from corelib.application.context import use_context
from corelib.application.jobs.description import job
from corelib.domain.context import Context
from corelib.domain.identifiers import new_id
from corelib.domain.job import JobRef, JobState
from corelib.errors import AlreadyExists, JobExists, MisuseError, UnboundHandler, ValidationFailed
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import (
    Anything,
    CountItems,
    StoreContract,
    Work,
    count_anything,
    count_items,
    count_once,
    unregistered,
)
from corelib.testing.contracts.samples import Parcel, a_parcel

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class JobQueueContract(StoreContract):
    """A job is enqueued with the transaction, or not at all."""

    port: ClassVar[str] = "JobQueue"

    @pytest.fixture
    def work(self, storage: Storage) -> Work:
        """Return what makes units of work."""
        return Work(storage)

    class WhenTheUnitOfWorkIsCommitted:
        def test_stores_the_job_as_its_handler_is_described(self, work: Work, storage: Storage) -> None:
            with work.unit() as uow:
                job_id = uow.jobs.enqueue(count_items, CountItems(new_id()))
                uow.commit()

            stored = storage.jobs.find(job_id)
            assert stored is not None
            assert (stored.name, stored.queue, stored.state) == ("count_items", "counting", JobState.PENDING)
            assert (stored.attempts, stored.max_attempts) == (0, 3)
            assert (stored.timeout, stored.lease_until) == (timedelta(minutes=1), None)
            assert (stored.finished_at, stored.error) == (None, None)

        def test_stores_the_payload(self, work: Work, storage: Storage) -> None:
            payload = CountItems(new_id())

            with work.unit() as uow:
                job_id = uow.jobs.enqueue(count_items, payload)
                uow.commit()

            stored = storage.jobs.find(job_id)
            assert stored is not None
            assert CattrsCodec().decode(stored.payload, CountItems) == payload

        def test_stores_the_context_of_the_caller(self, work: Work, storage: Storage) -> None:
            context = Context(correlation_id="c-1", causation_id="command-1", principal="ada", tenant="north")

            with use_context(context), work.unit() as uow:
                job_id = uow.jobs.enqueue(count_items, CountItems(new_id()))
                uow.commit()

            stored = storage.jobs.find(job_id)
            assert stored is not None
            assert stored.context == context

        def test_gives_each_job_an_identifier_of_its_own(self, work: Work, storage: Storage) -> None:
            payload = CountItems(new_id())

            with work.unit() as uow:
                first = uow.jobs.enqueue(count_items, payload)
                second = uow.jobs.enqueue(count_items, payload)
                uow.commit()

            assert [job.id for job in storage.jobs.list()] == [first, second]

        def test_wakes_the_workers(self, work: Work) -> None:
            with work.unit() as uow:
                job_id = uow.jobs.enqueue(count_items, CountItems(new_id()))
                uow.commit()

            assert work.transport.take() == JobRef(job_id, "counting")

        def test_can_be_claimed_at_once(self, work: Work, storage: Storage) -> None:
            with work.unit() as uow:
                job_id = uow.jobs.enqueue(count_items, CountItems(new_id()))
                uow.commit()

            assert storage.jobs.claim(job_id) is not None

    class WhenTheUnitOfWorkIsNotYetCommitted:
        @pytest.mark.parametrize("flush", [False, True], ids=["unflushed", "flushed"])
        def test_has_not_woken_anybody(self, work: Work, flush: bool) -> None:  # noqa: FBT001 - a parameter
            with work.unit() as uow:
                uow.jobs.enqueue(count_items, CountItems(new_id()))
                if flush:
                    uow.flush()

                assert work.transport.take() is None

        def test_shows_no_job_to_others(self, work: Work, storage: Storage) -> None:
            with work.unit() as uow:
                job_id = uow.jobs.enqueue(count_items, CountItems(new_id()))

                assert storage.jobs.find(job_id) is None

    class WhenTheUnitOfWorkIsNeverCommitted:
        @pytest.mark.parametrize("flush", [False, True], ids=["unflushed", "flushed"])
        def test_enqueues_nothing(self, work: Work, storage: Storage, flush: bool) -> None:  # noqa: FBT001 - a parameter
            with work.unit() as uow:
                uow.jobs.enqueue(count_items, CountItems(new_id()))
                if flush:
                    uow.flush()

            assert list(storage.jobs.list()) == []
            assert work.transport.take() is None

        def test_enqueues_nothing_when_the_commit_is_refused(self, work: Work, storage: Storage) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with pytest.raises(AlreadyExists), work.unit() as uow:
                uow.repository(Parcel).add(a_parcel(id=parcel.id))
                uow.jobs.enqueue(count_items, CountItems(parcel.id))
                uow.commit()

            assert list(storage.jobs.list()) == []
            assert work.transport.take() is None

    class WhenAJobIsToWait:
        def test_is_due_after_its_delay(self, work: Work, storage: Storage) -> None:
            with work.unit() as uow:
                job_id = uow.jobs.enqueue(count_items, CountItems(new_id()), delay=timedelta(hours=1))
                uow.commit()

            stored = storage.jobs.find(job_id)
            assert stored is not None
            waits = stored.due_at - stored.enqueued_at
            assert timedelta(hours=1) <= waits < timedelta(hours=1, seconds=10)
            assert storage.jobs.claim(job_id) is None

        def test_wakes_nobody(self, work: Work) -> None:
            with work.unit() as uow:
                uow.jobs.enqueue(count_items, CountItems(new_id()), delay=timedelta(hours=1))
                uow.commit()

            assert work.transport.take() is None

    class WhenAJobHasAPriority:
        def test_has_that_of_its_description(self, work: Work, storage: Storage) -> None:
            with work.unit() as uow:
                job_id = uow.jobs.enqueue(count_items, CountItems(new_id()))
                uow.commit()

            stored = storage.jobs.find(job_id)
            assert stored is not None
            assert stored.priority == 0

        def test_can_be_given_another(self, work: Work, storage: Storage) -> None:
            with work.unit() as uow:
                job_id = uow.jobs.enqueue(count_items, CountItems(new_id()), priority=-7)
                uow.commit()

            stored = storage.jobs.find(job_id)
            assert stored is not None
            assert stored.priority == -7

        @pytest.mark.parametrize("priority", [-101, 101])
        def test_refuses_one_out_of_range(self, work: Work, priority: int) -> None:
            with work.unit() as uow, pytest.raises(MisuseError):
                uow.jobs.enqueue(count_items, CountItems(new_id()), priority=priority)

    class WhenAJobIsForAnInstant:
        def test_is_due_then(self, work: Work, storage: Storage) -> None:
            instant = datetime(2999, 12, 31, 23, 59, 59, 123456, tzinfo=UTC)

            with work.unit() as uow:
                job_id = uow.jobs.enqueue(count_items, CountItems(new_id()), at=instant)
                uow.commit()

            stored = storage.jobs.find(job_id)
            assert stored is not None
            assert stored.due_at == instant
            assert work.transport.take() is None

        def test_takes_an_instant_with_any_offset(self, work: Work, storage: Storage) -> None:
            instant = datetime(2999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-8)))

            with work.unit() as uow:
                job_id = uow.jobs.enqueue(count_items, CountItems(new_id()), at=instant)
                uow.commit()

            stored = storage.jobs.find(job_id)
            assert stored is not None
            assert stored.due_at == instant

        def test_can_be_claimed_at_once_if_it_is_over(self, work: Work, storage: Storage) -> None:
            with work.unit() as uow:
                job_id = uow.jobs.enqueue(count_items, CountItems(new_id()), at=LONG_AGO)
                uow.commit()

            assert work.transport.take() == JobRef(job_id, "counting")
            assert storage.jobs.claim(job_id) is not None

        def test_is_refused_without_an_offset(self, work: Work) -> None:
            with work.unit() as uow, pytest.raises(MisuseError, match="no offset"):
                uow.jobs.enqueue(count_items, CountItems(new_id()), at=LONG_AGO.replace(tzinfo=None))

        def test_is_refused_together_with_a_delay(self, work: Work) -> None:
            with work.unit() as uow, pytest.raises(MisuseError, match="a delay and for an instant"):
                uow.jobs.enqueue(count_items, CountItems(new_id()), at=LONG_AGO, delay=timedelta(seconds=1))

    class WhenManyAreEnqueued:
        def test_stores_them_in_the_order_of_their_payloads(self, work: Work, storage: Storage) -> None:
            payloads = [CountItems(new_id()) for _ in range(25)]

            with work.unit() as uow:
                job_ids = uow.jobs.enqueue_many(count_items, payloads)
                uow.commit()

            stored = {job.id: CattrsCodec().decode(job.payload, CountItems) for job in storage.jobs.list()}
            assert [stored[job_id] for job_id in job_ids] == payloads
            assert job_ids == sorted(job_ids)

        def test_wakes_a_worker_for_each(self, work: Work) -> None:
            with work.unit() as uow:
                job_ids = uow.jobs.enqueue_many(count_items, [CountItems(new_id()) for _ in range(3)])
                uow.commit()

            assert [ref.id for ref in iter(work.transport.take, None)] == job_ids

        def test_lets_them_all_wait(self, work: Work, storage: Storage) -> None:
            with work.unit() as uow:
                uow.jobs.enqueue_many(count_items, [CountItems(new_id())], delay=timedelta(hours=1))
                uow.jobs.enqueue_many(count_items, [CountItems(new_id())], at=datetime(2999, 1, 1, tzinfo=UTC))
                uow.commit()

            assert [storage.jobs.claim(job.id) for job in storage.jobs.list()] == [None, None]
            assert work.transport.take() is None

        def test_stores_none_if_there_are_none(self, work: Work, storage: Storage) -> None:
            with work.unit() as uow:
                job_ids = uow.jobs.enqueue_many(count_items, [])
                uow.commit()

            assert job_ids == []
            assert list(storage.jobs.list()) == []

        def test_stores_none_if_one_is_refused(self, work: Work, storage: Storage) -> None:
            with work.unit() as uow:
                with pytest.raises(MisuseError):
                    uow.jobs.enqueue_many(count_items, [CountItems(new_id()), a_parcel()])
                uow.commit()

            assert list(storage.jobs.list()) == []

        def test_stores_ten_thousand(self, work: Work, storage: Storage) -> None:
            with work.unit() as uow:
                job_ids = uow.jobs.enqueue_many(count_items, (CountItems(new_id()) for _ in range(10_000)))
                uow.commit()

            assert len(set(job_ids)) == 10_000
            assert storage.jobs.count()[JobState.PENDING] == 10_000

    class WhenAJobIsUnique:
        def test_answers_with_the_job_that_is_kept(self, work: Work, storage: Storage) -> None:
            with work.unit() as uow:
                first = uow.jobs.enqueue(count_items, CountItems(new_id()), unique_key="A-1")
                uow.commit()

            with work.unit() as uow:
                second = uow.jobs.enqueue(count_items, CountItems(new_id()), unique_key="A-1")
                uow.commit()

            assert first == second
            assert [job.id for job in storage.jobs.list()] == [first]

        def test_wakes_a_worker_for_the_kept_one_too(self, work: Work) -> None:
            with work.unit() as uow:
                uow.jobs.enqueue(count_items, CountItems(new_id()), unique_key="A-1")
                uow.commit()
            first = work.transport.take()

            with work.unit() as uow:
                uow.jobs.enqueue(count_items, CountItems(new_id()), unique_key="A-1")
                uow.commit()

            assert first is not None
            assert work.transport.take() == first

        def test_is_refused_if_its_rule_says_so(self, work: Work) -> None:
            payload = CountItems(new_id())
            with work.unit() as uow:
                first = uow.jobs.enqueue(count_once, payload)
                uow.commit()

            with work.unit() as uow, pytest.raises(JobExists) as refusal:
                uow.jobs.enqueue(count_once, payload)

            assert (refusal.value.name, refusal.value.job_id) == ("count_once", first)

        def test_leaves_the_unit_of_work_usable_when_it_is_refused(self, work: Work, storage: Storage) -> None:
            payload = CountItems(new_id())
            with work.unit() as uow:
                uow.jobs.enqueue(count_once, payload)
                with pytest.raises(JobExists):
                    uow.jobs.enqueue(count_once, payload)
                uow.jobs.enqueue(count_items, payload)
                uow.commit()

            assert [job.name for job in storage.jobs.list()] == ["count_once", "count_items"]

        def test_has_a_key_of_its_own_for_each_payload(self, work: Work, storage: Storage) -> None:
            with work.unit() as uow:
                job_ids = uow.jobs.enqueue_many(count_once, [CountItems(new_id()) for _ in range(3)])
                uow.commit()

            assert {job.id for job in storage.jobs.list()} == set(job_ids)

        def test_has_a_key_of_its_own_for_each_tenant(self, work: Work, storage: Storage) -> None:
            payload = CountItems(new_id())

            for tenant in ("north", "south", None):
                with use_context(Context("c-1", tenant=tenant)), work.unit() as uow:
                    uow.jobs.enqueue(count_once, payload)
                    uow.commit()

            assert storage.jobs.count()[JobState.PENDING] == 3

        def test_is_not_enqueued_without_a_commit(self, work: Work, storage: Storage) -> None:
            with work.unit() as uow:
                uow.jobs.enqueue(count_once, CountItems(new_id()))

            assert list(storage.jobs.list()) == []
            assert work.transport.take() is None

    class WhenTheDelayIsNegative:
        def test_is_refused(self, work: Work) -> None:
            with work.unit() as uow, pytest.raises(MisuseError):
                uow.jobs.enqueue(count_items, CountItems(new_id()), delay=timedelta(microseconds=-1))

    class WhenTheHandlerIsNoJob:
        def test_is_refused(self, work: Work) -> None:
            def plain(payload: CountItems) -> None:
                """Lack the description."""

            with work.unit() as uow, pytest.raises(MisuseError):
                uow.jobs.enqueue(plain, CountItems(new_id()))

    class WhenTheHostDoesNotRunTheJob:
        def test_is_refused(self, work: Work) -> None:
            with work.unit() as uow, pytest.raises(UnboundHandler):
                uow.jobs.enqueue(unregistered, CountItems(new_id()))

        def test_is_refused_also_if_its_name_is_known(self, work: Work) -> None:
            @job(name="count_items")
            def impostor(payload: CountItems) -> None:
                """Bear the name of another job."""

            with work.unit() as uow, pytest.raises(UnboundHandler):
                uow.jobs.enqueue(impostor, CountItems(new_id()))

    class WhenThePayloadIsOfAnotherClass:
        def test_is_refused(self, work: Work) -> None:
            with work.unit() as uow, pytest.raises(MisuseError):
                uow.jobs.enqueue(count_items, a_parcel())

    class WhenThePayloadCannotBeWritten:
        def test_is_refused(self, work: Work) -> None:
            with work.unit() as uow, pytest.raises(ValidationFailed):
                uow.jobs.enqueue(count_anything, Anything(object()))

        def test_leaves_the_unit_of_work_usable(self, work: Work, storage: Storage) -> None:
            with work.unit() as uow:
                with pytest.raises(ValidationFailed):
                    uow.jobs.enqueue(count_anything, Anything(object()))
                uow.jobs.enqueue(count_items, CountItems(new_id()))
                uow.commit()

            assert [job.name for job in storage.jobs.list()] == ["count_items"]
