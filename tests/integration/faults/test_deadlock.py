"""Two threads that each hold what the other one wants."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

pytest.importorskip("sqlalchemy")

from tests.support.bank import HEALTHY, OPENING_BALANCE, Account, Bank

from corelib import UnitOfWork
from corelib.errors import TransientFailure, UnitOfWorkClosed
from corelib.testing.contracts.waiting import PATIENCE, at_the_same_time


def crossing(meeting: threading.Barrier, first: str, second: str) -> Callable[[UnitOfWork], None]:
    """Change one account, wait, the first time, until the other thread has changed its own, and change the second."""
    calls: list[str] = []

    def change(uow: UnitOfWork) -> None:
        accounts = uow.repository(Account, str)
        accounts.get(first).balance += 1
        uow.flush()
        if not calls:
            calls.append(first)
            meeting.wait(PATIENCE)
        accounts.get(second).balance += 1
        uow.flush()

    return change


def outcome(bank: Bank, change: Callable[[UnitOfWork], None]) -> type[Exception] | None:
    try:
        bank.host.run(change, attempts=1)
    except TransientFailure as error:
        return type(error)
    return None


class TestDeadlock:
    def test_is_transient_for_one_and_nothing_for_the_other(self, bank: Bank) -> None:
        meeting = threading.Barrier(2)
        outcomes = at_the_same_time(
            lambda: outcome(bank, crossing(meeting, "A", "B")), lambda: outcome(bank, crossing(meeting, "B", "A"))
        )

        assert sorted(map(str, outcomes)) == sorted([str(TransientFailure), str(None)])
        assert bank.health() == HEALTHY
        assert bank.state().balances == {"A": OPENING_BALANCE + 1, "B": OPENING_BALANCE + 1}

    def test_is_overcome_by_running_again(self, bank: Bank) -> None:
        meeting = threading.Barrier(2)

        at_the_same_time(
            lambda: bank.host.run(crossing(meeting, "A", "B")), lambda: bank.host.run(crossing(meeting, "B", "A"))
        )

        assert bank.health() == HEALTHY
        assert bank.state().balances == {"A": OPENING_BALANCE + 2, "B": OPENING_BALANCE + 2}
        assert [line.event for line in bank.log.lines].count("unit of work is run again") >= 1

    class WhenItIsCaught:
        def test_cannot_be_committed_past(self, bank: Bank) -> None:
            """A caller that goes on would commit what the server has rolled back."""
            meeting = threading.Barrier(2)

            def stubborn(first: str, second: str) -> bool:
                with bank.host.unit_of_work() as uow:
                    try:
                        crossing(meeting, first, second)(uow)
                    except TransientFailure:
                        with pytest.raises(UnitOfWorkClosed):
                            uow.commit()
                        return False
                    uow.commit()
                    return True

            stored = at_the_same_time(lambda: stubborn("A", "B"), lambda: stubborn("B", "A"))

            assert sorted(stored) == [False, True]
            assert bank.health() == HEALTHY
            assert bank.state().balances == {"A": OPENING_BALANCE + 1, "B": OPENING_BALANCE + 1}
