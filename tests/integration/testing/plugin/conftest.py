"""Little host projects, each in a folder of its own, whose tests run in a process of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

pytest.importorskip("sqlalchemy")

from attrs import define
from tests.support.databases import POSTGRESQL, server_named_by

import kitlab
from corelib.testing.database.rooms import open_room
from corelib.testing.database.settings import KitSettings
from corelib.testing.database.sources.scripts import ScriptsSource

TABLES = """
CREATE TABLE pet (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(50) NOT NULL UNIQUE);
CREATE TABLE colour (name varchar(20) PRIMARY KEY);
INSERT INTO colour VALUES ('red');
"""
ZOO = """
import sqlalchemy as sa

def add(engine, *names):
    with engine.begin() as connection:
        for name in names:
            connection.execute(sa.text("INSERT INTO pet (name) VALUES (:name)"), {"name": name})

def names(engine):
    with engine.connect() as connection:
        return list(connection.scalars(sa.text("SELECT name FROM pet ORDER BY name")))
"""
RUN = "a" * 12


@define
class Project:
    """A host project.

    Args:
        pytester: of pytest, in whose folder it is.
        prefix: of its databases; no other project has it.
        server: URL of the server on which they are.
    """

    pytester: pytest.Pytester
    prefix: str
    server: str

    def settings(self, **ini: str) -> None:
        """Write its settings; those of the database are there without saying."""
        given = {"corelib_migrations": "sql", "corelib_db_prefix": self.prefix, "filterwarnings": "error", **ini}
        given["pythonpath"] = f". {Path(kitlab.__file__).parents[1]}"
        lines = [f"{name} = {value}" for name, value in given.items() if value]
        self.pytester.makeini("\n".join(["[pytest]", *lines]))

    def tables(self, sql: str) -> None:
        """Write its migrations."""
        folder = self.pytester.path / "sql"
        folder.mkdir(exist_ok=True)
        (folder / "001_tables.sql").write_text(sql)

    def tests(self, text: str) -> None:
        """Write its tests."""
        self.pytester.makepyfile(test_it=f"import pytest\nfrom zoo import add, names\n{text}")

    def conftest(self, text: str) -> None:
        """Write its conftest.py."""
        self.pytester.makeconftest(text)

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run its tests, with no plugin but this one."""
        return self.pytester.runpytest_subprocess(
            "-p", "corelib.testing.plugin", "-p", "no:cacheprovider", *arguments, timeout=120
        )

    def run_on_workers(self, *arguments: str) -> pytest.RunResult:
        """Run its tests on two workers of pytest-xdist."""
        return self.run("-p", "xdist.plugin", "-n", "2", *arguments)

    def databases(self) -> list[str]:
        """Return the databases that are there, but for templates."""
        room = open_room(self.server, ScriptsSource(self.pytester.path), KitSettings(RUN))
        try:
            names = room.server.names(self.prefix)
        finally:
            room.close()
        return [name for name in names if not name.startswith(f"{self.prefix}_t_")]

    def drop_all(self) -> None:
        """Leave nothing on the server."""
        room = open_room(self.server, ScriptsSource(self.pytester.path), KitSettings(RUN))
        for name in room.server.names(self.prefix):
            room.server.drop(name)
            room.registry.forget(name)
        room.close()


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A host project on PostgreSQL with two tables, one of them with reference data, and no tests yet."""
    server = server_named_by(POSTGRESQL)
    for name in [name for name in os.environ if name.startswith(("CORELIB_", "PYTEST_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv(POSTGRESQL, server)
    made = Project(pytester, f"plugin_{uuid4().hex[:8]}", server)
    made.settings()
    made.tables(TABLES)
    pytester.makepyfile(zoo=ZOO)
    yield made
    made.drop_all()
