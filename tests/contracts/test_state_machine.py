"""Random sequences of operations, by units of work that take turns, have the same answers on the fake and on engines.

`CORELIB_TEST_EXAMPLES=5000` asks for more sequences than usual. What engines may do in their own way is written down at
`tests.support.stateful.machine.StorageMachine`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis.stateful import run_state_machine_as_test
from tests.support.databases import (
    MSSQL,
    POSTGRESQL,
    database_with_tables,
    opened,
    server_named_by,
    sqlite_file,
)
from tests.support.stateful.machine import StorageMachine
from tests.support.stateful.profile import profile
from tests.support.stateful.stores import impatient, in_memory, on_database
from tests.support.stateful.worlds import World

from corelib.adapters.sqlalchemy import SqlStorage
from corelib.ports.storage import DEFAULT_TERMS, Isolation, Terms
from corelib.testing.contracts.sample_tables import schema


def compare(first: World, second: World, *, examples: int, terms: Terms = DEFAULT_TERMS) -> None:
    """Run random sequences in both worlds."""
    run_state_machine_as_test(lambda: StorageMachine((first, second), terms), settings=profile(examples))


class TestPostgresql:
    @pytest.fixture
    def storage(self) -> Iterator[SqlStorage]:
        with database_with_tables(impatient(server_named_by(POSTGRESQL)), schema) as storage:
            yield storage

    def test_answers_as_the_fake_does_when_units_of_work_take_turns(self, storage: SqlStorage) -> None:
        compare(in_memory(), on_database("PostgreSQL", storage, units=3), examples=500)

    def test_answers_as_the_fake_does_when_each_sees_a_snapshot(self, storage: SqlStorage) -> None:
        terms = Terms(isolation=Isolation.SNAPSHOT)

        compare(in_memory(), on_database("PostgreSQL", storage, units=3), examples=150, terms=terms)


class TestSqlite:
    """One unit of work at a time: the first statement takes the write lock of the file."""

    @pytest.fixture
    def storage(self, tmp_path: Path) -> Iterator[SqlStorage]:
        with opened(sqlite_file(tmp_path), schema) as storage:
            storage.create()
            yield storage

    def test_answers_as_the_fake_does(self, storage: SqlStorage) -> None:
        compare(in_memory(), on_database("SQLite", storage, units=1), examples=100)


class TestMssql:
    """One unit of work at a time: without READ_COMMITTED_SNAPSHOT, whoever reads waits for those who write."""

    @pytest.fixture
    def storage(self) -> Iterator[SqlStorage]:
        with database_with_tables(server_named_by(MSSQL), schema) as storage:
            yield storage

    def test_answers_as_the_fake_does(self, storage: SqlStorage) -> None:
        compare(in_memory(), on_database("SQL Server", storage, units=1), examples=200)
