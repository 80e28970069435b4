"""The kit on real servers: killed runs, several runs at once, migrations that fail."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from attrs import frozen
from tests.support.commands import PROJECT, start_python
from tests.support.databases import POSTGRESQL, server_named_by
from tests.support.until import until

from corelib.adapters.sqlalchemy import create_engine
from corelib.testing.contracts.waiting import at_the_same_time
from corelib.testing.database.clones import Clone
from corelib.testing.database.errors import TemplateFailed
from corelib.testing.database.kit import Kit, open_kit
from corelib.testing.database.planning.names import run_id
from corelib.testing.database.settings import KitSettings
from corelib.testing.database.sources import ScriptsSource

DOOMED = str(PROJECT / "tests/support/kit_run.py")
ROUNDS = 10
"""Runs that are killed, each with all its workers."""

WORKERS = ("gw0", "gw1")
LATEST_SECONDS = 1.0
"""Up to so long after it has begun, a run is killed."""

TABLES = """
CREATE TABLE country (code VARCHAR(2) PRIMARY KEY);
INSERT INTO country VALUES ('de'), ('fr');
CREATE TABLE orders (id INTEGER PRIMARY KEY, country VARCHAR(2) NOT NULL REFERENCES country);
"""


@frozen
class Project:
    """What all runs of one project on one server share."""

    url: str
    prefix: str
    scripts: Path

    def kit(self, run: str, **settings: object) -> Kit:
        told = KitSettings(run_id(run), prefix=self.prefix, **settings)  # type: ignore[arg-type]
        return open_kit(self.url, ScriptsSource(self.scripts), told)

    def names(self) -> list[str]:
        """Return the databases of the project, and make sure that the registry has the same."""
        with self.kit("looking") as kit:
            names = list(kit.room.server.names(f"{self.prefix}_"))
            records = [record.name for record in kit.room.registry.all(f"{self.prefix}_")]
        assert names == records
        return names


@pytest.fixture(params=["sqlite", "postgresql"])
def server_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        (tmp_path / "server").mkdir()
        return f"sqlite:///{tmp_path}/server/"
    return server_named_by(POSTGRESQL)


@pytest.fixture
def project(server_url: str, tmp_path: Path) -> Iterator[Project]:
    scripts = tmp_path / "tables"
    scripts.mkdir()
    (scripts / "1.sql").write_text(TABLES, encoding="utf-8")
    made = Project(server_url, f"kit_{uuid4().hex[:12]}", scripts)
    yield made
    with made.kit("cleaning up", template_lifetime=timedelta(microseconds=1)) as kit:
        kit.reap()
        for name in kit.room.server.names(f"{made.prefix}_"):
            kit.room.server.drop(name)
            kit.room.registry.forget(name)


def insert_order(clone: Clone) -> None:
    engine = create_engine(clone.url)
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO orders VALUES (1, 'de')"))
    engine.dispose()


def orders_in(clone: Clone) -> Sequence[object]:
    engine = create_engine(clone.url)
    with engine.connect() as connection:
        found = connection.execute(sa.text("SELECT id FROM orders")).scalars().all()
    engine.dispose()
    return found


def kill_a_run(project: Project, number: int, moment: float, folder: Path) -> None:
    """Start a run with two workers, and kill both when so many seconds have gone by."""
    with ExitStack() as stack:
        processes = []
        for worker in WORKERS:
            started = folder / f"started_{number}_{worker}"
            arguments = (project.url, project.prefix, run_id(f"doomed {number}"), worker, str(project.scripts))
            process = start_python(DOOMED, *arguments, str(started), log=folder / "log")
            stack.callback(process.wait)
            stack.callback(process.kill)
            processes.append((process, started))
        until(lambda: all(started.exists() for _, started in processes), "both workers have begun")
        with pytest.raises(subprocess.TimeoutExpired):
            processes[0][0].wait(moment)


class TestKit:
    class WhenNothingGoesWrong:
        def test_gives_a_clone_that_a_reset_brings_back_to_the_template(self, project: Project) -> None:
            with project.kit("one") as kit:
                clone = kit.clone()
                insert_order(clone)
                outcome = clone.reset("test_a")
                left = orders_in(clone)

            assert [name.rpartition(".")[2] for name in outcome.emptied] == ["orders"]
            assert list(left) == []

        def test_builds_the_template_once_and_leaves_nothing_else(self, project: Project) -> None:
            with project.kit("one") as first:
                first.clone()
            with project.kit("two") as second:
                second.clone()

            hits = [kit.template().hit for kit in (first, second)]
            assert hits == [False, True]
            assert project.names() == [first.template().name]

        def test_lets_a_clone_outlive_its_run_that_is_kept(self, project: Project) -> None:
            with project.kit("one") as kit:
                clone = kit.clone()
                insert_order(clone)
                clone.keep("test_a failed")

            project.kit("two").close()

            assert clone.name in project.names()
            assert list(orders_in(clone)) == [1]

    class WhenSeveralRunsShareTheServer:
        def test_builds_one_template_and_gives_each_worker_a_clone_of_its_own(self, project: Project) -> None:
            def work(run: str, worker: str) -> tuple[bool, str]:
                with project.kit(run, worker=worker) as kit:
                    clone = kit.clone()
                    insert_order(clone)
                    assert list(orders_in(clone)) == [1]
                    clone.reset("test_a")
                    return kit.template().hit, clone.name

            answers = at_the_same_time(
                *[lambda run=run, worker=worker: work(run, worker) for run in ("one", "two") for worker in WORKERS]
            )

            assert sorted(hit for hit, _ in answers) == [False, True, True, True]
            assert len({name for _, name in answers}) == len(answers)
            assert len(project.names()) == 1

    class WhenRunsAreKilled:
        def test_leaves_nothing_of_them_and_touches_nothing_of_another_run(
            self, project: Project, tmp_path: Path
        ) -> None:
            seed = os.environ.get("CORELIB_TEST_SEED", uuid4().hex)
            print(f"CORELIB_TEST_SEED={seed}")
            chance = random.Random(seed)
            living = project.kit("living")
            clone = living.clone()
            insert_order(clone)

            for number in range(ROUNDS):
                kill_a_run(project, number, chance.uniform(0, LATEST_SECONDS), tmp_path)
            with project.kit("good") as good:
                good.clone()

            assert good.figures.left == {}
            assert project.names() == sorted([clone.name, good.template().name])
            assert list(orders_in(clone)) == [1]
            living.close()

    class WhenAMigrationFails:
        def test_names_it_and_leaves_nothing(self, project: Project) -> None:
            (project.scripts / "2.sql").write_text("INSERT INTO nowhere VALUES (1)", encoding="utf-8")

            with project.kit("one") as kit, pytest.raises(TemplateFailed, match=r"script 2\.sql failed: .*nowhere"):
                kit.clone()

            assert project.names() == []

        def test_builds_it_when_that_is_mended(self, project: Project) -> None:
            (project.scripts / "2.sql").write_text("INSERT INTO nowhere VALUES (1)", encoding="utf-8")
            with project.kit("one") as kit, pytest.raises(TemplateFailed):
                kit.clone()
            (project.scripts / "2.sql").unlink()

            with project.kit("two") as mended:
                mended.clone()

            assert project.names() == [mended.template().name]
