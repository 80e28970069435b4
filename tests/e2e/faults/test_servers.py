"""Brokers and databases end and come back, and the way to the database is cut or stands still."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from tests.e2e.faults.conftest import Open, on_brokers
from tests.support.cuttable import url_through, way_to_database
from tests.support.databases import fresh_database, server_named_by
from tests.support.ledger import strikes
from tests.support.private_brokers import PrivateBroker

from corelib.testing.servers.model import Missing
from corelib.testing.servers.postgresql_cluster import SURVIVING_KILLS, PostgresqlCluster
from corelib.testing.servers.postgresql_wheel import start_cluster
from corelib.testing.servers.temporary import remove

FEW = 3


@pytest.fixture
def cluster() -> Iterator[PostgresqlCluster]:
    """Return a PostgreSQL that can be killed."""
    started = start_cluster(settings=SURVIVING_KILLS)
    if isinstance(started, Missing):
        pytest.skip(f"A server of its own could not be started, {started.reason}")
    yield started
    started.stop()
    remove(started.directory)


class TestJobs:
    @on_brokers("redis", "rabbitmq")
    class WhenTheBrokerLosesItsData:
        def test_have_each_effect_once(self, broker: str, private_broker: PrivateBroker, open_ledger: Open) -> None:
            ledger = open_ledger(private_broker.url)
            for _ in range(2):
                ledger.start()

            def lose() -> str:
                private_broker.lose()
                return f"{broker} restarted, its data lost"

            ledger.strike(strikes(FEW), lose)
            ledger.settle()

            print(ledger.balance())

    @on_brokers("rabbitmq")
    class WhenTheDatabaseEnds:
        def test_have_each_effect_once(self, broker: str, cluster: PostgresqlCluster, open_ledger: Open) -> None:
            with fresh_database(cluster.url) as url:
                ledger = open_ledger(broker, database=url)
                for _ in range(2):
                    ledger.start()

                def restart() -> str:
                    how = ledger.chance.choice([signal.SIGINT, signal.SIGQUIT, signal.SIGKILL])
                    cluster.stop(how)
                    cluster.start()
                    return f"database restarted after {how.name}"

                ledger.strike(strikes(FEW), restart)
                ledger.settle()

                print(ledger.balance())
                ledger.close()

    @on_brokers("redis")
    class WhenTheWayOfOneWorkerToTheDatabaseIsCut:
        def test_have_each_effect_once(self, broker: str, open_ledger: Open) -> None:
            server = server_named_by("CORELIB_TEST_POSTGRESQL_URL")
            with fresh_database(server) as url, way_to_database(url) as way:
                ledger = open_ledger(broker, database=url)
                ledger.start()
                ledger.start(database=url_through(url, way))

                def cut() -> str:
                    if ledger.chance.random() < 0.5:
                        way.break_connections()
                        return "way cut"
                    way.hold_for(ledger.chance.uniform(0.5, 4))
                    return "way blocked"

                ledger.strike(strikes(FEW), cut)
                ledger.settle()

                print(ledger.balance())
                ledger.close()
