"""The contract of `corelib.ports.unit_of_work.UnitOfWork`: its life cycle and its commit.

Conflicts between two of them stand in `unit_of_work_conflicts`, what becomes of events in `unit_of_work_events`, what
becomes of jobs in `job_queue`.
"""
# ruff: noqa: D102, D106, PT012 - test names are the sentences; any statement of a unit of work may raise, commit at the latest

from __future__ import annotations

from typing import ClassVar

import pytest
from attrs import define

from corelib.errors import (
    AlreadyExists,
    IntegrityViolation,
    InvalidData,
    MisuseError,
    ReferenceViolation,
    UnboundHandler,
    UnitOfWorkClosed,
)
from corelib.ports.storage import Storage
from corelib.testing.contracts.arranging import StoreContract, Work
from corelib.testing.contracts.capabilities import Capability, needs
from corelib.testing.contracts.samples import Parcel, a_depot, a_parcel, an_item, contents


@define(eq=False)
class Unmapped:
    """No aggregate that any store could keep: it has no identifier."""

    name: str


class UnitOfWorkContract(StoreContract):
    """Everything is stored, or nothing."""

    port: ClassVar[str] = "UnitOfWork"

    @pytest.fixture
    def work(self, storage: Storage) -> Work:
        """Return what makes units of work."""
        return Work(storage)

    class WhenItIsCommitted:
        def test_shows_everything_to_the_next_one(self, work: Work) -> None:
            parcel, depot = a_parcel(items=[an_item()]), a_depot()

            with work.unit() as uow:
                uow.repository(Parcel).add(parcel)
                uow.repository(type(depot), str).add(depot)
                uow.commit()

            assert work.sees(parcel) == contents(parcel)
            assert work.sees(depot) == contents(depot)

        def test_stores_also_what_was_flushed_before(self, work: Work) -> None:
            flushed, later = a_parcel(), a_parcel()

            with work.unit() as uow:
                uow.repository(Parcel).add(flushed)
                uow.flush()
                flushed.note = "changed after the flush"
                uow.repository(Parcel).add(later)
                uow.commit()

            assert work.sees(flushed) == contents(flushed)
            assert work.sees(later) == contents(later)

        def test_may_have_done_nothing(self, work: Work) -> None:
            with work.unit() as uow:
                uow.commit()

        def test_keeps_what_is_committed_when_the_block_fails_afterwards(self, work: Work) -> None:
            parcel = a_parcel()

            with pytest.raises(RuntimeError, match="too late"), work.unit() as uow:
                uow.repository(Parcel).add(parcel)
                uow.commit()
                raise RuntimeError("too late")

            assert work.sees(parcel) == contents(parcel)

        def test_cannot_be_undone(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                uow.repository(Parcel).add(parcel)
                uow.commit()
                uow.rollback()

            assert work.sees(parcel) == contents(parcel)

    class WhenItIsNotCommitted:
        def test_stores_nothing(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                uow.repository(Parcel).add(parcel)

            assert work.sees(parcel) is None

        def test_stores_nothing_of_what_was_flushed(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                uow.repository(Parcel).add(parcel)
                uow.flush()

            assert work.sees(parcel) is None

        @needs(Capability.CONCURRENT_TRANSACTIONS)
        def test_shows_nothing_to_another_that_runs_meanwhile(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).get(parcel.id).note = "changed"

                assert work.sees(parcel) == contents(parcel)

    class WhenItsBlockFails:
        def test_stores_nothing_and_lets_the_error_through(self, work: Work) -> None:
            parcel = a_parcel()

            with pytest.raises(RuntimeError, match="no stamps"), work.unit() as uow:
                uow.repository(Parcel).add(parcel)
                uow.flush()
                raise RuntimeError("no stamps")

            assert work.sees(parcel) is None

        def test_leaves_the_store_usable(self, work: Work) -> None:
            parcel = a_parcel()
            with pytest.raises(RuntimeError, match="no stamps"), work.unit() as uow:
                uow.repository(Parcel).count()
                raise RuntimeError("no stamps")

            work.stores(parcel)

            assert work.sees(parcel) == contents(parcel)

    class WhenItIsRolledBack:
        def test_stores_nothing(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                uow.repository(Parcel).add(parcel)
                uow.flush()
                uow.rollback()

            assert work.sees(parcel) is None

        def test_can_be_rolled_back_again(self, work: Work) -> None:
            with work.unit() as uow:
                uow.rollback()
                uow.rollback()

        def test_cannot_be_committed(self, work: Work) -> None:
            with work.unit() as uow:
                uow.rollback()

                with pytest.raises(UnitOfWorkClosed):
                    uow.commit()

        def test_cannot_be_used(self, work: Work) -> None:
            with work.unit() as uow:
                uow.rollback()

                with pytest.raises(UnitOfWorkClosed):
                    uow.repository(Parcel)

    class WhenItHasNotBegun:
        def test_cannot_be_used(self, work: Work) -> None:
            uow = work.unit()

            with pytest.raises(UnitOfWorkClosed):
                uow.repository(Parcel)

        def test_cannot_be_committed(self, work: Work) -> None:
            uow = work.unit()

            with pytest.raises(UnitOfWorkClosed):
                uow.commit()

    class WhenItHasEnded:
        def test_cannot_be_used(self, work: Work) -> None:
            with work.unit() as uow:
                pass

            with pytest.raises(UnitOfWorkClosed):
                uow.repository(Parcel)

        def test_cannot_be_committed(self, work: Work) -> None:
            with work.unit() as uow:
                pass

            with pytest.raises(UnitOfWorkClosed):
                uow.commit()

        def test_cannot_begin_again(self, work: Work) -> None:
            with work.unit() as uow:
                pass

            with pytest.raises(MisuseError):
                uow.__enter__()

    class WhenItHasBegun:
        def test_cannot_begin_a_second_time(self, work: Work) -> None:
            with work.unit() as uow, pytest.raises(MisuseError):
                uow.__enter__()

        def test_goes_on_undisturbed_after_the_attempt(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                uow.repository(Parcel).add(parcel)
                with pytest.raises(MisuseError):
                    uow.__enter__()
                uow.commit()

            assert work.sees(parcel) == contents(parcel)

        def test_does_not_stand_in_the_way_of_others_before_its_first_statement(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                _ = uow.repository(Parcel)

                work.stores(parcel)

            assert work.sees(parcel) == contents(parcel)

    class WhenItIsCommittedASecondTime:
        def test_is_refused(self, work: Work) -> None:
            with work.unit() as uow:
                uow.commit()

                with pytest.raises(UnitOfWorkClosed):
                    uow.commit()

        def test_keeps_what_the_first_commit_stored(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                uow.repository(Parcel).add(parcel)
                uow.commit()
                with pytest.raises(UnitOfWorkClosed):
                    uow.commit()

            assert work.sees(parcel) == contents(parcel)

    class WhenItIsUsedAfterTheCommit:
        def test_is_refused(self, work: Work) -> None:
            with work.unit() as uow:
                uow.commit()

                with pytest.raises(UnitOfWorkClosed):
                    uow.repository(Parcel)

    class WhenTheStoreHasNoMappingForAClass:
        def test_is_refused(self, work: Work) -> None:
            with work.unit() as uow, pytest.raises(UnboundHandler):
                uow.repository(Unmapped)

    class WhenItIsFlushed:
        def test_finds_an_identifier_that_is_taken(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as uow:
                uow.repository(Parcel).add(a_parcel(id=parcel.id))

                with pytest.raises(AlreadyExists):
                    uow.flush()

        def test_cannot_be_committed_after_it_was_refused(self, work: Work) -> None:
            parcel, double, other = a_parcel(), a_parcel(), a_parcel()
            double.id = parcel.id
            work.stores(parcel)

            with work.unit() as uow:
                parcels = uow.repository(Parcel)
                parcels.add(other)
                uow.flush()
                parcels.add(double)
                with pytest.raises(AlreadyExists):
                    uow.flush()

                # Some engines have undone the whole transaction by now: what was flushed before is lost, and a commit
                # that succeeds would tell the caller otherwise.
                with pytest.raises(UnitOfWorkClosed):
                    uow.commit()

            assert work.sees(other) is None

        @needs(Capability.CONSTRAINTS)
        def test_finds_a_reference_to_nothing(self, work: Work) -> None:
            with work.unit() as uow:
                uow.repository(Parcel).add(a_parcel(depot_id="nowhere"))

                with pytest.raises(ReferenceViolation):
                    uow.flush()

        def test_may_be_done_twice(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit() as uow:
                uow.repository(Parcel).add(parcel)
                uow.flush()
                uow.flush()
                uow.commit()

            assert work.sees(parcel) == contents(parcel)

    @needs(Capability.CONSTRAINTS)
    class WhenTheDataBreaksAConstraint:
        def test_refuses_a_reference_to_nothing(self, work: Work) -> None:
            with pytest.raises(ReferenceViolation):
                work.stores(a_parcel(depot_id="nowhere"))

        def test_refuses_to_remove_what_others_refer_to(self, work: Work) -> None:
            depot = a_depot()
            work.stores(depot, a_parcel(depot_id=depot.id))

            with pytest.raises(ReferenceViolation), work.unit() as uow:
                depots = uow.repository(type(depot), str)
                depots.remove(depots.get(depot.id))
                uow.commit()

            assert work.sees(depot) == contents(depot)

        def test_refuses_a_second_use_of_a_unique_value(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with pytest.raises(AlreadyExists):
                work.stores(a_parcel(label=parcel.label))

        def test_refuses_a_value_that_its_column_cannot_hold(self, work: Work) -> None:
            impossible: object = None
            parcel = a_parcel(label=impossible)

            with pytest.raises(InvalidData):
                work.stores(parcel)

        def test_stores_nothing_of_the_rest(self, work: Work) -> None:
            parcel = a_parcel()

            with pytest.raises(IntegrityViolation):
                work.stores(parcel, a_parcel(depot_id="nowhere"))

            assert work.sees(parcel) is None

    class WhenAggregatesReferToOneAnother:
        def test_writes_new_ones_in_the_order_that_references_ask_for(self, work: Work) -> None:
            depot = a_depot()
            parcel = a_parcel(depot_id=depot.id)

            work.stores(parcel, depot)

            assert work.sees(parcel) == contents(parcel)

        def test_removes_them_in_the_reverse_order(self, work: Work) -> None:
            depot = a_depot()
            parcel = a_parcel(depot_id=depot.id, items=[an_item()])
            work.stores(depot, parcel)

            with work.unit() as uow:
                depots, parcels = uow.repository(type(depot), str), uow.repository(Parcel)
                depots.remove(depots.get(depot.id))
                parcels.remove(parcels.get(parcel.id))
                uow.commit()

            assert (work.sees(depot), work.sees(parcel)) == (None, None)

    class WhenThereAreHooks:
        def test_calls_them_after_the_commit_in_their_order(self, work: Work) -> None:
            parcel = a_parcel()
            seen: list[object] = []

            with work.unit() as uow:
                uow.repository(Parcel).add(parcel)
                uow.after_commit(lambda: seen.append(work.sees(parcel)))
                uow.after_commit(lambda: seen.append("second"))
                uow.commit()

            assert seen == [contents(parcel), "second"]

        def test_has_not_called_them_before(self, work: Work) -> None:
            called: list[str] = []

            with work.unit() as uow:
                uow.after_commit(lambda: called.append("hook"))
                uow.flush()

                assert called == []

        def test_does_not_call_them_without_commit(self, work: Work) -> None:
            called: list[str] = []

            with work.unit() as uow:
                uow.after_commit(lambda: called.append("hook"))

            assert called == []

        def test_does_not_call_them_when_the_commit_is_refused(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)
            called: list[str] = []

            with pytest.raises(AlreadyExists), work.unit() as uow:
                uow.after_commit(lambda: called.append("hook"))
                uow.repository(Parcel).add(a_parcel(id=parcel.id))
                uow.commit()

            assert called == []

    class WhenAHookFails:
        @staticmethod
        def commit_with_a_failing_hook(work: Work, parcel: Parcel, called: list[str]) -> None:
            def fail() -> None:
                raise RuntimeError("the hook is broken")

            with work.unit() as uow:
                uow.repository(Parcel).add(parcel)
                uow.after_commit(fail)
                uow.after_commit(lambda: called.append("the one after it"))
                uow.commit()

        def test_stores_everything_all_the_same(self, work: Work) -> None:
            parcel = a_parcel()

            self.commit_with_a_failing_hook(work, parcel, [])

            assert work.sees(parcel) == contents(parcel)

        def test_calls_the_others(self, work: Work) -> None:
            called: list[str] = []

            self.commit_with_a_failing_hook(work, a_parcel(), called)

            assert called == ["the one after it"]

        def test_logs_the_error(self, work: Work) -> None:
            self.commit_with_a_failing_hook(work, a_parcel(), [])

            assert [(line.level, str(line.error)) for line in work.log.lines] == [("error", "the hook is broken")]
