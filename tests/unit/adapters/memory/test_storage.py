from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from attrs import define, field, frozen

from corelib.adapters.memory import ManualClock, MemoryStorage
from corelib.domain.aggregate import Aggregate
from corelib.domain.context import Context
from corelib.domain.event import RecordedEvent
from corelib.domain.identifiers import new_id
from corelib.domain.job import JobState, NewJob
from corelib.errors import (
    AlreadyExists,
    ConcurrencyConflict,
    LeaseLost,
    MisuseError,
    NotFound,
    UnboundHandler,
    UnitOfWorkClosed,
)

LONG_ENOUGH = 5  # seconds that no test ever waits, unless what it waits for is broken


@frozen
class Line:
    text: str
    price: Decimal


@define(eq=False)
class Order(Aggregate):
    id: str
    lines: list[Line] = field(factory=list)
    tags: dict[str, list[str]] = field(factory=dict)


@define(eq=False, slots=False)
class Plain:
    id: str


@define(eq=False, slots=False)
class Inheriting(Plain):
    name: str = ""


class Rootless: ...


def storage() -> MemoryStorage:
    return MemoryStorage(ManualClock())


def stored(store: MemoryStorage, *orders: Order) -> None:
    transaction = store.begin()
    for order in orders:
        transaction.repository(Order).add(order)
    transaction.commit()


def loaded(store: MemoryStorage, identifier: str) -> Order:
    return store.begin().repository(Order).get(identifier)


def new_job(**changes: object) -> NewJob:
    return NewJob(**{"id": new_id(), "name": "n", "queue": "q", "payload": "{}", "context": Context("c"), **changes})


def event() -> RecordedEvent:
    return RecordedEvent(new_id(), "Placed", "{}", Context("c"), ManualClock().now())


class TestMemoryStorage:
    def test_is_always_there(self) -> None:
        store = storage()
        stored(store, Order("O-1"))

        store.check()
        store.create()
        store.close()

        assert loaded(store, "O-1").id == "O-1"

    class WhenEventsAreReadWhileOthersWrite:
        def test_does_not_hold_the_writers_up(self) -> None:
            store = storage()
            for _ in range(2):
                transaction = store.begin()
                transaction.add_events([event()])
                transaction.commit()
            reading = store.events()
            next(reading)

            writing = threading.Thread(target=stored, args=(store, Order("O-1")), daemon=True)
            writing.start()
            writing.join(LONG_ENOUGH)
            held_up = writing.is_alive()

            assert len(list(reading)) == 1
            assert not held_up
            assert loaded(store, "O-1").id == "O-1"


