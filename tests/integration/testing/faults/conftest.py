"""Host projects on each server, and on a server of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("psutil")

from tests.support.databases import MSSQL, POSTGRESQL, server_named_by
from tests.support.host_project import HostProject, Remains, looking_at

from corelib.testing.servers.model import Missing
from corelib.testing.servers.postgresql_cluster import SURVIVING_KILLS, PostgresqlCluster
from corelib.testing.servers.postgresql_wheel import start_cluster
from corelib.testing.servers.temporary import remove

SERVERS = {"postgresql": POSTGRESQL, "mssql": MSSQL}

Making = Callable[[str], HostProject]
Looking = Callable[[HostProject], Remains]


@pytest.fixture(params=SERVERS)
def server_url(request: pytest.FixtureRequest) -> str:
    """The URL of each server."""
    return server_named_by(SERVERS[request.param])


@pytest.fixture
def make_project(tmp_path: Path) -> Iterator[Making]:
    """A function that makes a host project on a server; nothing of it is left there afterwards."""
    with ExitStack() as stack:

        def make(url: str) -> HostProject:
            name = f"faults_{uuid4().hex[:8]}"
            remains = stack.enter_context(looking_at(url, name))
            stack.callback(remains.drop_all)
            project = HostProject(tmp_path / name, name, url)
            stack.callback(project.close)
            return project

        yield make


@pytest.fixture
def look() -> Iterator[Looking]:
    """A function that shows what a project has on its server."""
    with ExitStack() as stack:

        def look(project: HostProject) -> Remains:
            assert project.url is not None
            return stack.enter_context(looking_at(project.url, project.prefix))

        yield look


@pytest.fixture
def project(make_project: Making, server_url: str) -> HostProject:
    """A host project on each server."""
    return make_project(server_url)


@pytest.fixture
def remains(project: HostProject, look: Looking) -> Remains:
    """What that project has on its server."""
    return look(project)


@pytest.fixture(scope="session")
def cluster() -> Iterator[PostgresqlCluster]:
    """A server that nobody else uses, and that may be stopped."""
    with own_cluster() as cluster:
        yield cluster


@contextmanager
def own_cluster() -> Iterator[PostgresqlCluster]:
    """Give a new server to the block; skip the test where there is none."""
    started = start_cluster(settings=SURVIVING_KILLS)
    if isinstance(started, Missing):
        pytest.skip(f"A server of its own could not be started, {started.reason}")
    try:
        yield started
    finally:
        started.stop()
        remove(started.directory)
