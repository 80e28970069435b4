"""Banks on real engines, made for one test each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("stamina")

from tests.support.bank import Bank, opened_bank
from tests.support.cuttable import CuttableWay, url_through, way_to_database
from tests.support.databases import MSSQL, POSTGRESQL, fresh_database, server_named_by, sqlite_file

SERVERS = {"postgresql": POSTGRESQL, "mssql": MSSQL}


@pytest.fixture(params=SERVERS)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database on each server."""
    with fresh_database(server_named_by(SERVERS[request.param])) as url:
        yield url


@pytest.fixture
def bank(database_url: str) -> Iterator[Bank]:
    """A bank on each server."""
    with opened_bank(database_url) as opened:
        yield opened


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """The URL of an empty database on PostgreSQL."""
    with fresh_database(server_named_by(POSTGRESQL)) as url:
        yield url


@pytest.fixture
def way(postgresql_url: str) -> Iterator[CuttableWay]:
    """A way to that database that can be cut."""
    with way_to_database(postgresql_url) as opened:
        yield opened


@pytest.fixture
def far_bank(postgresql_url: str, way: CuttableWay) -> Iterator[Bank]:
    """A bank at the end of that way; its observer takes another one."""
    with opened_bank(url_through(postgresql_url, way), observed=postgresql_url) as opened:
        yield opened


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a file that does not exist yet."""
    return sqlite_file(tmp_path)
