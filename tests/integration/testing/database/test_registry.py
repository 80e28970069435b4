"""The registry on a server that has none yet."""

from __future__ import annotations

from contextlib import closing

import pytest
from tests.support.roles import role

from corelib.errors import LockNotAvailable, PermissionDenied
from corelib.testing.contracts.waiting import at_the_same_time
from corelib.testing.database.model import Kind
from corelib.testing.database.postgresql.server import PostgresqlServer
from corelib.testing.database.registry import open_registry
from corelib.testing.database.registry_database import REGISTRY_DATABASE
from corelib.testing.servers.postgresql_cluster import PostgresqlCluster


def use(url: str, name: str) -> list[str]:
    """Open the registry as a process of its own does, and return what stands in it under the name just recorded."""
    with closing(PostgresqlServer(url)) as server, closing(open_registry(server)) as registry:
        registry.record(name, Kind.CLONE, run="0123456789ab", fingerprint="f" * 64)
        return [each.name for each in registry.all(name)]


class TestOpenRegistry:
    def test_is_made_once_by_all_who_ask_at_once(
        self, cluster: PostgresqlCluster, own_server: PostgresqlServer
    ) -> None:
        answers = at_the_same_time(*[lambda number=number: use(cluster.url, f"clone_{number}") for number in range(6)])

        assert answers == [[f"clone_{number}"] for number in range(6)]
        assert list(own_server.names(REGISTRY_DATABASE)) == [REGISTRY_DATABASE]

    def test_is_the_same_whichever_database_the_url_names(
        self, cluster: PostgresqlCluster, own_server: PostgresqlServer
    ) -> None:
        own_server.create("corelib_other")
        use(cluster.url, "clone_a")

        use(own_server.url("corelib_other"), "clone_b")

        with closing(open_registry(own_server)) as registry:
            names = [each.name for each in registry.all("clone_")]
        assert names == ["clone_a", "clone_b"]

    def test_makes_nothing_anew_when_it_is_there(
        self, cluster: PostgresqlCluster, own_server: PostgresqlServer
    ) -> None:
        use(cluster.url, "clone_a")

        with closing(open_registry(own_server)) as registry:
            assert registry.find("clone_a") is not None

    def test_is_refused_to_a_login_that_may_not_create_databases(
        self,
        cluster: PostgresqlCluster,
        own_server: PostgresqlServer,
    ) -> None:
        with role(cluster.url, "NOCREATEDB") as url, pytest.raises(PermissionDenied):
            use(url, "clone_b")

        assert list(own_server.names(REGISTRY_DATABASE)) == []

    def test_is_refused_to_a_login_that_does_not_own_it(
        self, cluster: PostgresqlCluster, own_server: PostgresqlServer
    ) -> None:
        use(cluster.url, "clone_a")

        with role(cluster.url, "CREATEDB") as url, pytest.raises(PermissionDenied):
            use(url, "clone_b")

        assert list(own_server.names(REGISTRY_DATABASE)) == [REGISTRY_DATABASE]

    def test_is_refused_to_a_login_that_may_not_make_its_table(
        self, cluster: PostgresqlCluster, own_server: PostgresqlServer
    ) -> None:
        own_server.create(REGISTRY_DATABASE)

        with role(cluster.url, "CREATEDB") as url, pytest.raises(PermissionDenied, match="schema public"):
            use(url, "clone_a")


class TestLocks:
    def test_are_the_same_whichever_database_the_url_names(
        self, cluster: PostgresqlCluster, own_server: PostgresqlServer
    ) -> None:
        own_server.create("corelib_other")

        with (
            closing(PostgresqlServer(cluster.url)) as one,
            closing(PostgresqlServer(own_server.url("corelib_other"))) as other,
            one.locks.hold("templates"),
            pytest.raises(LockNotAvailable),
            other.locks.hold("templates"),
        ):
            pass
