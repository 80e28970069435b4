"""Servers that look like production: refused before a connection is made."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from attrs import define, field
from tests.integration.testing.faults.conftest import Making
from tests.support.databases import POSTGRESQL, server_named_by
from tests.support.host_project import HostProject, Run

USES_DATABASE = """
def test_1(db_engine): pass
def test_2(db_server): pass
"""


@define(eq=False)
class Listener:
    """Listens on a port of this machine, counts who connects, and hangs up."""

    socket: socket.socket = field(factory=lambda: socket.create_server(("127.0.0.1", 0)))
    connections: int = 0
    _thread: threading.Thread = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    @property
    def port(self) -> int:
        port: int = self.socket.getsockname()[1]
        return port

    def close(self) -> None:
        """Stop listening; a thread that waits in accept() is woken by that."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self.socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self.socket.accept()[0].close()
                self.connections += 1


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def project(make_project: Making) -> HostProject:
    project = make_project(server_named_by(POSTGRESQL))
    project.url = None
    project.tests(USES_DATABASE)
    return project


PRODUCTION_LOOKING = pytest.mark.parametrize(
    ("url", "name"),
    [
        pytest.param("postgresql://shop@localhost:{port}/shop_prod", "'shop_prod'", id="database on localhost"),
        pytest.param("postgresql://prod_admin@127.0.0.1:{port}/shop", "'prod_admin'", id="user"),
        pytest.param(
            "postgresql://shop@/shop?host=db.live.example&hostaddr=127.0.0.1&port={port}",
            "'db.live.example'",
            id="host whose address is here",
        ),
        pytest.param(
            "mssql+pyodbc://sa@127.0.0.1:{port}/ShopProduction?driver=ODBC+Driver+18+for+SQL+Server",
            "'ShopProduction'",
            id="database on SQL Server",
        ),
    ],
)


class TestAServerThatLooksLikeProduction:
    @PRODUCTION_LOOKING
    def test_is_refused_before_anything_is_sent_there(
        self, project: HostProject, listener: Listener, url: str, name: str
    ) -> None:
        run = project.run("--db-url", url.format(port=listener.port))

        assert_refused(run, name)
        assert listener.connections == 0

    @PRODUCTION_LOOKING
    def test_is_refused_where_the_environment_names_it(
        self, project: HostProject, listener: Listener, url: str, name: str
    ) -> None:
        named = {"CORELIB_TEST_DATABASE_URL": url.format(port=listener.port)}

        run = project.run(environment=named)

        assert_refused(run, name)
        assert listener.connections == 0

    def test_is_refused_by_the_controller_of_workers_too(self, project: HostProject, listener: Listener) -> None:
        named = {POSTGRESQL: f"postgresql://shop@localhost:{listener.port}/shop_prod"}

        run = project.start("-p", "xdist.plugin", "-n", "2", environment=named)
        run.ended()

        assert_refused(run, "'shop_prod'", error="ConfigurationError")
        assert listener.connections == 0

    def test_is_refused_where_libpq_takes_the_rest_from_the_environment(
        self, project: HostProject, listener: Listener
    ) -> None:
        environment = {"PGHOST": "127.0.0.1", "PGPORT": str(listener.port), "PGDATABASE": "shop_prod"}

        run = project.run("--db-url", "postgresql://", environment=environment)

        assert_refused(run, "'shop_prod'")
        assert listener.connections == 0


class TestTheListener:
    def test_counts_who_connects_for_a_server_that_is_not_refused(
        self, project: HostProject, listener: Listener
    ) -> None:
        run = project.run("--db-url", f"postgresql://shop@localhost:{listener.port}/shop")

        assert run.counts()["error"] >= 1
        assert listener.connections > 0


def assert_refused(run: Run, name: str, error: str = "NotAllowed") -> None:
    assert run.counts() == {"error": 2}
    (told,) = set(run.told(f"{error}: "))
    assert "looks like production" in told
    assert name in told
