"""A server that ends the session of a unit of work."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Queue

import pytest

pytest.importorskip("sqlalchemy")

from tests.support.bank import HEALTHY, OPENING_BALANCE, Account, Bank, moving, opened_bank
from tests.support.sessions import kill, session_of, wait_for_lock

from corelib import UnitOfWork
from corelib.adapters.sqlalchemy import SqlStorage, connection_of
from corelib.errors import AmbiguousCommit, TransientFailure
from corelib.testing.contracts.waiting import PATIENCE


def session(uow: UnitOfWork) -> int:
    return session_of(connection_of(uow))


class TestBackendKilled:
    class WhenAUnitOfWorkIsUnderWay:
        def test_is_transient_with_the_next_statement(self, bank: Bank, database_url: str) -> None:
            bank.host.run(moving(1, name="before"))

            with bank.host.unit_of_work() as uow:
                moving(10, name="lost")(uow)
                uow.flush()
                kill(database_url, session(uow))
                with pytest.raises(TransientFailure):
                    uow.repository(Account, str).count()

            assert bank.health() == HEALTHY
            assert bank.state().transfers == {"before": 1}

        def test_is_transient_when_changes_are_written(self, bank: Bank, database_url: str) -> None:
            with bank.host.unit_of_work() as uow:
                moving(10)(uow)
                kill(database_url, session(uow))
                with pytest.raises(TransientFailure):
                    uow.commit()

            assert bank.health() == HEALTHY
            assert bank.state().transfers == {}

        def test_is_run_again_by_the_host(self, bank: Bank, database_url: str) -> None:
            calls: list[int] = []

            def moving_on_a_lost_session(uow: UnitOfWork) -> str:
                calls.append(session(uow))
                moved = moving(10, name="moved")(uow)
                if len(calls) == 1:
                    kill(database_url, calls[0])
                return moved

            bank.host.run(moving_on_a_lost_session)

            assert len(set(calls)) == 2
            assert bank.health() == HEALTHY
            assert bank.state().transfers == {"moved": 10}
            assert bank.state().complete

    class WhenOnlyTheCommitIsLeft:
        def test_is_ambiguous(self, bank: Bank, database_url: str) -> None:
            with bank.host.unit_of_work() as uow:
                bank_session = session(uow)
                uow.repository(Account, str).add(Account("C"))
                uow.flush()
                kill(database_url, bank_session)
                with pytest.raises(AmbiguousCommit):
                    uow.commit()

            assert bank.health() == HEALTHY
            assert list(bank.state().balances) == ["A", "B"]

    class WhenEveryConnectionOfThePoolIsLost:
        def test_is_not_noticed_by_those_who_come_later(self, bank: Bank, database_url: str) -> None:
            units = [bank.host.unit_of_work() for _ in range(3)]
            sessions = [session(uow.__enter__()) for uow in units]
            for uow in units:
                uow.__exit__(None, None, None)
            for each in sessions:
                kill(database_url, each)

            for _ in units:
                bank.host.run(moving(1), attempts=1)

            assert bank.health() == HEALTHY
            assert len(bank.state().transfers) == 3


class TestBackendKilledThatWaits:
    @pytest.fixture
    def bank(self, postgresql_url: str) -> Iterator[Bank]:
        with opened_bank(postgresql_url) as opened:
            yield opened

    def test_is_transient_and_leaves_the_lock_to_its_holder(self, bank: Bank, postgresql_url: str) -> None:
        begun: Queue[int] = Queue()
        assert isinstance(bank.observer, SqlStorage)

        def wait_in_vain() -> None:
            with bank.host.unit_of_work() as uow:
                begun.put(session(uow))
                moving(10, name="lost")(uow)
                uow.commit()

        with bank.host.unit_of_work() as holder, ThreadPoolExecutor(1) as threads:
            session(holder)
            moving(1, name="held")(holder)
            holder.flush()
            waiting = threads.submit(wait_in_vain)
            victim = begun.get(timeout=PATIENCE)
            wait_for_lock(bank.observer, victim)
            kill(postgresql_url, victim)
            with pytest.raises(TransientFailure):
                waiting.result(PATIENCE)
            holder.commit()

        assert bank.health() == HEALTHY
        assert bank.state().transfers == {"held": 1}
        assert bank.state().balances == {"A": OPENING_BALANCE - 1, "B": OPENING_BALANCE + 1}
