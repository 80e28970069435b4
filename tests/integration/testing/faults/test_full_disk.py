"""A disk that has no room for another clone: a real one, of a server of its own, whose databases are all on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.integration.testing.faults.conftest import Looking, Making, own_cluster
from tests.support.databases import run_on_server
from tests.support.host_project import HostProject, Remains, looking_at
from tests.support.tiny_disk import TinyDisk, tiny_disk

from corelib.testing.servers.account import account_for_servers
from corelib.testing.servers.postgresql_cluster import PostgresqlCluster

MEGABYTES = 64
LEFT = 3_000_000
"""Bytes; an empty database takes more than twice as much."""

USES_DATABASE = """
def test_1(db_engine): add(db_engine, "Bello")
def test_2(db_engine): add(db_engine, "Bello")
"""


@pytest.fixture
def cluster() -> Iterator[PostgresqlCluster]:
    """A server for one test: it does not outlive its disk."""
    with own_cluster() as cluster:
        yield cluster


@pytest.fixture
def disk(cluster: PostgresqlCluster) -> Iterator[TinyDisk]:
    """A small disk on which every new database of a project is; the server's log and what it has already are elsewhere.

    What it has already includes the kit's own database, which lives on after the tests.
    """
    with looking_at(cluster.url, "faults_first"):
        pass  # from now on there is the kit's own database, whichever test comes first
    folder = cluster.directory / "tiny"
    folder.mkdir()
    with tiny_disk(folder, MEGABYTES) as disk:
        account_for_servers().give(folder)
        run_on_server(cluster.url, f"CREATE TABLESPACE corelib_tiny LOCATION '{folder}'")
        run_on_server(cluster.url, "ALTER DATABASE template1 SET TABLESPACE corelib_tiny")
        yield disk
        cluster.stop()


@pytest.fixture
def project(disk: TinyDisk, cluster: PostgresqlCluster, make_project: Making) -> HostProject:
    """A project whose template is on the disk already."""
    project = make_project(cluster.url)
    project.tests(USES_DATABASE)
    assert project.run().counts() == {"passed": 2}
    run_on_server(cluster.url, "CHECKPOINT")  # what is dropped leaves its files until then
    disk.leave(LEFT)
    return project


@pytest.fixture
def remains(project: HostProject, look: Looking) -> Remains:
    return look(project)


def folders(disk: TinyDisk) -> int:
    """Return how many databases have files on the disk."""
    return len(list(disk.folder.glob("PG_*/*")))


class TestAFullDisk:
    def test_is_told_with_what_to_do_and_is_no_trouble_any_more_when_there_is_room(
        self, project: HostProject, remains: Remains, disk: TinyDisk
    ) -> None:
        before = folders(disk)

        full = project.run()
        left = folders(disk), list(remains.databases), list(remains.recorded)
        disk.make_room()
        roomy = project.run()

        (told,) = set(full.told("StorageFull: "))
        assert full.process.returncode == pytest.ExitCode.TESTS_FAILED
        assert full.counts() == {"error": 2}
        assert "No space left on device" in told
        assert "Make room" in told
        assert left == (before, list(remains.templates), list(remains.templates))
        assert len(remains.templates) == 1
        assert roomy.counts() == {"passed": 2}
