"""Units of work that cannot have come one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

pytest.importorskip("sqlalchemy")

from tests.support.bank import HEALTHY, OPENING_BALANCE, Account, Bank, moving
from tests.support.databases import skip_where_lacking

from corelib import UnitOfWork
from corelib.errors import TransientFailure
from corelib.ports.storage import Isolation
from corelib.testing.contracts.capabilities import Capability
from corelib.testing.contracts.waiting import PATIENCE, at_the_same_time


@pytest.fixture
def database_url(database_url: str) -> str:
    skip_where_lacking(database_url, Capability.SERIALIZABLE_ISOLATION, Capability.SNAPSHOT_ISOLATION)
    return database_url


def withdrawing(meeting: threading.Barrier, name: str) -> Callable[[UnitOfWork], bool]:
    """Take what both accounts hold together from one of them; two that both see enough are a write skew."""
    calls: list[str] = []

    def withdraw(uow: UnitOfWork) -> bool:
        accounts = {held.id: held for held in uow.repository(Account, str).list()}
        if not calls:
            calls.append(name)
            meeting.wait(PATIENCE)
        if sum(held.balance for held in accounts.values()) < 2 * OPENING_BALANCE:
            return False
        accounts[name].balance -= 2 * OPENING_BALANCE
        return True

    return withdraw


class TestSerializationFailure:
    class WhenTwoUnitsOfWorkSkewEachOther:
        def test_is_transient_for_one_of_them(self, bank: Bank) -> None:
            meeting = threading.Barrier(2)

            def outcome(name: str) -> str:
                try:
                    bank.host.run(withdrawing(meeting, name), isolation=Isolation.SERIALIZABLE, attempts=1)
                except TransientFailure:
                    return "transient"
                return "committed"

            outcomes = at_the_same_time(lambda: outcome("A"), lambda: outcome("B"))

            assert sorted(outcomes) == ["committed", "transient"]
            assert bank.health() == HEALTHY
            assert sum(bank.state().balances.values()) == 0

        def test_is_overcome_by_running_again(self, bank: Bank) -> None:
            meeting = threading.Barrier(2)

            withdrew = at_the_same_time(
                *(
                    lambda name=name: bank.host.run(withdrawing(meeting, name), isolation=Isolation.SERIALIZABLE)
                    for name in "AB"
                )
            )

            assert sorted(withdrew) == [False, True]
            assert bank.health() == HEALTHY
            assert sum(bank.state().balances.values()) == 0

    class WhenASnapshotIsOverwritten:
        def test_is_transient_for_the_second(self, bank: Bank) -> None:
            with bank.host.unit_of_work(isolation=Isolation.SNAPSHOT) as late:
                late.repository(Account, str).get("A").balance = 0
                bank.host.run(moving(1, name="first"), attempts=1)
                with pytest.raises(TransientFailure):
                    late.commit()

            assert bank.health() == HEALTHY
            assert bank.state().balances == {"A": OPENING_BALANCE - 1, "B": OPENING_BALANCE + 1}
