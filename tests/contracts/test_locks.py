from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from tests.support.cuttable import CuttableWay, url_through, way_to_database
from tests.support.databases import sqlite_file

from corelib.adapters.memory import MemoryLocks
from corelib.adapters.sqlalchemy import SqlLocks, SqlStorage, create_engine
from corelib.ports.lock import Locks
from corelib.testing.contracts.capabilities import Capability, needed_by
from corelib.testing.contracts.locks import LocksContract


@contextmanager
def engine_of(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    yield engine
    engine.dispose()


def url_of(storage: SqlStorage) -> str:
    return storage.engine.url.render_as_string(hide_password=False)


class TestMemory(LocksContract):
    adapter: ClassVar[str] = "memory"

    @pytest.fixture
    def locks(self) -> Locks:
        return MemoryLocks()

    @pytest.fixture
    def others(self, locks: Locks) -> Locks:
        return locks

    @pytest.fixture
    def lose(self, locks: MemoryLocks) -> Callable[[str], None]:
        return locks.lose


class TestSqlite(LocksContract):
    """A lock hangs on an open file; it is lost if somebody removes that."""

    adapter: ClassVar[str] = "sqlalchemy, SQLite"

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return sqlite_file(tmp_path)

    @pytest.fixture
    def locks(self, url: str) -> Iterator[Locks]:
        with engine_of(url) as engine:
            yield SqlLocks(engine)

    @pytest.fixture
    def others(self, url: str) -> Iterator[Locks]:
        with engine_of(url) as engine:
            yield SqlLocks(engine)

    @pytest.fixture
    def lose(self, tmp_path: Path) -> Callable[[str], None]:
        def remove_lock_files(_: str) -> None:
            for file in tmp_path.glob("*-locks/*.lock"):
                file.unlink()

        return remove_lock_files


class OnServer(LocksContract):
    """`locks` reaches the server by a way of its own, which can be cut."""

    @pytest.fixture
    def database(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def way(self, database: str) -> Iterator[CuttableWay]:
        with way_to_database(database) as way:
            yield way

    @pytest.fixture
    def locks(self, database: str, way: CuttableWay) -> Iterator[Locks]:
        with engine_of(url_through(database, way)) as engine:
            yield SqlLocks(engine)

    @pytest.fixture
    def others(self, database: str) -> Iterator[Locks]:
        with engine_of(database) as engine:
            yield SqlLocks(engine)

    @pytest.fixture
    def lose(self, way: CuttableWay) -> Callable[[str], None]:
        return lambda _: way.cut()


class TestPostgresql(OnServer):
    adapter: ClassVar[str] = "sqlalchemy, PostgreSQL"

    @pytest.fixture
    def database(self, postgresql: SqlStorage) -> str:
        return url_of(postgresql)


class TestMssql(OnServer):
    adapter: ClassVar[str] = "sqlalchemy, SQL Server"

    @pytest.fixture
    def database(self, mssql: SqlStorage) -> str:
        return url_of(mssql)

    @pytest.fixture(autouse=True)
    def _skip_where_the_server_hides_its_locks(self, request: pytest.FixtureRequest, mssql: SqlStorage) -> None:
        if Capability.HOLDERS in needed_by(request.function) and not shows_locks(mssql.engine):
            pytest.skip("the server has no view sys.dm_tran_locks, or hides it from this login")


def shows_locks(engine: Engine) -> bool:
    """Return whether the view can be read: SQL Server asks for VIEW SERVER STATE, other servers have none."""
    try:
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT COUNT(*) FROM sys.dm_tran_locks"))
    except sa.exc.DBAPIError:
        return False
    return True
