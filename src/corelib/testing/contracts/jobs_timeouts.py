"""The contract of `corelib.ports.storage.Transaction.abandon`: what a time-out does to a unit of work."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import ClassVar

import pytest

from corelib.errors import LeaseLost, PersistenceError, TimedOut, UnitOfWorkClosed
from corelib.ports.storage import Storage, Transaction
from corelib.testing.contracts.arranging import StoreContract, claimed, store_jobs, transaction
from corelib.testing.contracts.job_store import stored_job
from corelib.testing.contracts.samples import Depot, a_job
from corelib.testing.contracts.waiting import at_the_same_time

TOO_LONG = TimedOut("The run took too long.")


class TransactionAbandonContract(StoreContract):
    """A transaction that another thread ends has no effect, and holds nobody up."""

    port: ClassVar[str] = "Transaction, abandoned"

    class WhenATransactionIsAbandoned:
        def test_stores_nothing(self, storage: Storage) -> None:
            begun = writing(storage)
            abandon(begun)

            with pytest.raises((UnitOfWorkClosed, PersistenceError)):
                begun.commit()

            assert depots(storage) == []

        def test_stores_no_completion(self, storage: Storage) -> None:
            new = stored_job(storage)
            claim = claimed(storage, new.id)
            begun = storage.begin()
            begun.complete_job(new.id, claim.token)
            abandon(begun)

            with pytest.raises((UnitOfWorkClosed, PersistenceError)):
                begun.commit()

            assert storage.jobs.find(new.id) == claim.job

        def test_refuses_what_comes_next_and_says_why(self, storage: Storage) -> None:
            begun = writing(storage)
            abandon(begun)

            with pytest.raises(UnitOfWorkClosed) as raised:
                begun.repository(Depot).find("a")

            assert raised.value.__cause__ is TOO_LONG
            begun.rollback()

        def test_refuses_its_first_statement_as_well(self, storage: Storage) -> None:
            begun = storage.begin()
            abandon(begun)

            with pytest.raises(UnitOfWorkClosed):
                begun.add_jobs([a_job()])

            begun.rollback()
            assert storage.jobs.list() == []

        def test_stays_so_after_going_back_to_a_savepoint(self, storage: Storage) -> None:
            begun = writing(storage)
            savepoint = begun.savepoint()
            abandon(begun)

            with suppress(UnitOfWorkClosed, PersistenceError):
                savepoint.rollback()
            with pytest.raises((UnitOfWorkClosed, PersistenceError)):
                begun.commit()

            assert depots(storage) == []

        def test_lets_go_of_what_it_has_locked_at_once(self, storage: Storage) -> None:
            with transaction(storage) as other:
                other.repository(Depot).add(Depot("a", "Basel"))
            begun = storage.begin()
            begun.repository(Depot).get("a").city = "Bern"
            begun.flush()

            abandon(begun)
            with transaction(storage) as other:
                other.repository(Depot).get("a").city = "Chur"

            assert [depot.city for depot in depots(storage)] == ["Chur"]
            begun.rollback()

        def test_leaves_the_store_as_good_as_before(self, storage: Storage) -> None:
            for _ in range(5):
                begun = writing(storage)
                abandon(begun)
                begun.rollback()

            store_jobs(storage, a_job())

            assert len(storage.jobs.list()) == 1

    class WhenATransactionHasEnded:
        def test_leaves_what_was_committed(self, storage: Storage) -> None:
            begun = writing(storage)
            begun.commit()

            abandon(begun)

            assert [depot.id for depot in depots(storage)] == ["a"]

        def test_leaves_it_rolled_back(self, storage: Storage) -> None:
            begun = writing(storage)
            begun.rollback()

            abandon(begun)

            assert depots(storage) == []

    class WhenItIsCommittedAtTheSameMoment:
        def test_ends_in_one_way_or_the_other(self, storage: Storage) -> None:
            for _ in range(10):
                new = stored_job(storage)
                claim = claimed(storage, new.id)
                begun = storage.begin()
                begun.repository(Depot).add(Depot(str(new.id), "Basel"))
                begun.complete_job(new.id, claim.token)

                at_the_same_time(partial(committed, begun), partial(begun.abandon, TOO_LONG))

                job = storage.jobs.find(new.id)
                assert job is not None
                stored = str(new.id) in {depot.id for depot in depots(storage)}
                assert stored == (job.finished_at is not None)


def writing(storage: Storage) -> Transaction:
    """Begin a transaction and write something that is not committed."""
    begun = storage.begin()
    begun.repository(Depot).add(Depot("a", "Basel"))
    begun.flush()
    return begun


def abandon(begun: Transaction) -> None:
    """Abandon a transaction from another thread, as the heartbeat does."""
    at_the_same_time(lambda: begun.abandon(TOO_LONG))


def committed(begun: Transaction) -> None:
    """Commit, whether or not that succeeds."""
    with suppress(UnitOfWorkClosed, PersistenceError, LeaseLost):
        begun.commit()


def depots(storage: Storage) -> list[Depot]:
    """Return what is stored."""
    with transaction(storage) as other:
        return list(other.repository(Depot).list())
