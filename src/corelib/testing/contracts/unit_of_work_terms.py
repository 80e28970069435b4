"""The contract of `corelib.ports.unit_of_work.UnitOfWork` about the terms on which one runs."""
# ruff: noqa: D102, D106, PT012 - the names of the tests are their sentences; any statement of a unit of work may raise

from __future__ import annotations

import threading
from datetime import timedelta
from typing import ClassVar

import pytest

from corelib.errors import AmbiguousCommit, ConcurrencyConflict, MisuseError, PersistenceError, TransientFailure
from corelib.ports.storage import Isolation, Storage, Terms
from corelib.testing.contracts.arranging import CountItems, StoreContract, Work, count_items
from corelib.testing.contracts.capabilities import Capability, needs
from corelib.testing.contracts.samples import Parcel, a_parcel, contents
from corelib.testing.contracts.waiting import PATIENCE, at_the_same_time

READ_ONLY = Terms(read_only=True)
READ_COMMITTED = Terms(isolation=Isolation.READ_COMMITTED)
SNAPSHOT = Terms(isolation=Isolation.SNAPSHOT)
SERIALIZABLE = Terms(isolation=Isolation.SERIALIZABLE)
SHORT = timedelta(milliseconds=50)
LONG = timedelta(minutes=1)


class TermsContract(StoreContract):
    """A unit of work runs as it was asked to, and the next one as if nothing had been asked."""

    port: ClassVar[str] = "UnitOfWork"

    @pytest.fixture
    def work(self, storage: Storage) -> Work:
        """Return what makes units of work."""
        return Work(storage)

    class WhenItIsReadOnly:
        def test_reads(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit(READ_ONLY) as uow:
                loaded = uow.repository(Parcel).get(parcel.id)
                uow.commit()

            assert contents(loaded) == contents(parcel)

        def test_refuses_an_addition(self, work: Work) -> None:
            parcel = a_parcel()

            with work.unit(READ_ONLY) as uow, pytest.raises(MisuseError, match="read-only"):
                uow.repository(Parcel).add(parcel)
                uow.flush()

            assert work.sees(parcel) is None

        def test_refuses_a_change(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit(READ_ONLY) as uow:
                uow.repository(Parcel).get(parcel.id).note = "changed"
                with pytest.raises(MisuseError, match="read-only"):
                    uow.commit()

            assert work.sees(parcel) == contents(parcel)

        def test_refuses_a_removal(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit(READ_ONLY) as uow, pytest.raises(MisuseError, match="read-only"):
                parcels = uow.repository(Parcel)
                parcels.remove(parcels.get(parcel.id))
                uow.commit()

            assert work.sees(parcel) == contents(parcel)

        def test_refuses_a_job(self, work: Work, storage: Storage) -> None:
            with work.unit(READ_ONLY) as uow, pytest.raises(MisuseError, match="read-only"):
                uow.jobs.enqueue(count_items, CountItems(a_parcel().id))
                uow.commit()

            assert list(storage.jobs.list()) == []

        def test_leaves_the_next_one_free_to_write(self, work: Work) -> None:
            parcel = a_parcel()
            with work.unit(READ_ONLY) as uow:
                uow.repository(Parcel).count()

            work.stores(parcel)

            assert work.sees(parcel) == contents(parcel)

    class WhenItReadsWhatIsCommitted:
        def test_writes(self, work: Work) -> None:
            assert _writes(work, READ_COMMITTED)

        @needs(Capability.CONCURRENT_TRANSACTIONS)
        def test_sees_what_others_commit_meanwhile(self, work: Work) -> None:
            first, second = a_parcel(), a_parcel(note="before")
            work.stores(first, second)

            with work.unit(READ_COMMITTED) as uow:
                uow.repository(Parcel).get(first.id)
                work.changes(second.id, "after")
                seen = uow.repository(Parcel).get(second.id).note

            assert seen == "after"

        @needs(Capability.CONCURRENT_TRANSACTIONS)
        def test_loses_no_update(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit(READ_COMMITTED) as uow, pytest.raises(ConcurrencyConflict):
                uow.repository(Parcel).get(parcel.id).note = "second"
                work.changes(parcel.id, "first")
                uow.commit()

            assert work.sees(parcel) == {**contents(parcel), "note": "first"}

        @needs(Capability.CONCURRENT_TRANSACTIONS)
        def test_lets_write_skew_through(self, work: Work) -> None:
            assert _skewed(work, READ_COMMITTED) == [None, None]

    @needs(Capability.SNAPSHOT_ISOLATION)
    class WhenItSeesASnapshot:
        def test_writes(self, work: Work) -> None:
            assert _writes(work, SNAPSHOT)

        @needs(Capability.CONCURRENT_TRANSACTIONS)
        def test_sees_nothing_of_what_others_commit_meanwhile(self, work: Work) -> None:
            first, second = a_parcel(), a_parcel(note="before")
            work.stores(first, second)

            with work.unit(SNAPSHOT) as uow:
                uow.repository(Parcel).get(first.id)
                work.changes(second.id, "after")
                seen = uow.repository(Parcel).get(second.id).note

            assert seen == "before"

        @needs(Capability.CONCURRENT_TRANSACTIONS)
        def test_loses_no_update(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit(SNAPSHOT) as uow, pytest.raises(TransientFailure):
                uow.repository(Parcel).get(parcel.id).note = "second"
                work.changes(parcel.id, "first")
                uow.commit()

            assert work.sees(parcel) == {**contents(parcel), "note": "first"}

        @needs(Capability.CONCURRENT_TRANSACTIONS)
        def test_lets_write_skew_through(self, work: Work) -> None:
            assert _skewed(work, SNAPSHOT) == [None, None]

    @needs(Capability.SERIALIZABLE_ISOLATION)
    class WhenItIsSerializable:
        def test_writes(self, work: Work) -> None:
            assert _writes(work, SERIALIZABLE)

        @needs(Capability.CONCURRENT_TRANSACTIONS)
        def test_lets_no_write_skew_through(self, work: Work) -> None:
            failed = [error for error in _skewed(work, SERIALIZABLE) if error is not None]

            assert [isinstance(error, TransientFailure) for error in failed] == [True]

    class WhenStatementsMayTakeSoLong:
        def test_runs_those_that_are_quick_enough(self, work: Work) -> None:
            assert _writes(work, Terms(statement_timeout=LONG))

        @needs(Capability.STATEMENT_TIMEOUT)
        @needs(Capability.CONCURRENT_TRANSACTIONS)
        def test_gives_up_one_that_waits_for_others(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as holding:
                holding.repository(Parcel).get(parcel.id).note = "first"
                holding.flush()
                with work.unit(Terms(statement_timeout=SHORT)) as uow, pytest.raises(PersistenceError) as refused:
                    uow.repository(Parcel).get(parcel.id).note = "second"
                    uow.commit()
                holding.commit()

            assert not isinstance(refused.value, AmbiguousCommit)
            assert work.sees(parcel) == {**contents(parcel), "note": "first"}

    class WhenLocksMayTakeSoLong:
        def test_runs_without_any(self, work: Work) -> None:
            assert _writes(work, Terms(lock_timeout=LONG))

        @needs(Capability.LOCK_TIMEOUT)
        def test_gives_up_what_others_hold_longer(self, work: Work) -> None:
            parcel = a_parcel()
            work.stores(parcel)

            with work.unit() as holding:
                holding.repository(Parcel).get(parcel.id).note = "first"
                holding.flush()
                with work.unit(Terms(lock_timeout=SHORT)) as uow, pytest.raises(TransientFailure):
                    uow.repository(Parcel).get(parcel.id).note = "second"
                    uow.commit()
                holding.commit()

            assert work.sees(parcel) == {**contents(parcel), "note": "first"}


def _writes(work: Work, terms: Terms) -> bool:
    """Return whether a unit of work on these terms adds one parcel and changes another."""
    added, changed = a_parcel(), a_parcel()
    work.stores(changed)
    with work.unit(terms) as uow:
        uow.repository(Parcel).add(added)
        uow.repository(Parcel).get(changed.id).note = "changed"
        uow.commit()
    return (work.sees(added), work.sees(changed)) == (contents(added), {**contents(changed), "note": "changed"})


def _skewed(work: Work, terms: Terms) -> list[PersistenceError | None]:
    """Let two read two parcels, and each change another one by what both have seen; return how they ended."""
    first, second = a_parcel(note="free"), a_parcel(note="free")
    work.stores(first, second)
    both_have_read = threading.Barrier(2)

    def take(taken: Parcel, other: Parcel) -> PersistenceError | None:
        try:
            with work.unit(terms) as uow:
                parcels = uow.repository(Parcel)
                mine, yours = parcels.get(taken.id), parcels.get(other.id)
                both_have_read.wait(PATIENCE)
                if yours.note == "free":
                    mine.note = "taken"
                uow.commit()
        except PersistenceError as error:
            return error
        return None

    return at_the_same_time(lambda: take(first, second), lambda: take(second, first))
