"""Servers for the database kit: the one that is named, and one of its own, which no other run knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("psycopg")

import sqlalchemy as sa
from tests.support.databases import POSTGRESQL, server_named_by
from tests.support.roles import role

from corelib.testing.database.postgresql.cloner import PostgresqlCloner
from corelib.testing.database.postgresql.server import PostgresqlServer
from corelib.testing.servers.model import Missing
from corelib.testing.servers.postgresql_cluster import PostgresqlCluster
from corelib.testing.servers.postgresql_wheel import start_cluster
from corelib.testing.servers.temporary import remove

PASSWORD = "p@ss/w%rd:?#[]&='\"\\ \u00fc"
"""With all that means something in a URL."""


@contextmanager
def _opened(url: str) -> Iterator[PostgresqlServer]:
    server = PostgresqlServer(url)
    yield server
    server.close()


@pytest.fixture
def server_url() -> str:
    return server_named_by(POSTGRESQL)


@pytest.fixture
def server(server_url: str) -> Iterator[PostgresqlServer]:
    with _opened(server_url) as server:
        yield server


@pytest.fixture
def cloner(server: PostgresqlServer) -> PostgresqlCloner:
    return PostgresqlCloner(server)


@pytest.fixture
def prefix(server: PostgresqlServer) -> Iterator[str]:
    prefix = f"corelib_kit_{uuid4().hex[:12]}"
    yield prefix
    for name in server.names(prefix):
        server.drop(name)


@pytest.fixture
def template(server: PostgresqlServer, prefix: str) -> str:
    server.create(f"{prefix}_t")
    return f"{prefix}_t"


@pytest.fixture(scope="session")
def cluster() -> Iterator[PostgresqlCluster]:
    started = start_cluster(password=PASSWORD)
    if isinstance(started, Missing):
        pytest.skip(f"A server of its own could not be started, {started.reason}")
    yield started
    started.stop()
    remove(started.directory)


@pytest.fixture
def own_server(cluster: PostgresqlCluster) -> Iterator[PostgresqlServer]:
    """A server behind a socket, with a password of odd characters; empty again afterwards."""
    with _opened(cluster.url) as server:
        yield server
        for name in server.names("corelib_"):
            server.drop(name)


@pytest.fixture
def owner(server_url: str) -> Iterator[PostgresqlServer]:
    """The server for a login that may create databases, and is no superuser."""
    with role(server_url, "CREATEDB") as url, _opened(url) as server:
        yield server
        for name in server.names(f"{sa.make_url(url).username}"):
            server.drop(name)


@pytest.fixture
def stranger(server_url: str) -> Iterator[PostgresqlServer]:
    """The server for a login that may do nothing but log in."""
    with role(server_url, "NOCREATEDB") as url, _opened(url) as server:
        yield server
