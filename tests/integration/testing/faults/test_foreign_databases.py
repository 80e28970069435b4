"""Databases that look like the kit's and are not, or not any more: neither reset nor dropped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from tests.integration.testing.faults.conftest import Looking
from tests.support.host_project import LOOKER, HostProject, Remains

from corelib.adapters.sqlalchemy import create_engine
from corelib.testing.database.kit import Kit
from corelib.testing.database.model import Kind, Mark
from corelib.testing.database.planning.names import clone_name
from corelib.testing.database.settings import KitSettings
from corelib.testing.database.sources.scripts import ScriptsSource

USES_DATABASE = """
def test_it(db_engine):
    add(db_engine, "Bello")
    assert names(db_engine) == ["Bello"]
"""

WAITS = """
def test_1(db_engine): add(db_engine, "Bello")

def test_2_waits(db_engine, worker_db):
    add(db_engine, "Mine")
    db_engine.dispose()
    reached("waiting")
    wait_for("go on")

def test_3_is_as_new(db_engine):
    assert names(db_engine) == []
    add(db_engine, "Bello")
"""


def run_in(remains: Remains, name: str, *statements: str) -> None:
    engine = create_engine(remains.room.server.url(name))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


def pets_in(remains: Remains, name: str) -> list[object]:
    engine = create_engine(remains.room.server.url(name))
    with engine.connect() as connection:
        found = connection.execute(sa.text("SELECT name FROM pet")).scalars().all()
    engine.dispose()
    return list(found)


def change_mark(remains: Remains, name: str) -> None:
    """Do as another run that takes a database for its own."""
    remains.room.server.mark(name, Mark(Kind.CLONE, "f" * 12, "0" * 64))


def make_anew(remains: Remains, name: str) -> None:
    """Do as a person who takes the name for a database of his own, with a table that has the same name."""
    remains.room.server.drop(name)
    remains.room.server.create(name)
    run_in(remains, name, "CREATE TABLE pet (name varchar(50) PRIMARY KEY)", "INSERT INTO pet VALUES ('Mine')")


class TestADatabaseWithoutMarks:
    @pytest.fixture
    def foreign(self, remains: Remains) -> str:
        name = clone_name(remains.prefix, LOOKER, "gw0", 1)
        remains.room.server.create(name)
        run_in(remains, name, "CREATE TABLE pet (name varchar(50))", "INSERT INTO pet VALUES ('Mine')")
        return name

    def test_is_left_alone_although_it_has_the_prefix(
        self, project: HostProject, remains: Remains, foreign: str
    ) -> None:
        project.tests(USES_DATABASE)

        run = project.run()

        assert run.counts() == {"passed": 1}
        assert list(remains.besides_templates) == [foreign]
        assert pets_in(remains, foreign) == ["Mine"]

    def test_is_left_alone_although_it_has_a_record_and_the_mark_of_somebody_else(
        self, project: HostProject, remains: Remains, foreign: str
    ) -> None:
        remains.room.registry.record(foreign, Kind.CLONE, run=LOOKER, fingerprint="0" * 64)
        change_mark(remains, foreign)
        project.tests(USES_DATABASE)

        run = project.run()

        assert run.counts() == {"passed": 1}
        assert list(remains.besides_templates) == [foreign]
        assert pets_in(remains, foreign) == ["Mine"]

    def test_is_not_taken_for_the_template_whose_name_it_has(self, project: HostProject, remains: Remains) -> None:
        project.tests(USES_DATABASE)
        project.run()
        (template,) = remains.templates
        remains.drop_all()
        remains.room.server.create(template)
        run_in(remains, template, "CREATE TABLE pet (name varchar(50))", "INSERT INTO pet VALUES ('Mine')")

        run = project.run()

        assert run.counts() == {"error": 1}
        assert template in run.told("NotOwned: ")[0]
        assert list(remains.databases) == [template]
        assert pets_in(remains, template) == ["Mine"]


class TestACloneThatSomebodyTookInTheMiddleOfARun:
    @pytest.mark.parametrize("take", [change_mark, make_anew])
    def test_is_refused_a_reset_and_left_alone(self, project: HostProject, remains: Remains, take: object) -> None:
        project.tests(WAITS)
        run = project.start()
        run.reached("waiting")
        (taken,) = remains.besides_templates

        take(remains, taken)  # type: ignore[operator]
        run.say("go on")
        code = run.ended()

        assert code == pytest.ExitCode.TESTS_FAILED
        assert run.counts() == {"passed": 3, "error": 1}
        assert "ERROR at teardown of test_2_waits" in run.output
        (told,) = run.told("NotOwned: ")
        assert taken in told
        assert pets_in(remains, taken) == ["Mine"]
        assert list(remains.besides_templates) == [taken]


class TestATemplateOfAnotherVersionOfTheKit:
    @pytest.fixture
    def older(self, project: HostProject, look: Looking) -> Iterator[str]:
        """The name of a template that an older kit has made of the same sources."""
        remains = look(project)
        settings = KitSettings(LOOKER, prefix=project.prefix)
        with Kit(remains.room, ScriptsSource(project.folder / "sql"), settings, version="0.0.1/0") as kit:
            yield kit.template().name

    def test_is_left_alone_and_not_used(self, project: HostProject, remains: Remains, older: str) -> None:
        project.tests(USES_DATABASE)
        before = [record for record in remains.records if record.name == older]

        run = project.run("--db-report")

        assert run.counts() == {"passed": 1}
        (told,) = run.told("template: ")
        assert "misses 1" in told
        assert older not in told
        assert older in remains.templates
        assert len(remains.templates) == 2
        assert [record for record in remains.records if record.name == older] == before
