"""A process that is killed with a unit of work in its hands, on each engine that one machine has."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from tests.support.bank import HEALTHY, OPENING_BALANCE, Bank, opened_bank
from tests.support.commands import PROJECT, start_python
from tests.support.databases import POSTGRESQL, fresh_database, server_named_by, sqlite_file
from tests.support.until import until

from corelib.adapters.sqlalchemy import SqlStorage

DOOMED = str(PROJECT / "tests/support/doomed_bank.py")
ROUNDS = 10
LATEST = 40
"""Up to so many transfers are committed before the next kill."""


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield sqlite_file(tmp_path)
        return
    with fresh_database(server_named_by(POSTGRESQL)) as url:
        yield url


@pytest.fixture
def bank(database_url: str) -> Iterator[Bank]:
    with opened_bank(database_url) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "said"
    made.mkdir()
    return made


@contextmanager
def doomed(url: str, folder: Path, way: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start the process; it is dead at the end of the block."""
    log = folder.with_name("log")
    environment = {"PYTHONPATH": os.pathsep.join([str(PROJECT), os.environ.get("PYTHONPATH", "")])}
    with start_python(
        DOOMED, url, str(folder), way, log=log, stdin=subprocess.PIPE, environment=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def sound(bank: Bank) -> bool:
    """Whether the engine itself finds nothing wrong with the file."""
    storage = bank.observer
    assert isinstance(storage, SqlStorage)
    if storage.engine.dialect.name != "sqlite":
        return True
    with storage.engine.connect() as connection:
        return connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"


class TestKilledProcess:
    class WhenItHasWritten:
        def test_leaves_nothing_and_no_lock(self, bank: Bank, database_url: str, folder: Path) -> None:
            with doomed(database_url, folder, "flushed") as process:
                until((folder / "flushed").exists, "the other process has written")
                process.kill()
                process.wait()

            assert bank.health() == HEALTHY
            assert bank.state().transfers == {}
            assert sound(bank)

    class WhenItWasAboutToCommit:
        def test_leaves_nothing_and_no_lock(self, bank: Bank, database_url: str, folder: Path) -> None:
            with doomed(database_url, folder, "committing") as process:
                ended = process.wait(60)

            assert ended == -signal.SIGKILL
            assert bank.health() == HEALTHY
            assert bank.state().transfers == {}
            assert sound(bank)

    class WhenItHadJustCommitted:
        def test_leaves_everything(self, bank: Bank, database_url: str, folder: Path) -> None:
            with doomed(database_url, folder, "committed") as process:
                ended = process.wait(60)

            assert ended == -signal.SIGKILL
            assert bank.health() == HEALTHY
            assert bank.state().transfers == {"stored": 10}
            assert bank.state().complete
            assert sound(bank)

    class WhenItIsKilledAtRandomMoments:
        def test_has_all_that_it_was_told_was_committed(self, bank: Bank, database_url: str, folder: Path) -> None:
            seed = int(os.environ.get("CORELIB_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
            chance = random.Random(seed)
            for _ in range(ROUNDS):
                told = len(list(folder.iterdir())) + chance.randrange(LATEST)
                with doomed(database_url, folder, "busy") as process:
                    until(lambda told=told: len(list(folder.iterdir())) >= told, "transfers were committed")
                    process.kill()

            health, state = bank.health(), bank.state()
            said = {file.name for file in folder.iterdir()}
            print(f"seed {seed}: {ROUNDS} kills, {len(said)} transfers told, {len(state.transfers)} stored")
            assert said <= set(state.transfers)
            assert len(state.transfers) - len(said) <= ROUNDS
            assert state.balances == {
                "A": OPENING_BALANCE - len(state.transfers),
                "B": OPENING_BALANCE + len(state.transfers),
            }
            assert state.complete
            assert health == HEALTHY
            assert sound(bank)


class TestKilledProcessOnSqlite:
    class WhenNobodyElseHadTheFileOpen:
        def test_is_recovered_from_the_write_ahead_log(self, tmp_path: Path, folder: Path) -> None:
            url = sqlite_file(tmp_path)
            with opened_bank(url):
                pass
            with doomed(url, folder, "committed") as process:
                process.wait(60)
            (log,) = tmp_path.glob("*.sqlite-wal")
            left = log.stat().st_size

            with opened_bank(url, accounts=()) as bank:
                assert left > 0
                assert bank.state().transfers == {"stored": 10}
                assert bank.health() == HEALTHY
                assert sound(bank)
            assert not log.exists()
