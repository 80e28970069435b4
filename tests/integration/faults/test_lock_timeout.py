"""A row that somebody else holds for longer than a unit of work is willing to wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

pytest.importorskip("sqlalchemy")

from tests.support.bank import HEALTHY, OPENING_BALANCE, Account, Bank, moving, opened_bank
from tests.support.databases import skip_where_lacking

from corelib import UnitOfWork
from corelib.errors import RowLocked, StatementTimeout, UnitOfWorkClosed
from corelib.ports.repository import Locking
from corelib.testing.contracts.capabilities import Capability

SHORT = timedelta(milliseconds=50)


def locking(uow: UnitOfWork) -> None:
    uow.repository(Account, str).get("A", lock=Locking.WAIT).balance += 100


def locking_without_waiting(uow: UnitOfWork) -> None:
    uow.repository(Account, str).get("A", lock=Locking.FAIL).balance += 100


def changing(uow: UnitOfWork) -> None:
    moving(100)(uow)
    uow.flush()


@pytest.fixture
def database_url(database_url: str) -> str:
    skip_where_lacking(database_url, Capability.ROW_LOCKS, Capability.LOCK_TIMEOUT)
    return database_url


class TestLockTimeout:
    @pytest.mark.parametrize("use", [locking, locking_without_waiting, changing])
    class WhenAnotherHoldsTheRow:
        def test_is_a_locked_row_and_leaves_the_holder_alone(
            self, bank: Bank, use: Callable[[UnitOfWork], None]
        ) -> None:
            with bank.host.unit_of_work() as holder:
                moving(1, name="held")(holder)
                holder.flush()

                with pytest.raises(RowLocked):
                    bank.host.run(use, lock_timeout=SHORT, attempts=1)
                holder.commit()

            assert bank.health() == HEALTHY
            assert bank.state().transfers == {"held": 1}
            assert bank.state().balances == {"A": OPENING_BALANCE - 1, "B": OPENING_BALANCE + 1}

        def test_is_overcome_by_running_again(self, bank: Bank, use: Callable[[UnitOfWork], None]) -> None:
            holder = bank.observer.begin()
            holder.repository(Account).get("A").balance = 0
            holder.flush()

            def use_or_let_go(uow: UnitOfWork) -> None:
                try:
                    use(uow)
                except RowLocked:
                    holder.commit()
                    raise

            bank.host.run(use_or_let_go, lock_timeout=SHORT)

            assert bank.health() == HEALTHY
            assert abs(bank.state().balances["A"]) == 100

    class WhenItIsCaught:
        def test_ends_the_unit_of_work(self, bank: Bank) -> None:
            with bank.host.unit_of_work() as holder, bank.host.unit_of_work(lock_timeout=SHORT) as uow:
                changing(holder)
                uow.repository(Account, str).add(Account("C"))
                with pytest.raises(RowLocked):
                    locking(uow)

                with pytest.raises(UnitOfWorkClosed):
                    uow.commit()

            assert bank.health() == HEALTHY
            assert sorted(bank.state().balances) == ["A", "B"]

    class WhenTheStatementMayNotWaitThatLong:
        def test_is_a_statement_timeout(self, bank: Bank) -> None:
            with bank.host.unit_of_work() as holder:
                changing(holder)

                with pytest.raises(StatementTimeout):
                    bank.host.run(locking, statement_timeout=timedelta(seconds=1), attempts=1)

            assert bank.health() == HEALTHY


class TestLockTimeoutOnSqlite:
    @pytest.fixture
    def bank(self, sqlite_url: str) -> Iterator[Bank]:
        with opened_bank(sqlite_url) as opened:
            yield opened

    def test_is_a_locked_file_and_leaves_the_holder_alone(self, bank: Bank) -> None:
        with bank.host.unit_of_work() as holder:
            changing(holder)

            with pytest.raises(RowLocked):
                bank.host.run(locking, lock_timeout=SHORT, attempts=1)
            holder.commit()

        assert bank.health() == HEALTHY
        assert bank.state().balances == {"A": OPENING_BALANCE - 100, "B": OPENING_BALANCE + 100}
