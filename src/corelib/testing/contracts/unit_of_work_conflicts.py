"""The contract of `corelib.ports.unit_of_work.UnitOfWork` about two of them that meet."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from typing import ClassVar

import pytest

from corelib.errors import AlreadyExists, ConcurrencyConflict, UnitOfWorkClosed
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import CountItems, StoreContract, Work, count_items
from corelib.testing.contracts.capabilities import Capability, needs
from corelib.testing.contracts.samples import Parcel, a_parcel, an_item, contents
from corelib.testing.contracts.waiting import at_the_same_time


class ConflictContract(StoreContract):
    """Whoever comes second with a change to the same aggregate is told so, and stores nothing."""

    port: ClassVar[str] = "UnitOfWork"

    @pytest.fixture
    def work(self, storage: Storage) -> Work:
        """Return what makes units of work."""
        return Work(storage)

    @needs(Capability.CONCURRENT_TRANSACTIONS)
    class WhenTwoChangeTheSameAggregate:
        def test_gives_the_second_a_conflict_with_both_versions(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id).note = "second"
                work.changes(parcel.id, "first")
                with pytest.raises(ConcurrencyConflict) as conflict:
                    uow.commit()

            assert (conflict.value.kind, conflict.value.identifier) == ("Parcel", parcel.id)
            assert (conflict.value.expected, conflict.value.found) == (1, 2)

        def test_keeps_the_change_of_the_first(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id).note = "second"
                work.changes(parcel.id, "first")
                with pytest.raises(ConcurrencyConflict):
                    uow.commit()

            assert work.sees(parcel) == {**contents(parcel), "note": "first"}

        def test_stores_nothing_of_the_second(self, work: Work, storage: Storage) -> None:
            parcel, other = a_parcel(), a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).add(other)
                uow.jobs.enqueue(count_items, CountItems(other.id))
                uow.repository(Parcel).get(parcel.id).send()
                work.changes(parcel.id, "first")
                with pytest.raises(ConcurrencyConflict):
                    uow.commit()

            assert work.sees(other) is None
            assert list(storage.jobs.list()) == []
            assert list(storage.events()) == []

        def test_has_ended_with_the_conflict(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id).note = "second"
                work.changes(parcel.id, "first")
                with pytest.raises(ConcurrencyConflict):
                    uow.commit()

                with pytest.raises(UnitOfWorkClosed):
                    uow.commit()

        def test_succeeds_when_it_is_repeated_on_what_is_there_now(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)
            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id).note = "second"
                work.changes(parcel.id, "first")
                with pytest.raises(ConcurrencyConflict):
                    uow.commit()

            work.changes(parcel.id, "second, repeated")

            assert work.sees(parcel) == {**contents(parcel), "note": "second, repeated"}

        def test_conflicts_over_parts_as_well(self, work: Work) -> None:
            parcel = a_parcel(items=[an_item()])
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id).items.append(an_item())
                work.changes(parcel.id, "first")
                with pytest.raises(ConcurrencyConflict) as conflict:
                    uow.commit()

            assert (conflict.value.expected, conflict.value.found) == (1, 2)

        def test_is_found_by_a_flush(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id).note = "second"
                work.changes(parcel.id, "first")

                with pytest.raises(ConcurrencyConflict):
                    uow.flush()

        def test_can_do_nothing_more_once_a_query_has_found_it(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.get(parcel.id).note = "second"
                work.changes(parcel.id, "first")

                with pytest.raises(ConcurrencyConflict):
                    parcels.count()
                with pytest.raises(UnitOfWorkClosed):
                    parcels.count()

    @needs(Capability.CONCURRENT_TRANSACTIONS)
    class WhenOneRemovesWhatAnotherHolds:
        def test_gives_a_change_a_conflict_with_nothing(self, work: Work) -> None:
            parcel = a_parcel(items=[an_item()])
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id).note = "second"
                work.removes(parcel.id)
                with pytest.raises(ConcurrencyConflict) as conflict:
                    uow.commit()

            assert (conflict.value.expected, conflict.value.found) == (1, None)
            assert work.sees(parcel) is None

        def test_gives_a_second_removal_a_conflict_with_nothing(self, work: Work) -> None:
            parcel = a_parcel(items=[an_item()])
            work.stores(parcel)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.remove(parcels.get(parcel.id))
                work.removes(parcel.id)
                with pytest.raises(ConcurrencyConflict) as conflict:
                    uow.commit()

            assert (conflict.value.expected, conflict.value.found) == (1, None)

        def test_gives_a_removal_after_a_change_a_conflict(self, work: Work) -> None:
            parcel = a_parcel(items=[an_item()])
            work.stores(parcel)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.remove(parcels.get(parcel.id))
                work.changes(parcel.id, "first")
                with pytest.raises(ConcurrencyConflict) as conflict:
                    uow.commit()

            assert (conflict.value.expected, conflict.value.found) == (1, 2)
            assert work.sees(parcel) == {**contents(parcel), "note": "first"}

    @needs(Capability.CONCURRENT_TRANSACTIONS)
    class WhenTwoHaveNothingInDispute:
        def test_lets_one_read_what_another_changes(self, work: Work) -> None:
            parcel, other = a_parcel(), a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id)
                work.changes(parcel.id, "first")
                uow.repository(Parcel).add(other)
                uow.commit()

            assert work.sees(other) == contents(other)

        def test_lets_them_change_different_aggregates(self, work: Work) -> None:
            parcel, other = a_parcel(), a_parcel()
            work.stores(parcel, other)

            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id).note = "second"
                uow.repository(Parcel).get(other.id)
                work.changes(other.id, "first")
                uow.commit()

            assert work.sees(parcel) == {**contents(parcel), "note": "second"}

        def test_does_not_count_a_change_that_was_taken_back(self, work: Work) -> None:
            parcel = a_parcel(note="original")
            work.stores(parcel)

            with work.unit() as uow:
                loaded = uow.repository(Parcel).get(parcel.id)
                loaded.note = "mistake"
                loaded.note = "original"
                work.changes(parcel.id, "first")
                uow.commit()

            assert work.sees(parcel) == {**contents(parcel), "note": "first"}

    @needs(Capability.CONCURRENT_TRANSACTIONS)
    class WhenTwoAddTheSameIdentifier:
        def test_refuses_the_second(self, work: Work) -> None:
            first, second = a_parcel(), a_parcel()
            second.id = first.id

            with work.unit() as uow:
                uow.repository(Parcel).add(second)
                work.stores(first)
                with pytest.raises(AlreadyExists):
                    uow.commit()

            assert work.sees(first) == contents(first)

    class WhenManyThreadsAdd:
        def test_stores_what_each_of_them_committed(self, work: Work) -> None:
            parcels = [a_parcel() for _ in range(4)]

            at_the_same_time(*(lambda parcel=parcel: work.stores(parcel) for parcel in parcels))

            assert [work.sees(parcel) for parcel in parcels] == [contents(parcel) for parcel in parcels]