class TestMemoryTransaction:
    class WhenAnAggregateIsStored:
        def test_is_kept_apart_from_the_object_in_hand(self) -> None:
            store = storage()
            order = Order("O-1", [Line("a", Decimal(1))], {"colour": ["blue"]})
            stored(store, order)

            order.lines.clear()
            order.tags["colour"].append("red")

            assert loaded(store, "O-1").lines == [Line("a", Decimal(1))]
            assert loaded(store, "O-1").tags == {"colour": ["blue"]}

        def test_comes_back_without_events(self) -> None:
            store = storage()
            order = Order("O-1")
            order.record(Line("event", Decimal(1)))
            stored(store, order)

            assert loaded(store, "O-1").take_events() == ()

    class WhenAPartIsChanged:
        @pytest.mark.parametrize(
            "change",
            [
                lambda order: order.lines.append(Line("b", Decimal(2))),
                lambda order: order.lines.clear(),
                lambda order: order.tags["colour"].append("red"),
                lambda order: order.tags.update(size=["XL"]),
            ],
        )
        def test_notices_it(self, change: object) -> None:
            store = storage()
            stored(store, Order("O-1", [Line("a", Decimal(1))], {"colour": ["blue"]}))
            transaction, other = store.begin(), store.begin()
            other.repository(Order).get("O-1").lines.append(Line("c", Decimal(3)))
            change(transaction.repository(Order).get("O-1"))
            other.commit()

            with pytest.raises(ConcurrencyConflict, match="loaded as version 1, but it is version 2 now"):
                transaction.commit()

    class WhenNothingIsChanged:
        def test_writes_nothing_and_meets_no_conflict(self) -> None:
            store = storage()
            stored(store, Order("O-1"))
            transaction, other = store.begin(), store.begin()
            transaction.repository(Order).get("O-1")
            other.repository(Order).get("O-1").tags["size"] = ["XL"]
            other.commit()

            transaction.commit()

            assert loaded(store, "O-1").tags == {"size": ["XL"]}

    class WhenAnAggregateIsRemoved:
        def test_is_gone_for_itself_at_once_and_for_others_after_the_commit(self) -> None:
            store = storage()
            stored(store, Order("O-1"), Order("O-2"))
            transaction = store.begin()
            orders = transaction.repository(Order)

            orders.remove(orders.get("O-1"))

            assert orders.find("O-1") is None
            assert (orders.count(), [order.id for order in orders.stream()]) == (1, ["O-2"])
            assert store.begin().repository(Order).count() == 2
            transaction.commit()
            assert store.begin().repository(Order).count() == 1

        def test_that_was_only_just_added_is_forgotten(self) -> None:
            store = storage()
            transaction = store.begin()
            order = Order("O-1")
            transaction.repository(Order).add(order)

            transaction.repository(Order).remove(order)

            transaction.commit()
            assert store.begin().repository(Order).count() == 0

        def test_conflicts_if_it_is_gone_already(self) -> None:
            store = storage()
            stored(store, Order("O-1"))
            first, second = store.begin(), store.begin()
            for transaction in (first, second):
                transaction.repository(Order).remove(transaction.repository(Order).get("O-1"))
            first.commit()

            with pytest.raises(ConcurrencyConflict, match="it is gone"):
                second.commit()

        def test_has_to_belong_to_the_transaction(self) -> None:
            store = storage()
            stored(store, Order("O-1"))
            order = loaded(store, "O-1")

            with pytest.raises(MisuseError, match="'O-1' does not belong to this unit of work"):
                store.begin().repository(Order).remove(order)

    class WhenAnIdentifierIsTaken:
        def test_refuses_it_at_once_within_the_transaction(self) -> None:
            orders = storage().begin().repository(Order)
            orders.add(Order("O-1"))

            with pytest.raises(AlreadyExists, match="'O-1'"):
                orders.add(Order("O-1"))

        def test_refuses_everything_on_commit(self) -> None:
            store = storage()
            stored(store, Order("O-1"))

            with pytest.raises(AlreadyExists, match="'O-1'"):
                stored(store, Order("O-0"), Order("O-1"))

            assert store.begin().repository(Order).find("O-0") is None

    class WhenAggregatesAreRead:
        def test_gives_one_object_for_one_identifier(self) -> None:
            store = storage()
            stored(store, Order("O-1"))
            orders = store.begin().repository(Order)

            assert orders.get("O-1") is orders.find("O-1")

        def test_finds_many_in_the_order_asked(self) -> None:
            store = storage()
            stored(store, Order("O-1"), Order("O-2"), Order("O-3"))

            found = store.begin().repository(Order).find_many(["O-3", "O-9", "O-1", "O-3"])

            assert [order.id for order in found] == ["O-3", "O-1"]

        def test_streams_copies_in_the_order_of_the_identifiers(self) -> None:
            store = storage()
            stored(store, Order("O-2"), Order("O-1"))
            transaction = store.begin()
            transaction.repository(Order).add(Order("O-3"))

            streamed = list(transaction.repository(Order).stream())

            streamed[0].tags["size"] = ["XL"]
            transaction.commit()
            assert [order.id for order in streamed] == ["O-1", "O-2", "O-3"]
            assert loaded(store, "O-1").tags == {}

        def test_says_which_one_is_missing(self) -> None:
            with pytest.raises(NotFound, match="no Order with the identifier 'O-1'"):
                storage().begin().repository(Order).get("O-1")

    class WhenOneOfManyIsMissing:
        def test_has_the_others_in_hand_as_an_engine_does(self) -> None:
            store = storage()
            stored(store, Order("O-1"))
            orders = store.begin().repository(Order)

            with pytest.raises(NotFound):
                orders.get_many(["O-2", "O-1"])

            with pytest.raises(AlreadyExists):
                orders.add(Order("O-1"))

    class WhenItHasBeenRefused:
        def test_gives_out_no_collection(self) -> None:
            store = storage()
            stored(store, Order("O-1"))
            transaction = store.begin()
            transaction.repository(Order).add(Order("O-1"))
            with pytest.raises(AlreadyExists):
                transaction.flush()

            with pytest.raises(UnitOfWorkClosed):
                transaction.repository(Order)

    class WhenAClassIsNoAggregateRoot:
        def test_refuses_it(self) -> None:
            with pytest.raises(UnboundHandler, match="Rootless has no field `id`"):
                storage().begin().repository(Rootless)

        def test_refuses_an_object_in_the_place_of_another(self) -> None:
            with pytest.raises(MisuseError, match="Rootless has no field `id`"):
                storage().begin().repository(Order).add(Rootless())

    class WhenAClassInheritsItsIdentifier:
        @pytest.mark.parametrize("kind", [Plain, Inheriting])
        def test_keeps_it(self, kind: type[Plain]) -> None:
            store = storage()
            transaction = store.begin()
            transaction.repository(kind).add(kind("P-1"))
            transaction.commit()

            assert store.begin().repository(kind).get("P-1").id == "P-1"

    class WhenItIsRolledBack:
        def test_forgets_everything(self) -> None:
            store = storage()
            transaction = store.begin()
            transaction.repository(Order).add(Order("O-1"))

            transaction.rollback()

            assert list(transaction.tracked()) == []
            assert store.begin().repository(Order).count() == 0

    class WhenItCompletesAJob:
        def test_marks_it_with_the_commit(self) -> None:
            store = storage()
            job = new_job()
            store.jobs.add([job])
            claim = store.jobs.claim(job.id)
            transaction = store.begin()

            transaction.complete_job(job.id, claim.token)

            assert store.jobs.find(job.id).state is JobState.RUNNING
            transaction.commit()
            assert store.jobs.find(job.id).state is JobState.SUCCEEDED

        def test_refuses_a_token_that_does_not_hold_it(self) -> None:
            store = storage()
            job = new_job()
            store.jobs.add([job])
            store.jobs.claim(job.id)

            with pytest.raises(LeaseLost):
                store.begin().complete_job(job.id, new_id())

        def test_stores_nothing_if_the_lease_is_lost_before_the_commit(self) -> None:
            store = storage()
            job = new_job()
            store.jobs.add([job])
            claim = store.jobs.claim(job.id)
            transaction = store.begin()
            transaction.repository(Order).add(Order("O-1"))
            transaction.complete_job(job.id, claim.token)
            store.jobs.release(claim)

            with pytest.raises(LeaseLost):
                transaction.commit()

            assert store.begin().repository(Order).count() == 0
            assert store.jobs.find(job.id).state is JobState.PENDING


