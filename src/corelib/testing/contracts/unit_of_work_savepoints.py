"""The contract of `corelib.ports.unit_of_work.UnitOfWork` about savepoints."""
# ruff: noqa: D102, D106, PT012 - the names of the tests are their sentences; the block of a savepoint has several statements

from __future__ import annotations

import contextlib
from typing import ClassVar

import pytest

from corelib.errors import (
    AlreadyExists,
    ConcurrencyConflict,
    InvalidData,
    MisuseError,
    ReferenceViolation,
    UnitOfWorkClosed,
)
from corelib.ports.storage import Storage
from corelib.ports.unit_of_work import UnitOfWork
from corelib.testing.contracts.arranging import CountItems, StoreContract, Work, count_items
from corelib.testing.contracts.capabilities import Capability, needs
from corelib.testing.contracts.samples import Parcel, a_parcel, an_item, contents


class OutOfStampsError(Exception):
    """What a block fails with."""


class SavepointContract(StoreContract):
    """A part of a unit of work is undone, and only that."""

    port: ClassVar[str] = "UnitOfWork"

    @pytest.fixture
    def work(self, storage: Storage) -> Work:
        """Return what makes units of work."""
        return Work(storage)

    class WhenItsBlockSucceeds:
        def test_stores_what_was_done_before_within_and_after(self, work: Work) -> None:
            before, within, after = a_parcel(), a_parcel(), a_parcel()

            with work.unit() as uow:
                uow.repository(Parcel).add(before)
                with uow.savepoint():
                    uow.repository(Parcel).add(within)
                uow.repository(Parcel).add(after)
                uow.commit()

            assert [work.sees(parcel) for parcel in (before, within, after)] == [
                contents(parcel) for parcel in (before, within, after)
            ]

        def test_stores_a_change_that_goes_on_afterwards(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                loaded = uow.repository(Parcel).get(parcel.id)
                with uow.savepoint():
                    loaded.note = "within"
                    loaded.items.append(an_item())
                loaded.label += "-after"
                uow.commit()

            assert work.sees(parcel) == contents(loaded)

        def test_stores_nothing_without_the_commit(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit() as uow, uow.savepoint():
                uow.repository(Parcel).add(parcel)

            assert work.sees(parcel) is None

        def test_may_have_done_nothing(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                with uow.savepoint():
                    pass
                uow.repository(Parcel).add(parcel)
                uow.commit()

            assert work.sees(parcel) == contents(parcel)

    class WhenItsBlockFails:
        def test_lets_the_error_through(self, work: Work) -> None:
            with work.unit() as uow, pytest.raises(OutOfStampsError), uow.savepoint():
                raise OutOfStampsError

        def test_stores_what_was_done_before_and_after(self, work: Work) -> None:
            before, within, after = a_parcel(), a_parcel(), a_parcel()

            with work.unit() as uow:
                uow.repository(Parcel).add(before)
                with contextlib.suppress(OutOfStampsError), uow.savepoint():
                    uow.repository(Parcel).add(within)
                    uow.flush()
                    raise OutOfStampsError
                uow.repository(Parcel).add(after)
                uow.commit()

            assert work.sees(within) is None
            assert [work.sees(parcel) for parcel in (before, after)] == [contents(before), contents(after)]

        @needs(Capability.PARAMETER_TYPES)
        def test_sets_the_aggregates_in_hand_back_in_place(self, work: Work) -> None:
            parcel = a_parcel(note="original", items=[an_item(), an_item()])
            work.stores(parcel)

            with work.unit() as uow:
                loaded = uow.repository(Parcel).get(parcel.id)
                with contextlib.suppress(OutOfStampsError), uow.savepoint():
                    loaded.note = "within"
                    loaded.items.reverse()
                    loaded.items.append(an_item())
                    uow.flush()
                    raise OutOfStampsError
                uow.commit()

            assert contents(loaded) == contents(parcel)
            assert work.sees(parcel) == contents(parcel)

        def test_keeps_a_change_that_was_made_before(self, work: Work) -> None:
            parcel = a_parcel(note="original")
            work.stores(parcel)

            with work.unit() as uow:
                loaded = uow.repository(Parcel).get(parcel.id)
                loaded.note = "before"
                with contextlib.suppress(OutOfStampsError), uow.savepoint():
                    loaded.note = "within"
                    raise OutOfStampsError
                uow.commit()

            assert work.sees(parcel) == {**contents(parcel), "note": "before"}

        def test_writes_a_change_that_is_made_again_afterwards(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                loaded = uow.repository(Parcel).get(parcel.id)
                with contextlib.suppress(OutOfStampsError), uow.savepoint():
                    loaded.note = "changed"
                    uow.flush()
                    raise OutOfStampsError
                loaded.note = "changed"
                uow.commit()

            assert work.sees(parcel) == {**contents(parcel), "note": "changed"}

        def test_has_what_was_added_in_hand_no_more(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                with contextlib.suppress(OutOfStampsError), uow.savepoint():
                    parcels.add(parcel)
                    raise OutOfStampsError

                assert parcels.find(parcel.id) is None
                parcels.add(parcel)
                uow.commit()

            assert work.sees(parcel) == contents(parcel)

        def test_has_what_was_first_loaded_in_hand_no_more(self, work: Work) -> None:
            parcel = a_parcel(note="original")
            work.stores(parcel)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                with contextlib.suppress(OutOfStampsError), uow.savepoint():
                    stale = parcels.get(parcel.id)
                    stale.note = "within"
                    raise OutOfStampsError
                loaded = parcels.get(parcel.id)
                uow.commit()

            assert loaded is not stale
            assert contents(loaded) == contents(parcel)
            assert work.sees(parcel) == contents(parcel)

        def test_brings_back_what_was_removed(self, work: Work) -> None:
            parcel = a_parcel(items=[an_item()])
            work.stores(parcel)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                loaded = parcels.get(parcel.id)
                with contextlib.suppress(OutOfStampsError), uow.savepoint():
                    parcels.remove(loaded)
                    uow.flush()
                    raise OutOfStampsError

                assert parcels.get(parcel.id) is loaded
                loaded.note = "still there"
                uow.commit()

            assert work.sees(parcel) == {**contents(parcel), "note": "still there"}

        def test_leaves_a_collection_that_was_first_asked_for_within_usable(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                with contextlib.suppress(OutOfStampsError), uow.savepoint():
                    parcels = uow.repository(Parcel)
                    parcels.add(a_parcel())
                    raise OutOfStampsError
                parcels.add(parcel)
                uow.commit()

            assert work.sees(parcel) == contents(parcel)
            with work.unit() as uow:
                assert uow.repository(Parcel).count() == 1

        def test_forgets_the_events_that_were_recorded_in_it(self, work: Work, storage: Storage) -> None:
            sent_before, sent_within = a_parcel(), a_parcel()
            work.stores(sent_before, sent_within)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                before, within = parcels.get(sent_before.id), parcels.get(sent_within.id)
                before.send()
                with contextlib.suppress(OutOfStampsError), uow.savepoint():
                    within.send()
                    raise OutOfStampsError
                uow.commit()

            (event,) = storage.events()
            assert str(sent_before.id) in event.payload

        def test_forgets_the_jobs_that_were_enqueued_in_it(self, work: Work, storage: Storage) -> None:
            with work.unit() as uow:
                kept = uow.jobs.enqueue(count_items, CountItems(a_parcel().id))
                with contextlib.suppress(OutOfStampsError), uow.savepoint():
                    uow.jobs.enqueue(count_items, CountItems(a_parcel().id))
                    uow.flush()
                    uow.jobs.enqueue(count_items, CountItems(a_parcel().id))
                    raise OutOfStampsError
                uow.commit()

            assert [job.id for job in storage.jobs.list()] == [kept]
            assert [ref.id for ref in iter(work.transport.take, None)] == [kept]

        def test_forgets_the_hooks_that_were_registered_in_it(self, work: Work) -> None:
            called: list[str] = []

            with work.unit() as uow:
                uow.after_commit(lambda: called.append("before"))
                with contextlib.suppress(OutOfStampsError), uow.savepoint():
                    uow.after_commit(lambda: called.append("within"))
                    raise OutOfStampsError
                uow.after_commit(lambda: called.append("after"))
                uow.commit()

            assert called == ["before", "after"]

    class WhenTheStoreRefusesItsBlock:
        def test_goes_on_after_a_taken_identifier(self, work: Work) -> None:
            taken, other = a_parcel(), a_parcel()
            work.stores(taken)

            with work.unit() as uow:
                with pytest.raises(AlreadyExists), uow.savepoint():
                    uow.repository(Parcel).add(a_parcel(id=taken.id))
                uow.repository(Parcel).add(other)
                uow.commit()

            assert [work.sees(taken), work.sees(other)] == [contents(taken), contents(other)]

        @needs(Capability.CONSTRAINTS)
        def test_goes_on_after_a_foreign_key_that_points_at_nothing(self, work: Work) -> None:
            other = a_parcel()

            with work.unit() as uow:
                with pytest.raises(ReferenceViolation), uow.savepoint():
                    uow.repository(Parcel).add(a_parcel(depot_id="nowhere"))
                uow.repository(Parcel).add(other)
                uow.commit()

            assert work.sees(other) == contents(other)

        @needs(Capability.CONSTRAINTS)
        def test_keeps_what_was_written_before(self, work: Work) -> None:
            parcel, taken = a_parcel(), a_parcel()
            work.stores(parcel, taken)

            with work.unit() as uow:
                loaded = uow.repository(Parcel).get(parcel.id)
                loaded.note = "before"
                uow.flush()
                with pytest.raises(AlreadyExists), uow.savepoint():
                    loaded.label = taken.label
                uow.commit()

            assert work.sees(parcel) == {**contents(parcel), "note": "before"}

        def test_can_do_nothing_more_within_the_block(self, work: Work) -> None:
            taken = a_parcel()
            work.stores(taken)

            with work.unit() as uow:
                with pytest.raises(UnitOfWorkClosed) as closed, uow.savepoint():
                    _fail_to_add(uow, taken)
                    uow.repository(Parcel).count()

                assert isinstance(closed.value.__cause__, AlreadyExists)
                assert uow.repository(Parcel).count() == 1

        def test_is_not_released_by_a_block_that_hid_the_error(self, work: Work) -> None:
            taken, within, after = a_parcel(), a_parcel(), a_parcel()
            work.stores(taken)

            with work.unit() as uow:
                with pytest.raises(UnitOfWorkClosed), uow.savepoint():
                    uow.repository(Parcel).add(within)
                    _fail_to_add(uow, taken)
                uow.repository(Parcel).add(after)
                uow.commit()

            assert [work.sees(within), work.sees(after)] == [None, contents(after)]

        @needs(Capability.CONCURRENT_TRANSACTIONS)
        def test_goes_on_after_a_conflict(self, work: Work) -> None:
            parcel, other = a_parcel(), a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                loaded = uow.repository(Parcel).get(parcel.id)
                work.changes(parcel.id, "first")
                with pytest.raises(ConcurrencyConflict), uow.savepoint():
                    loaded.note = "second"
                uow.repository(Parcel).add(other)
                uow.commit()

            assert work.sees(other) == contents(other)
            assert work.sees(parcel) == {**contents(parcel), "note": "first"}

    class WhenTheyAreNested:
        def test_undoes_the_inner_one_alone(self, work: Work) -> None:
            outer, inner = a_parcel(), a_parcel()

            with work.unit() as uow:
                with uow.savepoint():
                    uow.repository(Parcel).add(outer)
                    with contextlib.suppress(OutOfStampsError), uow.savepoint():
                        uow.repository(Parcel).add(inner)
                        raise OutOfStampsError
                uow.commit()

            assert [work.sees(outer), work.sees(inner)] == [contents(outer), None]

        def test_undoes_the_inner_one_with_the_outer(self, work: Work) -> None:
            outer, inner, after = a_parcel(), a_parcel(), a_parcel()

            with work.unit() as uow:
                with contextlib.suppress(OutOfStampsError), uow.savepoint():
                    uow.repository(Parcel).add(outer)
                    with uow.savepoint():
                        uow.repository(Parcel).add(inner)
                    raise OutOfStampsError
                uow.repository(Parcel).add(after)
                uow.commit()

            assert [work.sees(parcel) for parcel in (outer, inner, after)] == [None, None, contents(after)]

        def test_undoes_both_one_after_the_other(self, work: Work) -> None:
            parcel = a_parcel(note="original")
            work.stores(parcel)

            with work.unit() as uow:
                loaded = uow.repository(Parcel).get(parcel.id)
                with contextlib.suppress(OutOfStampsError), uow.savepoint():
                    loaded.note = "outer"
                    with contextlib.suppress(OutOfStampsError), uow.savepoint():
                        loaded.note = "inner"
                        raise OutOfStampsError
                    assert loaded.note == "outer"
                    raise OutOfStampsError
                uow.commit()

            assert loaded.note == "original"
            assert work.sees(parcel) == contents(parcel)

    class WhenTheUnitOfWorkEndsWithinIt:
        def test_refuses_to_commit(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                with pytest.raises(MisuseError, match="within the block of a savepoint"), uow.savepoint():
                    uow.repository(Parcel).add(parcel)
                    uow.commit()
                uow.commit()

            assert work.sees(parcel) is None

        def test_may_be_rolled_back_as_a_whole(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                uow.repository(Parcel).add(parcel)
                with uow.savepoint():
                    uow.rollback()
                with pytest.raises(UnitOfWorkClosed):
                    uow.commit()

            assert work.sees(parcel) is None

    class WhenTheUnitOfWorkIsNotOpen:
        def test_refuses_before_it_began(self, work: Work) -> None:
            with pytest.raises(UnitOfWorkClosed), work.unit().savepoint():
                pass

        def test_refuses_after_it_ended(self, work: Work) -> None:
            with work.unit() as uow:
                uow.commit()

            with pytest.raises(UnitOfWorkClosed), uow.savepoint():
                pass

    @needs(Capability.CONSTRAINTS)
    class WhenAValueDoesNotFit:
        def test_goes_on_without_it(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                loaded = uow.repository(Parcel).get(parcel.id)
                with pytest.raises(InvalidData), uow.savepoint():
                    loaded.packed_at = None  # type: ignore[assignment]
                loaded.note = "after"
                uow.commit()

            assert work.sees(parcel) == {**contents(parcel), "note": "after"}


def _fail_to_add(uow: UnitOfWork, taken: Parcel) -> None:
    """Let the store refuse a statement, and hide the error."""
    uow.repository(Parcel).add(a_parcel(id=taken.id))
    with contextlib.suppress(AlreadyExists):
        uow.flush()
