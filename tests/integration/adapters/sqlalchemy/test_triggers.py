"""Tables with triggers, for which SQL Server gives back nothing by OUTPUT."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import define

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from tests.support.databases import MSSQL, POSTGRESQL, fresh_database, opened, server_named_by, sqlite_file
from tests.unit.adapters.sqlalchemy.sample import committed

from corelib.adapters.sqlalchemy import SqlSchema, SqlStorage, mapped
from corelib.domain.fields import assigned_field

TRIGGER = "CREATE TRIGGER {} ON {} AFTER {} AS BEGIN SET NOCOUNT ON; UPDATE slip_count SET number = number + 1; END"


@define(eq=False)
class Slip:
    title: str
    id: int | None = assigned_field()


def slips() -> SqlSchema:
    metadata = sa.MetaData()
    table = sa.Table(
        "slip",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.Unicode(20), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        implicit_returning=False,
    )
    sa.Table("slip_count", metadata, sa.Column("number", sa.Integer))
    return SqlSchema("slips", metadata, [mapped(Slip, table)])


@pytest.fixture(params=["sqlite", POSTGRESQL, MSSQL])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStorage]:
    if request.param == "sqlite":
        with opened(sqlite_file(tmp_path), slips()) as storage:
            storage.create()
            yield storage
        return
    with fresh_database(server_named_by(request.param)) as url, opened(url, slips()) as storage:
        storage.create()
        if request.param == MSSQL:
            with storage.engine.begin() as connection:
                for name, action in (("slip_added", "INSERT"), ("slip_changed", "UPDATE"), ("slip_removed", "DELETE")):
                    connection.exec_driver_sql(TRIGGER.format(name, "slip", action))
        yield storage


class TestTableWithTriggers:
    def test_assigns_identifiers_one_by_one(self, storage: SqlStorage) -> None:
        first, second = Slip("first"), Slip("second")

        with committed(storage) as transaction:
            transaction.repository(Slip).add_many([first, second])

        with committed(storage) as transaction:
            found = {slip.id: slip.title for slip in transaction.repository(Slip).list()}
        assert found == {first.id: "first", second.id: "second"}

    def test_lets_rows_be_changed_and_removed(self, storage: SqlStorage) -> None:
        kept, gone = Slip("before"), Slip("gone")
        with committed(storage) as transaction:
            transaction.repository(Slip).add_many([kept, gone])

        with committed(storage) as transaction:
            slips = transaction.repository(Slip)
            slips.get(kept.id).title = "after"
            slips.remove(slips.get(gone.id))

        with committed(storage) as transaction:
            assert [(slip.id, slip.title) for slip in transaction.repository(Slip).list()] == [(kept.id, "after")]
