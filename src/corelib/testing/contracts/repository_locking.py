"""The contract of `corelib.ports.repository.Repository` about locks."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import ClassVar
from uuid import UUID

import pytest

from corelib.domain.specification import ascending, descending, where
from corelib.errors import ConcurrencyConflict, NotFound, RowLocked, TransientFailure
from corelib.ports.repository import Locking
from corelib.ports.storage import Storage, Terms, Transaction
from corelib.testing.contracts.arranging import StoreContract, Work, transaction, undone
from corelib.testing.contracts.capabilities import Capability, needs
from corelib.testing.contracts.samples import Parcel, a_parcel, an_item, contents
from corelib.testing.contracts.waiting import PATIENCE, at_the_same_time, happens

BRIEFLY = Terms(lock_timeout=timedelta(milliseconds=200))
PATIENTLY = Terms(lock_timeout=timedelta(seconds=PATIENCE))
LOCKING = list(Locking)


class LockingContract(StoreContract):
    """Whoever has locked an aggregate is alone with it until the end of his transaction."""

    port: ClassVar[str] = "Repository"

    @pytest.fixture
    def work(self, storage: Storage) -> Work:
        """Return what makes units of work."""
        return Work(storage)

    class WhenNobodyElseIsThere:
        @pytest.mark.parametrize("lock", LOCKING)
        def test_returns_what_it_returns_without_a_lock(self, work: Work, lock: Locking) -> None:
            first, second = a_parcel(note="a", items=[an_item()]), a_parcel(note="b")
            work.stores(first, second)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                got, found = parcels.get(first.id, lock=lock), parcels.find(second.id, lock=lock)
                listed = parcels.list(where("note") >= "a", sort=[descending("note")], lock=lock)
                limited = parcels.list(sort=[ascending("note")], limit=1, lock=lock)

            assert contents(got) == contents(first)
            assert listed == [found, got]
            assert limited == [got]

        @pytest.mark.parametrize("lock", LOCKING)
        def test_misses_what_is_not_there(self, work: Work, lock: Locking) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                parcels = uow.repository(Parcel)

                assert parcels.find(parcel.id, lock=lock) is None
                assert list(parcels.list(lock=lock)) == []
                with pytest.raises(NotFound):
                    parcels.get(parcel.id, lock=lock)

        @pytest.mark.parametrize("lock", LOCKING)
        def test_keeps_what_was_changed_and_added_here(self, work: Work, lock: Locking) -> None:
            stored, added = a_parcel(), a_parcel()
            work.stores(stored)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.get(stored.id).note = "changed"
                parcels.add(added)

                assert parcels.get(stored.id, lock=lock).note == "changed"
                assert parcels.find(added.id, lock=lock) is added
                assert {parcel.id for parcel in parcels.list(lock=lock)} == {stored.id, added.id}
                uow.commit()

            assert (work.sees(stored) or {})["note"] == "changed"

        def test_leaves_out_what_was_removed_here(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.remove(parcels.get(parcel.id))

                assert parcels.find(parcel.id, lock=Locking.WAIT) is None
                assert list(parcels.list(lock=Locking.WAIT)) == []

    @needs(Capability.CONCURRENT_TRANSACTIONS)
    @needs(Capability.ROW_LOCKS)
    class WhenSomebodyElseHoldsALock:
        def test_is_refused_at_once_if_it_does_not_want_to_wait(self, work: Work, storage: Storage) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with locked(storage, parcel.id):
                for ask in (get, find, list_all):
                    with undone(storage) as other, pytest.raises(RowLocked):
                        ask(other, parcel.id, Locking.FAIL)

        def test_passes_over_it_if_told_so(self, work: Work, storage: Storage) -> None:
            parcel, free = a_parcel(), a_parcel()
            work.stores(parcel, free)

            with locked(storage, parcel.id), undone(storage) as other:
                parcels = other.repository(Parcel)

                assert parcels.find(parcel.id, lock=Locking.SKIP) is None
                with pytest.raises(NotFound):
                    parcels.get(parcel.id, lock=Locking.SKIP)
                assert [found.id for found in parcels.list(lock=Locking.SKIP)] == [free.id]

        def test_is_refused_when_the_lock_timeout_is_over(self, work: Work, storage: Storage) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with locked(storage, parcel.id):
                for ask in (get, find, list_all):
                    with pytest.raises(RowLocked):
                        elsewhere(partial(self._try, storage, parcel.id, ask))

        @staticmethod
        def _try(storage: Storage, identifier: UUID, ask: Callable[[Transaction, UUID, Locking], object]) -> None:
            with undone(storage, BRIEFLY) as other:
                ask(other, identifier, Locking.WAIT)

        def test_waits_and_sees_what_the_other_has_committed(self, work: Work, storage: Storage) -> None:
            parcel = a_parcel(note="before")
            work.stores(parcel)
            asking = threading.Event()

            def wait() -> str | None:
                with undone(storage, PATIENTLY) as other:
                    asking.set()
                    return other.repository(Parcel).get(parcel.id, lock=Locking.WAIT).note

            with ThreadPoolExecutor(1) as threads:
                with transaction(storage) as holder:
                    holder.repository(Parcel).get(parcel.id, lock=Locking.WAIT).note = "after"
                    answer = threads.submit(wait)
                    assert happens(asking)

                assert answer.result(PATIENCE) == "after"

        def test_waits_and_misses_what_the_other_has_removed(self, work: Work, storage: Storage) -> None:
            parcel = a_parcel(items=[an_item()])
            work.stores(parcel)
            asking = threading.Event()

            def wait() -> Parcel | None:
                with undone(storage, PATIENTLY) as other:
                    asking.set()
                    return other.repository(Parcel).find(parcel.id, lock=Locking.WAIT)

            with ThreadPoolExecutor(1) as threads:
                with transaction(storage) as holder:
                    parcels = holder.repository(Parcel)
                    parcels.remove(parcels.get(parcel.id, lock=Locking.WAIT))
                    answer = threads.submit(wait)
                    assert happens(asking)

                assert answer.result(PATIENCE) is None

        def test_gets_it_once_the_other_has_ended(self, work: Work, storage: Storage) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with locked(storage, parcel.id):
                pass
            with transaction(storage) as holder:
                holder.repository(Parcel).get(parcel.id, lock=Locking.FAIL).note = "changed"

            with undone(storage) as other:
                assert other.repository(Parcel).get(parcel.id, lock=Locking.FAIL).note == "changed"

        def test_reads_without_a_lock_meanwhile(self, work: Work, storage: Storage) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with locked(storage, parcel.id), undone(storage, BRIEFLY) as other:
                parcels = other.repository(Parcel)

                assert parcels.get(parcel.id).label == parcel.label
                assert len(parcels.list()) == 1
                assert parcels.count() == 1
                assert len(list(parcels.stream())) == 1

        def test_cannot_change_it_meanwhile(self, work: Work, storage: Storage) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            def change() -> None:
                with undone(storage, BRIEFLY) as other:
                    other.repository(Parcel).get(parcel.id).note = "changed"
                    other.flush()

            with locked(storage, parcel.id), pytest.raises(RowLocked):
                elsewhere(change)

        def test_cannot_remove_it_meanwhile(self, work: Work, storage: Storage) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            def remove() -> None:
                with undone(storage, BRIEFLY) as other:
                    parcels = other.repository(Parcel)
                    parcels.remove(parcels.get(parcel.id))
                    other.flush()

            with locked(storage, parcel.id), pytest.raises(RowLocked):
                elsewhere(remove)

        def test_cannot_change_it_by_specification_meanwhile(self, work: Work, storage: Storage) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            def update() -> None:
                with undone(storage, BRIEFLY) as other:
                    other.repository(Parcel).update_where(None, {"note": "changed"})

            with locked(storage, parcel.id), pytest.raises(RowLocked):
                elsewhere(update)

        def test_may_lock_another_one(self, work: Work, storage: Storage) -> None:
            parcel, other_parcel = a_parcel(), a_parcel()
            work.stores(parcel, other_parcel)

            with locked(storage, parcel.id), undone(storage) as other:
                assert other.repository(Parcel).get(other_parcel.id, lock=Locking.FAIL).id == other_parcel.id

    @needs(Capability.CONCURRENT_TRANSACTIONS)
    @needs(Capability.ROW_LOCKS)
    class WhenSomebodyElseHasWrittenIt:
        def test_counts_as_locked(self, work: Work, storage: Storage) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with undone(storage) as writer:
                writer.repository(Parcel).get(parcel.id).note = "changed"
                writer.flush()
                with undone(storage) as other, pytest.raises(RowLocked):
                    other.repository(Parcel).get(parcel.id, lock=Locking.FAIL)

        def test_counts_as_written_once_he_locks_anything(self, work: Work, storage: Storage) -> None:
            parcel, other_parcel = a_parcel(), a_parcel()
            work.stores(parcel, other_parcel)

            with undone(storage) as writer:
                writer.repository(Parcel).get(parcel.id).note = "changed"
                writer.repository(Parcel).get(other_parcel.id, lock=Locking.WAIT)
                with undone(storage) as other, pytest.raises(RowLocked):
                    other.repository(Parcel).get(parcel.id, lock=Locking.FAIL)

    @needs(Capability.CONCURRENT_TRANSACTIONS)
    @needs(Capability.ROW_LOCKS)
    class WhenWorkIsShared:
        def test_gives_each_his_own(self, work: Work, storage: Storage) -> None:
            work.stores(*(a_parcel() for _ in range(5)))

            with undone(storage) as first, undone(storage) as second, undone(storage) as third:
                shares = [
                    {parcel.id for parcel in begun.repository(Parcel).list(limit=2, lock=Locking.SKIP)}
                    for begun in (first, second, third)
                ]

            assert [len(share) for share in shares] == [2, 2, 1]
            assert len(set().union(*shares)) == 5

        def test_leaves_nothing_undone(self, work: Work, storage: Storage) -> None:
            parcel = a_parcel(note="0")
            work.stores(parcel)

            def count() -> None:
                for _ in range(5):
                    with transaction(storage, PATIENTLY) as begun:
                        found = begun.repository(Parcel).get(parcel.id, lock=Locking.WAIT)
                        found.note = str(int(found.note or "0") + 1)

            at_the_same_time(count, count, count)

            assert (work.sees(parcel) or {})["note"] == "15"

    @needs(Capability.CONCURRENT_TRANSACTIONS)
    class WhenAnAggregateInHandIsLocked:
        @pytest.mark.parametrize("lock", LOCKING)
        def test_is_a_conflict_if_somebody_has_changed_it(self, work: Work, storage: Storage, lock: Locking) -> None:
            for ask in (get, find, list_all):
                parcel = a_parcel()
                work.stores(parcel)

                with undone(storage) as begun:
                    begun.repository(Parcel).get(parcel.id)
                    work.changes(parcel.id, "changed")
                    with pytest.raises(ConcurrencyConflict) as conflict:
                        ask(begun, parcel.id, lock)

                assert (conflict.value.identifier, conflict.value.expected, conflict.value.found) == (parcel.id, 1, 2)

        def test_is_a_conflict_if_somebody_has_removed_it(self, work: Work, storage: Storage) -> None:
            for ask in (get, find):
                parcel = a_parcel()
                work.stores(parcel)

                with undone(storage) as begun:
                    begun.repository(Parcel).get(parcel.id)
                    work.removes(parcel.id)
                    with pytest.raises(ConcurrencyConflict) as conflict:
                        ask(begun, parcel.id, Locking.WAIT)

                assert (conflict.value.expected, conflict.value.found) == (1, None)

        def test_is_no_conflict_without_a_lock(self, work: Work, storage: Storage) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with undone(storage) as begun:
                loaded = begun.repository(Parcel).get(parcel.id)
                work.changes(parcel.id, "changed")

                assert begun.repository(Parcel).get(parcel.id) is loaded

        def test_is_the_same_object_if_nobody_has(self, work: Work, storage: Storage) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with undone(storage) as begun:
                parcels = begun.repository(Parcel)
                loaded = parcels.get(parcel.id)

                assert parcels.get(parcel.id, lock=Locking.WAIT) is loaded
                assert parcels.list(lock=Locking.FAIL) == [loaded]

    @needs(Capability.CONCURRENT_TRANSACTIONS)
    @needs(Capability.ROW_LOCKS)
    class WhenTwoWaitForEachOther:
        def test_gives_one_a_transient_failure_and_lets_the_other_go_on(self, work: Work, storage: Storage) -> None:
            first, second = a_parcel(), a_parcel()
            work.stores(first, second)
            both_hold = threading.Barrier(2)

            def cross(mine: UUID, yours: UUID) -> str:
                try:
                    with transaction(storage, PATIENTLY) as begun:
                        parcels = begun.repository(Parcel)
                        parcels.get(mine, lock=Locking.WAIT)
                        both_hold.wait(PATIENCE)
                        parcels.get(yours, lock=Locking.WAIT).note = "both"
                except TransientFailure:
                    return "given up"
                return "done"

            outcomes = at_the_same_time(lambda: cross(first.id, second.id), lambda: cross(second.id, first.id))

            assert sorted(outcomes) == ["done", "given up"]


def get(begun: Transaction, identifier: UUID, lock: Locking) -> object:
    """Ask for a parcel that has to be there."""
    return begun.repository(Parcel).get(identifier, lock=lock)


def find(begun: Transaction, identifier: UUID, lock: Locking) -> object:
    """Ask for a parcel that may be there."""
    return begun.repository(Parcel).find(identifier, lock=lock)


def list_all(begun: Transaction, identifier: UUID, lock: Locking) -> object:
    """Ask for parcels by a specification."""
    return begun.repository(Parcel).list(where("id") == identifier, lock=lock)


@contextmanager
def locked(storage: Storage, identifier: UUID) -> Iterator[None]:
    """Hold the lock of a parcel within a block."""
    with undone(storage) as holder:
        get(holder, identifier, Locking.WAIT)
        yield


def elsewhere(call: Callable[[], object]) -> object:
    """Call a function in another thread and return its answer."""
    (answer,) = at_the_same_time(call)
    return answer
