"""A disk, or a file, with no room left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from attrs import frozen
from tests.support.bank import HEALTHY, Account, Bank, moving, opened_bank
from tests.support.databases import fresh_database, run_on_server
from tests.support.tiny_disk import tiny_disk

from corelib import UnitOfWork
from corelib.adapters.sqlalchemy import SqlStorage
from corelib.errors import StorageFull, UnitOfWorkClosed
from corelib.testing.servers.account import account_for_servers
from corelib.testing.servers.model import Missing
from corelib.testing.servers.postgresql_wheel import start_cluster
from corelib.testing.servers.temporary import remove

PAGES_LEFT = 8
BYTES_LEFT = 200_000
ROWS = 20_000
"""Far more than there is room for."""


@frozen
class Filling:
    """A bank with little room left, and what makes room again."""

    bank: Bank
    make_room: Callable[[], None]


@pytest.fixture(params=["limit of SQLite", "disk under SQLite", "disk under PostgreSQL"])
def filling(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Filling]:
    """A bank with a committed transfer on each kind of store that can be full."""
    yield from {
        "limit of SQLite": limited_sqlite,
        "disk under SQLite": sqlite_on_tiny_disk,
        "disk under PostgreSQL": postgresql_on_tiny_disk,
    }[request.param](tmp_path)


def limited_sqlite(folder: Path) -> Iterator[Filling]:
    with opened_bank(f"sqlite:///{folder / 'bank.sqlite'}") as bank:
        bank.host.run(moving(1, name="before"))
        storage = bank.host.storage
        assert isinstance(storage, SqlStorage)
        limit = ["PRAGMA max_page_count"]

        def set_limit(driver: object, *_: object) -> None:
            driver.execute(limit[0])  # type: ignore[attr-defined]

        sa.event.listen(storage.engine, "checkout", set_limit)
        with storage.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        limit[0] = f"PRAGMA max_page_count = {pages + PAGES_LEFT}"
        yield Filling(bank, lambda: limit.__setitem__(0, f"PRAGMA max_page_count = {2**31}"))


def sqlite_on_tiny_disk(folder: Path) -> Iterator[Filling]:
    with tiny_disk(folder) as disk, opened_bank(f"sqlite:///{folder / 'bank.sqlite'}") as bank:
        bank.host.run(moving(1, name="before"))
        disk.leave(BYTES_LEFT)
        yield Filling(bank, disk.make_room)


def postgresql_on_tiny_disk(_: Path) -> Iterator[Filling]:
    cluster = start_cluster()
    if isinstance(cluster, Missing):
        pytest.skip(f"A server of its own could not be started, {cluster.reason}")
    folder = cluster.directory / "disk"
    folder.mkdir()
    try:
        with tiny_disk(folder) as disk, fresh_database(cluster.url) as url:
            account_for_servers().give(folder)
            run_on_server(url, f"CREATE TABLESPACE tiny LOCATION '{folder}'")
            run_on_server(url, f"ALTER DATABASE {sa.make_url(url).database} SET default_tablespace = tiny")
            with opened_bank(url) as bank:
                bank.host.run(moving(1, name="before"))
                disk.leave(BYTES_LEFT)
                yield Filling(bank, disk.make_room)
    finally:
        cluster.stop()
        remove(cluster.directory)


def adding_too_much(uow: UnitOfWork) -> None:
    moving(10, name="lost")(uow)
    uow.repository(Account, str).add_many([Account(f"{number:050}") for number in range(ROWS)])
    uow.flush()


class TestStorageFull:
    def test_is_told_once_and_leaves_nothing(self, filling: Filling) -> None:
        bank, calls = filling.bank, []

        def add(uow: UnitOfWork) -> None:
            calls.append("called")
            adding_too_much(uow)

        with pytest.raises(StorageFull):
            bank.host.run(add)

        assert calls == ["called"]
        assert bank.state().transfers == {"before": 1}
        assert sorted(bank.state().balances) == ["A", "B"]
        assert bank.state().complete

    def test_cannot_be_committed_past(self, filling: Filling) -> None:
        bank = filling.bank
        with bank.host.unit_of_work() as uow:
            with pytest.raises(StorageFull):
                adding_too_much(uow)

            with pytest.raises(UnitOfWorkClosed):
                uow.commit()

        assert bank.state().transfers == {"before": 1}

    class WhenThereIsRoomAgain:
        def test_goes_on_with_the_same_pool(self, filling: Filling) -> None:
            bank = filling.bank
            with pytest.raises(StorageFull):
                bank.host.run(adding_too_much)

            filling.make_room()
            bank.host.run(moving(2, name="after"))

            assert bank.health() == HEALTHY
            assert bank.state().transfers == {"before": 1, "after": 2}
            assert bank.state().complete
