"""The servers on which the suites of the database test kit run, as classes that a test class names before the suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import ClassVar

import pytest
import sqlalchemy as sa
from tests.support.databases import MSSQL, POSTGRESQL, at_closed_port, server_named_by, with_wrong_login
from tests.support.sessions import session_of

from corelib.adapters.sqlalchemy import create_engine
from corelib.testing.contracts.capabilities import Capability
from corelib.testing.database.memory.process import MemoryProcess
from corelib.testing.database.memory.server import MemoryServer
from corelib.testing.database.memory.world import MemoryDatabase, MemoryWorld
from corelib.testing.database.model import Session
from corelib.testing.database.mssql.server import MssqlServer
from corelib.testing.database.ports.registry import Registry
from corelib.testing.database.ports.server import DatabaseServer
from corelib.testing.database.postgresql.server import PostgresqlServer
from corelib.testing.database.registry import open_registry
from corelib.testing.database.sqlite.server import SqliteServer

_metadata = sa.MetaData()
_text = sa.Table(
    "written_text",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("text", sa.Unicode(100), nullable=False),
)


class OnMemory:
    adapter: ClassVar[str] = "memory"
    lacks: ClassVar[frozenset[Capability]] = frozenset({Capability.SERVER})

    @pytest.fixture
    def world(self) -> MemoryWorld:
        return MemoryWorld()

    @pytest.fixture
    def server(self, world: MemoryWorld) -> DatabaseServer:
        return MemoryServer(MemoryProcess(world))

    @pytest.fixture
    def others(self, world: MemoryWorld) -> DatabaseServer:
        return MemoryServer(MemoryProcess(world))

    @pytest.fixture
    def connected(self, world: MemoryWorld) -> Callable[[str], AbstractContextManager[int]]:
        return lambda name: _listed(world.databases[name])

    @pytest.fixture
    def write(self, world: MemoryWorld) -> Callable[[str, str], None]:
        return lambda name, text: world.databases[name].tables.setdefault("written_text", []).append(text)

    @pytest.fixture
    def read(self, world: MemoryWorld) -> Callable[[str], Sequence[object]]:
        return lambda name: world.databases[name].tables["written_text"]


class OnSql:
    """What the three engines have in common: a URL, and tables."""

    lacks: ClassVar[frozenset[Capability]] = frozenset()
    make: ClassVar[Callable[[str], DatabaseServer]]

    @pytest.fixture
    def server_url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def server(self, server_url: str) -> Iterator[DatabaseServer]:
        yield from self.opened(server_url)

    @pytest.fixture
    def others(self, server_url: str) -> Iterator[DatabaseServer]:
        yield from self.opened(server_url)

    @pytest.fixture
    def unreachable(self, server_url: str) -> Iterator[DatabaseServer]:
        yield from self.opened(at_closed_port(server_url))

    @pytest.fixture
    def refusing(self, server_url: str) -> Iterator[DatabaseServer]:
        yield from self.opened(with_wrong_login(server_url))

    @pytest.fixture
    def connected(self, server: DatabaseServer) -> Callable[[str], AbstractContextManager[int]]:
        return lambda name: _connected(server.url(name))

    @pytest.fixture
    def write(self, server: DatabaseServer) -> Callable[[str, str], None]:
        return lambda name, text: _write(server.url(name), text)

    @pytest.fixture
    def read(self, server: DatabaseServer) -> Callable[[str], Sequence[str]]:
        return lambda name: _read(server.url(name))

    def opened(self, url: str) -> Iterator[DatabaseServer]:
        server = type(self).make(url)
        yield server
        server.close()


class OnSqlite(OnSql):
    adapter: ClassVar[str] = "SQLite"
    lacks: ClassVar[frozenset[Capability]] = frozenset({Capability.SERVER, Capability.SESSIONS})
    make: ClassVar[Callable[[str], DatabaseServer]] = SqliteServer

    @pytest.fixture
    def server_url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/"


class OnPostgresql(OnSql):
    adapter: ClassVar[str] = "PostgreSQL"
    make: ClassVar[Callable[[str], DatabaseServer]] = PostgresqlServer

    @pytest.fixture
    def server_url(self) -> str:
        return server_named_by(POSTGRESQL)


class OnMssql(OnSql):
    adapter: ClassVar[str] = "SQL Server"
    make: ClassVar[Callable[[str], DatabaseServer]] = MssqlServer

    @pytest.fixture
    def server_url(self) -> str:
        return server_named_by(MSSQL)


class WithRegistry(OnSql):
    """Registries as two processes open them."""

    @pytest.fixture
    def registry(self, server: DatabaseServer) -> Iterator[Registry]:
        yield from _closing(open_registry(server))

    @pytest.fixture
    def others(self, server_url: str) -> Iterator[Registry]:
        for server in self.opened(server_url):
            yield from _closing(open_registry(server))


def _closing(registry: Registry) -> Iterator[Registry]:
    yield registry
    registry.close()


@contextmanager
def _listed(database: MemoryDatabase) -> Iterator[int]:
    """Put a session into the list of those that are connected."""
    session = Session(4711, "client", "idle")
    database.sessions.append(session)
    yield session.number
    database.sessions[:] = [each for each in database.sessions if each != session]


@contextmanager
def _connected(url: str) -> Iterator[int]:
    """Connect a client; that its session was ended meanwhile is no error when it goes."""
    engine = create_engine(url)
    connection = engine.connect()
    try:
        yield session_of(connection)
    finally:
        connection.invalidate()
        connection.close()
        engine.dispose()


def _write(url: str, text: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        _metadata.create_all(connection)
        connection.execute(_text.insert().values(text=text))
    engine.dispose()


def _read(url: str) -> Sequence[str]:
    engine = create_engine(url)
    with engine.connect() as connection:
        texts = connection.execute(sa.select(_text.c.text).order_by(_text.c.id)).scalars().all()
    engine.dispose()
    return texts
