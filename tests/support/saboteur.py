"""Somebody who breaks things while others work."""

from __future__ import annotations

import random
import signal
import threading
from collections import Counter
from collections.abc import Callable

from attrs import define, field
from tests.support.bank import Bank
from tests.support.cuttable import CuttableWay, Moment

from corelib.adapters.sqlalchemy import SqlStorage
from corelib.testing.servers.postgresql_cluster import PostgresqlCluster

LONGEST_PAUSE = 0.5
"""Seconds between two rounds; work goes on meanwhile."""

_SESSIONS = (
    "SELECT pid FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'bank' AND pid <> pg_backend_pid() ORDER BY pid"
)


@define
class Saboteur:
    """Kills sessions, cuts the way to the server, and crashes the server if it is given one.

    Args:
        bank: whose host suffers.
        way: between the host and the server.
        chance: chooses what to do, and when.
        cluster: a server to crash.
    """

    bank: Bank
    way: CuttableWay
    chance: random.Random
    cluster: PostgresqlCluster | None = None
    done: Counter[str] = field(factory=Counter)

    def work(self, rounds: int) -> None:
        """Break something, wait, and break the next thing."""
        pause = threading.Event()
        kinds: list[Callable[[], str]] = [self._kill_one, self._kill_all, self._cut_all, self._cut_commit]
        if self.cluster is not None:
            kinds.append(self._crash)
        for _ in range(rounds):
            pause.wait(self.chance.uniform(0, LONGEST_PAUSE))
            self.done[self.chance.choice(kinds)()] += 1

    def _kill_one(self) -> str:
        sessions = self._sessions()
        if not sessions:
            return "found nobody"
        self._kill([self.chance.choice(sessions)])
        return "one session killed"

    def _kill_all(self) -> str:
        self._kill(self._sessions())
        return "all sessions killed"

    def _cut_all(self) -> str:
        self.way.break_connections()
        return "way cut"

    def _cut_commit(self) -> str:
        moment = self.chance.choice(list(Moment))
        self.way.cut_at(b"COMMIT", moment)
        return f"commit cut, {moment.name.lower()}"

    def _crash(self) -> str:
        assert self.cluster is not None
        self.cluster.stop(signal.SIGKILL)
        self.cluster.start()
        return "server crashed"

    def _sessions(self) -> list[int]:
        with self._storage.engine.connect() as connection:
            return list(connection.exec_driver_sql(_SESSIONS).scalars())

    def _kill(self, sessions: list[int]) -> None:
        with self._storage.engine.connect() as connection:
            for session in sessions:
                connection.exec_driver_sql(f"SELECT pg_terminate_backend({session})")

    @property
    def _storage(self) -> SqlStorage:
        assert isinstance(self.bank.observer, SqlStorage)
        return self.bank.observer
