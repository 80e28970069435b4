"""A connection that breaks during COMMIT; what `Host.run` makes of it stands with the tests of ambiguous commits."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("sqlalchemy")

from tests.support.bank import HEALTHY, OPENING_BALANCE, Bank, State, moving
from tests.support.cuttable import CuttableWay, Moment
from tests.support.slow_commit import SlowCommit, slow_commit

from corelib import UnitOfWork
from corelib.adapters.sqlalchemy import SqlStorage
from corelib.errors import AmbiguousCommit, TransientFailure
from corelib.testing.contracts.waiting import PATIENCE

NOTHING = State({"A": OPENING_BALANCE, "B": OPENING_BALANCE}, {}, complete=True)
ONE_TRANSFER = State({"A": OPENING_BALANCE - 10, "B": OPENING_BALANCE + 10}, {"T": 10}, complete=True)


class TestConnectionCut:
    @pytest.mark.parametrize(
        ("moment", "left"), [(Moment.BEFORE, NOTHING), (Moment.ANSWERED, ONE_TRANSFER)], ids=["before", "answered"]
    )
    class WhenItIsCutAtTheCommit:
        def test_is_ambiguous_and_leaves_all_or_nothing(
            self, far_bank: Bank, way: CuttableWay, moment: Moment, left: State
        ) -> None:
            with far_bank.host.unit_of_work() as uow:
                moving(10, name="T")(uow)
                way.cut_at(b"COMMIT", moment)
                with pytest.raises(AmbiguousCommit):
                    uow.commit()

            assert far_bank.health() == HEALTHY
            assert far_bank.state() == left

        def test_happens_once_with_a_key(self, far_bank: Bank, way: CuttableWay, moment: Moment, left: State) -> None:
            way.cut_at(b"COMMIT", moment)

            far_bank.host.run(moving(10, name="T"), idempotency_key="T")

            assert far_bank.health() == HEALTHY
            assert far_bank.state() == ONE_TRANSFER

    class WhenItIsCutBetweenTwoStatements:
        def test_is_transient_and_leaves_nothing(self, far_bank: Bank, way: CuttableWay) -> None:
            with far_bank.host.unit_of_work() as uow:
                moving(10, name="T")(uow)
                way.cut_at(b"INSERT INTO bank_transfer", Moment.ANSWERED)
                with pytest.raises(TransientFailure):
                    uow.commit()

            assert far_bank.health() == HEALTHY
            assert far_bank.state() == NOTHING

        def test_is_transient_with_a_savepoint_too(self, far_bank: Bank, way: CuttableWay) -> None:
            way.cut_at(b"RELEASE SAVEPOINT", Moment.BEFORE)

            with pytest.raises(TransientFailure), far_bank.host.unit_of_work() as uow, uow.savepoint():
                moving(10, name="T")(uow)

            assert far_bank.health() == HEALTHY
            assert far_bank.state() == NOTHING

    class WhenTheRollbackIsCut:
        @pytest.mark.parametrize("moment", Moment)
        def test_is_rolled_back_all_the_same(self, far_bank: Bank, way: CuttableWay, moment: Moment) -> None:
            with far_bank.host.unit_of_work() as uow:
                moving(10, name="T")(uow)
                uow.flush()
                way.cut_at(b"ROLLBACK", moment)

            assert far_bank.health() == HEALTHY
            assert far_bank.state() == NOTHING


class TestConnectionCutWhileTheServerCommits:
    """The answer to "is the key stored?" is no as long as the server has not finished, and yes afterwards."""

    @pytest.fixture
    def commit(self, far_bank: Bank) -> Iterator[SlowCommit]:
        assert isinstance(far_bank.observer, SqlStorage)
        with slow_commit(far_bank.observer) as held_back:
            yield held_back

    def test_happens_once_with_a_key(self, far_bank: Bank, way: CuttableWay, commit: SlowCommit) -> None:
        calls: list[int] = []

        def move(uow: UnitOfWork) -> int:
            calls.append(len(calls) + 1)
            moving(10, name="T")(uow)
            return calls[-1]

        with ThreadPoolExecutor(1) as threads:
            running = threads.submit(far_bank.host.run, move, idempotency_key="T", attempts=5)
            commit.reached()
            way.break_connections()
            commit.second_waits()
            commit.let_go()
            result = running.result(PATIENCE)

        assert (result, calls) == (1, [1])
        assert far_bank.health() == HEALTHY
        assert far_bank.state() == ONE_TRANSFER

    def test_is_ambiguous_without_a_key(self, far_bank: Bank, way: CuttableWay, commit: SlowCommit) -> None:
        with ThreadPoolExecutor(1) as threads:
            running = threads.submit(far_bank.host.run, moving(10, name="T"))
            commit.reached()
            way.break_connections()
            with pytest.raises(AmbiguousCommit):
                running.result(PATIENCE)
            commit.let_go()

        assert far_bank.health() == HEALTHY
        assert far_bank.state() == ONE_TRANSFER
