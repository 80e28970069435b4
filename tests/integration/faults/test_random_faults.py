"""Transfers in several threads while sessions are killed, the way to the server is cut, and the server crashes."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("stamina")

from attrs import define, field
from tests.support.bank import HEALTHY, OPENING_BALANCE, Bank, moving, opened_bank
from tests.support.cuttable import url_through, way_to_database
from tests.support.databases import POSTGRESQL, fresh_database, server_named_by
from tests.support.saboteur import Saboteur

from corelib import UnitOfWork, new_id
from corelib.errors import (
    AlreadyExists,
    AmbiguousCommit,
    ConcurrencyConflict,
    CorelibError,
    ServerUnreachable,
    TransientFailure,
)
from corelib.testing.contracts.waiting import at_the_same_time
from corelib.testing.servers.model import Missing
from corelib.testing.servers.postgresql_cluster import SURVIVING_KILLS
from corelib.testing.servers.postgresql_wheel import start_cluster
from corelib.testing.servers.temporary import remove

THREADS = 4
ROUNDS = 20
ACCOUNTS = tuple("ABCDEF")
PAUSE_SECONDS = 0.02
TRIES = 1000
"""Far more than a transfer needs."""

AGAIN = (ConcurrencyConflict, TransientFailure, ServerUnreachable)
"""After these nothing was stored, and a caller tries again."""


@define
class Teller:
    """Makes transfers until it is told to stop, and keeps book of how each of them ended.

    Args:
        returned: the line of the ledger that `run` returned, by the name of the transfer; None where a second call
            learned that the first one had stored it.
        ambiguous: transfers without a key of which nobody could say whether they hold.
        met: how often which error was met.
    """

    number: int
    bank: Bank
    stop: threading.Event
    chance: random.Random
    returned: dict[str, str | None] = field(factory=dict)
    ambiguous: set[str] = field(factory=set)
    met: Counter[str] = field(factory=Counter)

    def work(self) -> None:
        count = 0
        while not self.stop.is_set():
            count += 1
            self._transfer(f"{self.number}.{count}", with_key=self.chance.random() < 0.5)

    def _transfer(self, name: str, *, with_key: bool) -> None:
        source, target = self.chance.sample(ACCOUNTS, 2)
        amount = self.chance.randrange(1, 10)

        def move(uow: UnitOfWork) -> str:
            """Write a line of its own with each call, so that a second one would show."""
            return moving(amount, source, target, name=f"{name}#{new_id().hex[-8:]}")(uow)

        for _ in range(TRIES):
            try:
                self.returned[name] = self.bank.host.run(move, idempotency_key=name if with_key else None)
            except AGAIN as error:
                self._meet(error)
                if isinstance(error, ServerUnreachable):
                    threading.Event().wait(PAUSE_SECONDS)
                continue
            except AmbiguousCommit as error:
                self._meet(error)
                if with_key:
                    continue
                self.ambiguous.add(name)
            except AlreadyExists as error:
                assert with_key, "a transfer without a key exists already"
                assert self.met["AmbiguousCommit"], "the key is taken, but no call has failed to say so"
                self._meet(error)
                self.returned[name] = None
            return
        pytest.fail(f"The transfer {name} was tried {TRIES} times: {dict(self.met)}")

    def _meet(self, error: CorelibError) -> None:
        self.met[type(error).__name__] += 1


@pytest.fixture(params=["a server", "a server that crashes"])
def broken(request: pytest.FixtureRequest) -> Iterator[Saboteur]:
    """Somebody who breaks a bank."""
    seed = int(os.environ.get("CORELIB_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    print(f"seed {seed}")
    if request.param == "a server":
        yield from breaking(server_named_by(POSTGRESQL), random.Random(seed))
        return
    cluster = start_cluster(settings=SURVIVING_KILLS)
    if isinstance(cluster, Missing):
        pytest.skip(f"A server of its own could not be started, {cluster.reason}")
    try:
        for saboteur in breaking(cluster.url, random.Random(seed)):
            saboteur.cluster = cluster
            yield saboteur
    finally:
        cluster.stop()
        remove(cluster.directory)


def breaking(server_url: str, chance: random.Random) -> Iterator[Saboteur]:
    with (
        fresh_database(server_url) as url,
        way_to_database(url) as way,
        opened_bank(url_through(url, way), observed=url, accounts=ACCOUNTS) as bank,
    ):
        yield Saboteur(bank, way, chance)


class TestRandomFaults:
    def test_make_each_transfer_happen_once_or_not_at_all(self, broken: Saboteur) -> None:
        bank, stop = broken.bank, threading.Event()
        tellers = [Teller(number, bank, stop, random.Random(broken.chance.random())) for number in range(THREADS)]
        began = time.monotonic()

        def sabotage() -> None:
            try:
                broken.work(ROUNDS)
            finally:
                stop.set()

        at_the_same_time(sabotage, *(teller.work for teller in tellers))
        health, state = bank.health(), bank.state()

        returned = {name: line for teller in tellers for name, line in teller.returned.items()}
        ambiguous = {name for teller in tellers for name in teller.ambiguous}
        stored = Counter(line.partition("#")[0] for line in state.transfers)
        met = sum((teller.met for teller in tellers), Counter[str]())
        again = sum(line.event == "unit of work is run again" for line in bank.log.lines)
        print(
            f"{dict(broken.done)}; {len(returned)} transfers returned, {len(ambiguous)} ambiguous, of which "
            f"{len(ambiguous & set(stored))} stored; callers met {dict(met)}; the host ran {again} again; "
            f"{time.monotonic() - began:.1f} s"
        )
        assert sum(state.balances.values()) == len(ACCOUNTS) * OPENING_BALANCE
        assert {stored[name] for name in returned} == {1}
        assert {line for line in returned.values() if line is not None} <= set(state.transfers)
        assert all(stored[name] <= 1 for name in ambiguous)
        assert set(stored) <= set(returned) | ambiguous
        assert state.balances == state.by_ledger
        assert state.complete
        assert health == HEALTHY
        assert again + sum(met.values()) > 0
