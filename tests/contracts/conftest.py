"""The report, and one database for each module that wants one on a server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.databases import MSSQL, POSTGRESQL, database_with_tables, server_named_by

from corelib.adapters.sqlalchemy import SqlStorage
from corelib.testing.contracts import report
from corelib.testing.contracts.sample_tables import schema


def pytest_configure(config: pytest.Config) -> None:
    report.pytest_configure(config)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[SqlStorage]:
    with database_with_tables(server_named_by(POSTGRESQL), schema) as storage:
        yield storage


@pytest.fixture(scope="module")
def mssql() -> Iterator[SqlStorage]:
    with database_with_tables(server_named_by(MSSQL), schema) as storage:
        yield storage
