"""One use case with its faults on PostgreSQL, and with the same faults asked of the fake: the answers are the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("stamina")

from attrs import frozen
from tests.support.bank import HEALTHY, OPENING_BALANCE, Account, Bank, State, app, moving
from tests.support.cuttable import CuttableWay, Moment
from tests.support.sessions import session_of, wait_for_lock

from corelib import UnitOfWork
from corelib.adapters.memory import MemoryStorage
from corelib.adapters.sqlalchemy import SqlStorage
from corelib.bootstrap import bootstrap
from corelib.errors import AmbiguousCommit, CorelibError, TransientFailure
from corelib.ports.repository import Locking
from corelib.testing.contracts.waiting import PATIENCE, at_the_same_time

LOCK = "SELECT id FROM bank_account WHERE id = '{}' FOR UPDATE"
NOTHING = State({"A": OPENING_BALANCE, "B": OPENING_BALANCE}, {}, complete=True)
ONE_TRANSFER = State({"A": OPENING_BALANCE - 10, "B": OPENING_BALANCE + 10}, {"T": 10}, complete=True)


Work = Callable[[UnitOfWork], str]
Opponent = Callable[[Work], Work]


class Faulty(Protocol):
    """A bank that fails when it is asked to, each in its own way."""

    bank: Bank

    def lose_commit(self, *, stored: bool) -> None:
        """Lose the connection at the next commit."""

    def end_session(self) -> None:
        """Let the next statement that writes fail for a reason that passes."""

    def deadlock_with_second_commit(self) -> AbstractContextManager[Opponent]:
        """Let the second commit in the block be the victim of a deadlock, where the opponent was given what it does."""


@frozen
class FaultyFake:
    bank: Bank

    def lose_commit(self, *, stored: bool) -> None:
        self._storage.faults.raise_on("commit", AmbiguousCommit("connection lost"), stored=stored)

    def end_session(self) -> None:
        self._storage.faults.raise_on("flush", TransientFailure("connection lost"))

    @contextmanager
    def deadlock_with_second_commit(self) -> Iterator[Opponent]:
        self._storage.faults.raise_on("commit", TransientFailure("deadlock"), nth=2)
        yield lambda work: work

    @property
    def _storage(self) -> MemoryStorage:
        assert isinstance(self.bank.host.storage, MemoryStorage)
        return self.bank.host.storage


@frozen
class FaultyPostgresql:
    bank: Bank
    way: CuttableWay

    def lose_commit(self, *, stored: bool) -> None:
        self.way.cut_at(b"COMMIT", Moment.ANSWERED if stored else Moment.BEFORE)

    def end_session(self) -> None:
        self.way.cut_at(b"INSERT INTO bank_transfer", Moment.BEFORE)

    @contextmanager
    def deadlock_with_second_commit(self) -> Iterator[Opponent]:
        """Hold B, and want A as soon as the work has it; B is written with the commit."""
        observer = self.bank.observer
        assert isinstance(observer, SqlStorage)
        with ThreadPoolExecutor(1) as threads, observer.engine.connect() as connection:

            def against(work: Work) -> Work:
                begun: list[object] = []

                def work_against_each_other(uow: UnitOfWork) -> str:
                    uow.repository(Account, str).get("A", lock=Locking.WAIT)
                    if not begun:
                        connection.exec_driver_sql("SET LOCAL deadlock_timeout = '60s'")  # the other one is the victim
                        connection.exec_driver_sql(LOCK.format("B"))
                        opponent = session_of(connection)
                        begun.append(threads.submit(want, "A"))
                        wait_for_lock(observer, opponent)
                    return work(uow)

                return work_against_each_other

            def want(account: str) -> None:
                connection.exec_driver_sql(LOCK.format(account))
                connection.rollback()

            yield against


@pytest.fixture(params=["fake", "postgresql"])
def faulty(request: pytest.FixtureRequest) -> Iterator[Faulty]:
    if request.param == "postgresql":
        yield FaultyPostgresql(request.getfixturevalue("far_bank"), request.getfixturevalue("way"))
        return
    with bootstrap(app) as host:
        bank = Bank(host, host.storage)
        bank.open("A", "B")
        yield FaultyFake(bank)


class TestMoving:
    @pytest.mark.parametrize(("stored", "left"), [(False, NOTHING), (True, ONE_TRANSFER)], ids=["not stored", "stored"])
    class WhenTheCommitIsAmbiguous:
        def test_says_so_without_a_key(self, faulty: Faulty, stored: bool, left: State) -> None:
            faulty.lose_commit(stored=stored)

            with pytest.raises(AmbiguousCommit):
                faulty.bank.host.run(moving(10, name="T"))

            assert faulty.bank.state() == left

        def test_happens_once_with_a_key(self, faulty: Faulty, stored: bool, left: State) -> None:
            calls: list[str] = []

            def move(uow: UnitOfWork) -> str:
                calls.append("called")
                return moving(10, name="T")(uow)

            faulty.lose_commit(stored=stored)

            assert faulty.bank.host.run(move, idempotency_key="T") == "T"

            assert len(calls) == (1 if stored else 2)
            assert faulty.bank.state() == ONE_TRANSFER

    class WhenTheStoreGivesItUp:
        def test_is_transient(self, faulty: Faulty) -> None:
            faulty.end_session()

            with pytest.raises(TransientFailure):
                faulty.bank.host.run(moving(10, name="T"), attempts=1)

            assert faulty.bank.state() == NOTHING

        def test_is_run_again(self, faulty: Faulty) -> None:
            faulty.end_session()

            faulty.bank.host.run(moving(10, name="T"))

            assert faulty.bank.state() == ONE_TRANSFER
            assert faulty.bank.health() == HEALTHY

    class WhenTheSecondCommitEndsInADeadlock:
        def test_is_transient_and_leaves_the_first(self, faulty: Faulty) -> None:
            with faulty.deadlock_with_second_commit() as opponent:
                faulty.bank.host.run(moving(10, name="T"), attempts=1)

                with pytest.raises(TransientFailure, match="deadlock"):
                    faulty.bank.host.run(opponent(moving(1, name="second")), attempts=1)

            assert faulty.bank.state() == ONE_TRANSFER
            assert faulty.bank.health() == HEALTHY

        def test_is_run_again(self, faulty: Faulty) -> None:
            with faulty.deadlock_with_second_commit() as opponent:
                faulty.bank.host.run(moving(10, name="T"), attempts=1)
                faulty.bank.host.run(opponent(moving(1, name="second")))

            assert faulty.bank.state().transfers == {"T": 10, "second": 1}
            assert faulty.bank.state().complete
            assert faulty.bank.health() == HEALTHY


class TestCrossing:
    """Nobody asks for a fault here: both find the deadlock themselves."""

    def test_is_transient_for_one_of_two(self, faulty: Faulty) -> None:
        meeting = threading.Barrier(2)

        def crossing(first: str, second: str) -> str:
            def lock_both(uow: UnitOfWork) -> None:
                accounts = uow.repository(Account, str)
                accounts.get(first, lock=Locking.WAIT).balance += 1
                meeting.wait(PATIENCE)
                accounts.get(second, lock=Locking.WAIT).balance += 1

            try:
                faulty.bank.host.run(lock_both, attempts=1)
            except CorelibError as error:
                return type(error).__name__
            return "committed"

        outcomes = at_the_same_time(lambda: crossing("A", "B"), lambda: crossing("B", "A"))

        assert sorted(outcomes) == ["TransientFailure", "committed"]
        assert faulty.bank.state().balances == {"A": OPENING_BALANCE + 1, "B": OPENING_BALANCE + 1}
        assert faulty.bank.health() == HEALTHY
