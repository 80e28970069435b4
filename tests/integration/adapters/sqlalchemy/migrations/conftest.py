from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from tests.support.databases import (
    MSSQL,
    POSTGRESQL,
    fresh_database,
    server_named_by,
    skip_on_mssql_lacking,
    sqlite_file,
)
from tests.support.migrating import Opener

from corelib.adapters.sqlalchemy import SqlSchema, SqlStorage, create_engine
from corelib.testing.contracts.capabilities import needed_by

SERVERS = {"postgresql": POSTGRESQL, "mssql": MSSQL}


@pytest.fixture(params=["sqlite", "postgresql", "mssql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, on each engine."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield sqlite_file(tmp_path)
        else:
            if request.param == "mssql":
                for capability in needed_by(request.function):
                    skip_on_mssql_lacking(capability)
            yield stack.enter_context(fresh_database(server_named_by(SERVERS[request.param])))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for revision files."""
    made = tmp_path / "revisions"
    made.mkdir()
    return made


@pytest.fixture
def open_(url: str) -> Iterator[Opener]:
    """Return a function that opens the database with a schema."""
    storages: list[SqlStorage] = []

    def opening(schema: SqlSchema) -> SqlStorage:
        storages.append(SqlStorage(create_engine(url), schema))
        return storages[-1]

    yield opening
    for storage in storages:
        storage.close()
