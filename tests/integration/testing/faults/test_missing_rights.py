"""A login that may not create databases, where the registry is there already, and where it would be the first."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from tests.integration.testing.faults.conftest import Looking, Making
from tests.support.databases import POSTGRESQL, run_on_server, server_named_by
from tests.support.host_project import HostProject, Run
from tests.support.roles import role

from corelib.testing.database.registry_database import REGISTRY_DATABASE
from corelib.testing.servers.postgresql_cluster import PostgresqlCluster

USES_DATABASE = """
def test_1(db_engine): pass
def test_2(db_engine): pass
"""


def run_as(url: str, project: HostProject) -> Run:
    run = project.start(url=url)
    run.ended()
    return run


def the_one_error_of(run: Run) -> str:
    """Return the text that all tests have failed with."""
    (told,) = set(run.told("PermissionDenied: "))
    assert run.process.returncode == pytest.ExitCode.TESTS_FAILED
    assert run.counts() == {"error": 2}
    assert len(run.output.splitlines()) < 25
    assert "not-a-secret" not in run.output
    return told


class TestALoginThatMayNotCreateDatabases:
    def test_is_told_whose_registry_it_is_and_how_to_share_it(self, make_project: Making) -> None:
        server = server_named_by(POSTGRESQL)
        project = make_project(server)
        project.tests(USES_DATABASE)

        with role(server, "NOCREATEDB") as url:
            run = run_as(url, project)

        told = the_one_error_of(run)
        assert f"Take the one that made the database {REGISTRY_DATABASE}" in told
        assert "GRANT" in told

    def test_is_told_what_to_grant_where_there_is_no_registry_yet(
        self, make_project: Making, cluster: PostgresqlCluster
    ) -> None:
        project = make_project(cluster.url)
        project.tests(USES_DATABASE)
        run_on_server(cluster.url, f"DROP DATABASE {REGISTRY_DATABASE} WITH (FORCE)")

        with role(cluster.url, "NOCREATEDB") as url:
            run = run_as(url, project)
        project.run()

        login = sa.make_url(url).username
        told = the_one_error_of(run)
        assert f"ALTER ROLE {login} CREATEDB" in told

    def test_works_as_soon_as_it_may(self, make_project: Making, look: Looking, cluster: PostgresqlCluster) -> None:
        project = make_project(cluster.url)
        project.tests(USES_DATABASE)
        with role(cluster.url, "CREATEDB") as url:
            login = sa.make_url(url).username
            run_on_server(cluster.url, f"GRANT postgres TO {login}")

            run = run_as(url, project)

            look(project).drop_all()

        assert run.counts() == {"passed": 2}