class TestMemoryJobStore:
    class WhenAnIdentifierIsTaken:
        def test_refuses_all_jobs_of_the_transaction(self) -> None:
            store = storage()
            taken = new_job()
            store.jobs.add([taken])
            transaction = store.begin()
            transaction.add_jobs([new_job(), taken])

            with pytest.raises(AlreadyExists, match=str(taken.id)):
                transaction.commit()

            assert [job.id for job in store.jobs.list()] == [taken.id]

    class WhenJobsAreRead:
        def test_streams_all_of_a_state(self) -> None:
            store = storage()
            jobs = [new_job() for _ in range(150)]
            store.jobs.add(jobs)
            claim = store.jobs.claim(jobs[0].id)

            pending = [job.id for job in store.jobs.stream(state=JobState.PENDING)]

            assert claim is not None
            assert pending == [job.id for job in jobs[1:]]

        def test_lists_no_more_than_the_limit(self) -> None:
            store = storage()
            jobs = [new_job() for _ in range(3)]
            store.jobs.add(jobs)

            listed = store.jobs.list(limit=2)

            assert [job.id for job in listed] == [job.id for job in jobs[:2]]

    class WhenAJobIsClaimed:
        def test_is_left_to_its_worker_until_the_lease_ends(self) -> None:
            clock = ManualClock()
            store = MemoryStorage(clock)
            job = new_job(max_attempts=2, timeout=timedelta(seconds=30))
            store.jobs.add([job])
            store.jobs.claim(job.id)
            clock.advance(timedelta(seconds=29.9))

            before = store.jobs.claim(job.id)
            clock.advance(timedelta(seconds=0.1))
            after = store.jobs.claim(job.id)

            assert before is None
            assert after is not None

    class WhenAClaimDoesNotHoldTheJobAnyMore:
        def test_settles_nothing(self) -> None:
            store = storage()
            job = new_job()
            store.jobs.add([job])
            claim = store.jobs.claim(job.id)
            store.jobs.release(claim)
            before = store.jobs.find(job.id)

            settled = [
                store.jobs.retry(claim, error="x", wait=timedelta(0)),
                store.jobs.bury(claim, error="x"),
                store.jobs.release(claim),
            ]

            assert settled == [False, False, False]
            assert store.jobs.find(job.id) == before
