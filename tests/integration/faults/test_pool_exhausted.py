"""More units of work at a time than the pool has connections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest

pytest.importorskip("sqlalchemy")

from tests.support.bank import HEALTHY, OPENING_BALANCE, Account, Bank, moving, opened_bank

from corelib.errors import TransientFailure
from corelib.testing.contracts.waiting import at_the_same_time

SIZE = 2
THREADS = 8


@pytest.fixture
def impatient(database_url: str) -> Iterator[Bank]:
    """A bank that waits for no connection."""
    with opened_bank(database_url, pool_size=SIZE, max_overflow=0, pool_timeout=timedelta(0)) as opened:
        yield opened


@pytest.fixture
def patient(database_url: str) -> Iterator[Bank]:
    names = tuple(f"{side}{number}" for side in "AB" for number in range(THREADS))
    with opened_bank(database_url, accounts=names, pool_size=SIZE, max_overflow=0) as opened:
        yield opened


class TestPoolExhausted:
    class WhenNobodyGivesAConnectionBack:
        def test_is_transient_and_leaves_those_alone_who_have_one(self, impatient: Bank) -> None:
            with ExitStack() as stack:
                holders = [stack.enter_context(impatient.host.unit_of_work()) for _ in range(SIZE)]
                for number, holder in enumerate(holders):
                    holder.repository(Account, str).add(Account(f"H{number}"))
                    holder.flush()

                with pytest.raises(TransientFailure, match="No connection became free in the pool"):
                    impatient.host.run(moving(10), attempts=1)
                for holder in holders:
                    holder.commit()

            assert impatient.health() == HEALTHY
            assert sorted(impatient.state().balances) == ["A", "B", "H0", "H1"]
            assert impatient.state().transfers == {}

        def test_asks_for_none_before_it_is_needed(self, impatient: Bank) -> None:
            with ExitStack() as stack:
                for _ in range(SIZE + 1):
                    stack.enter_context(impatient.host.unit_of_work())
                impatient.host.run(moving(10), attempts=1)

            assert impatient.health() == HEALTHY

    class WhenManyThreadsShareFewConnections:
        def test_lets_them_wait_for_one_another(self, patient: Bank) -> None:
            at_the_same_time(
                *(
                    lambda number=number: patient.host.run(moving(number, f"A{number}", f"B{number}"), attempts=1)
                    for number in range(THREADS)
                )
            )

            assert patient.health() == HEALTHY
            assert sorted(patient.state().transfers.values()) == list(range(THREADS))
            assert sum(patient.state().balances.values()) == 2 * THREADS * OPENING_BALANCE
