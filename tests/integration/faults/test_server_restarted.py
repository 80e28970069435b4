"""A server of its own that is stopped in each of the ways there are, and started again on the same data."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

pytest.importorskip("sqlalchemy")

from tests.support.bank import HEALTHY, OPENING_BALANCE, Account, Bank, moving, opened_bank
from tests.support.databases import fresh_database

from corelib import UnitOfWork
from corelib.errors import AmbiguousCommit, ServerUnreachable, TransientFailure
from corelib.testing.servers.model import Missing
from corelib.testing.servers.postgresql_cluster import SURVIVING_KILLS, PostgresqlCluster
from corelib.testing.servers.postgresql_wheel import start_cluster
from corelib.testing.servers.temporary import remove

WAYS = pytest.mark.parametrize(
    "way",
    [
        pytest.param(signal.SIGINT, id="stopped fast"),
        pytest.param(signal.SIGQUIT, id="stopped at once"),
        pytest.param(signal.SIGKILL, id="killed"),
    ],
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgresqlCluster]:
    started = start_cluster(settings=SURVIVING_KILLS)
    if isinstance(started, Missing):
        pytest.skip(f"A server of its own could not be started, {started.reason}")
    yield started
    started.stop()
    remove(started.directory)


@pytest.fixture
def bank(cluster: PostgresqlCluster) -> Iterator[Bank]:
    with fresh_database(cluster.url) as url, opened_bank(url) as opened:
        yield opened


class TestServerRestarted:
    @WAYS
    class WhenAUnitOfWorkIsUnderWay:
        def test_is_transient_and_leaves_what_was_committed(
            self, bank: Bank, cluster: PostgresqlCluster, way: signal.Signals
        ) -> None:
            bank.host.run(moving(1, name="before"))

            with bank.host.unit_of_work() as uow:
                moving(10, name="lost")(uow)
                uow.flush()
                cluster.stop(way)
                cluster.start()
                with pytest.raises(TransientFailure):
                    uow.repository(Account, str).count()

            assert bank.health() == HEALTHY
            assert bank.state().transfers == {"before": 1}
            assert bank.state().balances == {"A": OPENING_BALANCE - 1, "B": OPENING_BALANCE + 1}

        def test_is_run_again_by_the_host(self, bank: Bank, cluster: PostgresqlCluster, way: signal.Signals) -> None:
            calls: list[str] = []

            def moving_over_a_restart(uow: UnitOfWork) -> None:
                calls.append(moving(10, name="moved")(uow))
                uow.flush()
                if len(calls) == 1:
                    cluster.stop(way)
                    cluster.start()

            bank.host.run(moving_over_a_restart, idempotency_key="move")

            assert calls == ["moved", "moved"]
            assert bank.health() == HEALTHY
            assert bank.state().transfers == {"moved": 10}
            assert bank.state().complete

    @WAYS
    class WhenOnlyTheCommitIsLeft:
        def test_is_ambiguous(self, bank: Bank, cluster: PostgresqlCluster, way: signal.Signals) -> None:
            with bank.host.unit_of_work() as uow:
                uow.repository(Account, str).add(Account("C"))
                uow.flush()
                cluster.stop(way)
                cluster.start()
                with pytest.raises(AmbiguousCommit):
                    uow.commit()

            assert bank.health() == HEALTHY
            assert list(bank.state().balances) == ["A", "B"]

    @WAYS
    class WhenItIsStillDown:
        def test_is_unreachable_until_it_is_back(
            self, bank: Bank, cluster: PostgresqlCluster, way: signal.Signals
        ) -> None:
            bank.host.run(moving(1, name="before"))
            cluster.stop(way)

            try:
                with pytest.raises(ServerUnreachable):
                    bank.host.run(moving(10, name="meanwhile"))
            finally:
                cluster.start()
            bank.host.run(moving(2, name="after"), attempts=1)

            assert bank.health() == HEALTHY
            assert bank.state().transfers == {"before": 1, "after": 2}

    @WAYS
    class WhenThePoolHoldsManyConnections:
        def test_replaces_them_all(self, bank: Bank, cluster: PostgresqlCluster, way: signal.Signals) -> None:
            units = [bank.host.unit_of_work() for _ in range(5)]
            for uow in units:
                uow.__enter__().repository(Account, str).count()
            for uow in units:
                uow.__exit__(None, None, None)
            cluster.stop(way)
            cluster.start()

            for number in range(5):
                bank.host.run(moving(1, name=f"after {number}"), attempts=1)

            assert bank.health() == HEALTHY
            assert len(bank.state().transfers) == 5

    class WhenItIsKilledAgainAndAgain:
        def test_has_every_unit_of_work_that_was_committed(self, bank: Bank, cluster: PostgresqlCluster) -> None:
            for number in range(10):
                bank.host.run(moving(1, name=f"T{number}"), attempts=1)
                cluster.stop(signal.SIGKILL)
                cluster.start()

            assert sorted(bank.state().transfers) == [f"T{number}" for number in range(10)]
            assert bank.state().complete
            assert bank.health() == HEALTHY
