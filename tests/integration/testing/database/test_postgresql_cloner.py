"""What clones of PostgreSQL databases are like, and what can go wrong while one is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.engine import Connection
from tests.support import make_clone
from tests.support.commands import start_python
from tests.support.databases import run_on_server
from tests.support.tiny_disk import TinyDisk, tiny_disk
from tests.support.until import until

from corelib.adapters.sqlalchemy import create_engine
from corelib.errors import AlreadyExists, PermissionDenied, StorageFull, TransientFailure
from corelib.testing.database.postgresql.cloner import PostgresqlCloner
from corelib.testing.database.postgresql.server import PostgresqlServer
from corelib.testing.servers.account import account_for_servers
from corelib.testing.servers.postgresql_cluster import PostgresqlCluster


@contextmanager
def somebody_in(server: PostgresqlServer, name: str) -> Iterator[Connection]:
    """Connect to a database for a block; that the session was ended meanwhile is no error when it goes."""
    engine = create_engine(server.url(name))
    connection = engine.connect()
    try:
        yield connection
    finally:
        connection.invalidate()
        connection.close()
        engine.dispose()


def asked(server: PostgresqlServer, name: str, query: str) -> Sequence[object]:
    with somebody_in(server, name) as connection:
        return connection.execute(sa.text(query)).scalars().all()


def asked_of_server(server: PostgresqlServer, question: str, **values: object) -> object:
    with server.connected() as connection:
        return connection.execute(sa.text(question), values).scalar()


class TestPostgresqlCloner:
    class WhenACloneIsMade:
        def test_does_not_wait_for_the_disk_when_it_commits(
            self, server: PostgresqlServer, cloner: PostgresqlCloner, template: str
        ) -> None:
            cloner.clone(template, f"{template}_1")

            assert asked(server, f"{template}_1", "SHOW synchronous_commit") == ["off"]

        def test_is_open_and_no_template_although_its_template_is_sealed(
            self, server: PostgresqlServer, cloner: PostgresqlCloner, template: str
        ) -> None:
            server.seal(template)

            cloner.clone(template, f"{template}_1")

            query = "SELECT datallowconn AND NOT datistemplate FROM pg_database WHERE datname = :name"
            assert asked_of_server(server, query, name=f"{template}_1") is True

        def test_has_the_settings_of_its_template(
            self, server: PostgresqlServer, cloner: PostgresqlCloner, template: str, server_url: str
        ) -> None:
            for setting in (
                'search_path = orders, "It\'s", public',
                "orders.motto = 'it''s = \\ %s'",
                "TimeZone = UTC",
            ):
                run_on_server(server_url, f"ALTER DATABASE {template} SET {setting}")

            cloner.clone(template, f"{template}_1")

            for name in ("search_path", "orders.motto", "TimeZone"):
                assert asked(server, f"{template}_1", f"SHOW {name}") == asked(server, template, f"SHOW {name}")
            assert asked(server, f"{template}_1", "SHOW orders.motto") == ["it's = \\ %s"]

        def test_leaves_the_sessions_of_the_kit_as_they_were(
            self, server: PostgresqlServer, cloner: PostgresqlCloner, template: str, server_url: str
        ) -> None:
            run_on_server(server_url, f"ALTER DATABASE {template} SET search_path = orders")

            cloner.clone(template, f"{template}_1")

            assert asked_of_server(server, "SHOW search_path") != "orders"

    class WhenTheLoginIsNoSuperuser:
        def test_clones_its_own_template(self, owner: PostgresqlServer) -> None:
            name = sa.make_url(owner.url("x")).username or ""
            owner.create(f"{name}_t")
            owner.seal(f"{name}_t")

            PostgresqlCloner(owner).clone(f"{name}_t", f"{name}_1")

            assert asked(owner, f"{name}_1", "SELECT current_database()") == [f"{name}_1"]

        def test_clones_the_sealed_template_of_somebody_else(
            self, owner: PostgresqlServer, server: PostgresqlServer, template: str
        ) -> None:
            name = sa.make_url(owner.url("x")).username or ""
            server.seal(template)

            PostgresqlCloner(owner).clone(template, f"{name}_1")

            assert list(owner.names(name)) == [f"{name}_1"]

        def test_is_refused_without_the_right_to_create_databases(
            self, stranger: PostgresqlServer, server: PostgresqlServer, template: str
        ) -> None:
            server.seal(template)

            with pytest.raises(PermissionDenied, match="create database"):
                PostgresqlCloner(stranger).clone(template, f"{template}_1")

            assert list(server.names(template)) == [template]

        def test_leaves_nothing_if_it_may_not_give_the_clone_its_settings(
            self, owner: PostgresqlServer, server: PostgresqlServer, template: str, server_url: str
        ) -> None:
            name = sa.make_url(owner.url("x")).username or ""
            run_on_server(server_url, f"ALTER DATABASE {template} SET session_replication_role = replica")
            server.seal(template)

            with pytest.raises(PermissionDenied, match="session_replication_role"):
                PostgresqlCloner(owner).clone(template, f"{name}_1")

            assert list(server.names(name)) == []

    class WhenSomebodyIsConnectedToTheTemplate:
        def test_is_made_as_soon_as_he_has_gone(
            self, server: PostgresqlServer, cloner: PostgresqlCloner, template: str
        ) -> None:
            """The server gives up after 5 seconds; he goes during the second attempt."""
            began = "SELECT query_start FROM pg_stat_activity WHERE state = 'active' AND starts_with(query, :query)"
            query = f'CREATE DATABASE "{template}_1"'
            with ThreadPoolExecutor(1) as threads:
                with somebody_in(server, template):
                    cloning = threads.submit(cloner.clone, template, f"{template}_1")
                    first = until(lambda: asked_of_server(server, began, query=query), "it is being made")
                    until(lambda: asked_of_server(server, began, query=query) not in (None, first), "a second attempt")
                    run_away(server, template)
                cloning.result(30)

            assert list(server.names(f"{template}_1")) == [f"{template}_1"]

        def test_is_given_up_if_he_stays(self, server: PostgresqlServer, template: str) -> None:
            impatient = PostgresqlServer(server.url("postgres"), attempts=1)

            with somebody_in(server, template), pytest.raises(TransientFailure, match="in use"):
                PostgresqlCloner(impatient).clone(template, f"{template}_1")

            impatient.close()
            assert list(server.names(template)) == [template]

    class WhenItsProcessIsKilled:
        def test_goes_on_to_be_made_and_says_so(
            self, server: PostgresqlServer, template: str, server_url: str, tmp_path: Path
        ) -> None:
            """Who is connected to the template holds the server up, so that there is time for the kill."""
            name = f"{template}_1"
            with somebody_in(server, template):
                process = start_python(make_clone.__file__, server_url, template, name, log=tmp_path / "log")
                until(lambda: server.is_being_made(name), "it is being made")
                process.kill()
                process.wait(30)

                assert server.is_being_made(name)
                assert list(server.names(name)) == []

                run_away(server, template)

            until(lambda: not server.is_being_made(name), "it is not being made any more")
            assert list(server.names(name)) == [name]
            server.drop(name)
            assert list(server.names(name)) == []

        def test_is_not_taken_for_a_name_that_begins_alike(
            self, server: PostgresqlServer, cloner: PostgresqlCloner, template: str
        ) -> None:
            with ThreadPoolExecutor(1) as threads:
                with somebody_in(server, template):
                    cloning = threads.submit(cloner.clone, template, f"{template}_10")
                    until(lambda: server.is_being_made(f"{template}_10"), "it is being made")

                    assert not server.is_being_made(f"{template}_1")

                    run_away(server, template)
                cloning.result(30)


def run_away(server: PostgresqlServer, name: str) -> None:
    """End the sessions of a database."""
    for session in server.sessions(name):
        server.end_session(session.number)


@frozen
class FullDisk:
    """A server of its own, whose template is on a disk that has no room for another one."""

    server: PostgresqlServer
    template: str
    disk: TinyDisk

    def folders(self) -> int:
        """Return how many databases have files on the disk."""
        return len(list(self.disk.folder.glob("PG_*/*")))


@pytest.fixture
def full(cluster: PostgresqlCluster, own_server: PostgresqlServer) -> Iterator[FullDisk]:
    folder = cluster.directory / "disk"
    folder.mkdir(exist_ok=True)
    with tiny_disk(folder, megabytes=24) as disk:
        account_for_servers().give(folder)
        run_on_server(cluster.url, f"CREATE TABLESPACE corelib_tiny LOCATION '{folder}'")
        run_on_server(cluster.url, "CREATE DATABASE corelib_t TABLESPACE corelib_tiny")
        run_on_server(cluster.url, "CHECKPOINT")
        disk.leave(2_000_000)
        yield FullDisk(own_server, "corelib_t", disk)
        for name in own_server.names("corelib_"):
            own_server.drop(name)
        run_on_server(cluster.url, "DROP TABLESPACE corelib_tiny")


class TestPostgresqlClonerOnAFullDisk:
    def test_says_so_and_leaves_nothing(self, full: FullDisk) -> None:
        with pytest.raises(StorageFull):
            PostgresqlCloner(full.server).clone(full.template, "corelib_1")

        assert list(full.server.names("corelib_")) == [full.template]
        assert full.folders() == 1

    def test_can_be_repeated_when_there_is_room(self, full: FullDisk) -> None:
        with pytest.raises(StorageFull):
            PostgresqlCloner(full.server).clone(full.template, "corelib_1")
        full.disk.make_room()

        PostgresqlCloner(full.server).clone(full.template, "corelib_1")

        with pytest.raises(AlreadyExists):
            PostgresqlCloner(full.server).clone(full.template, "corelib_1")
        assert full.folders() == 2
