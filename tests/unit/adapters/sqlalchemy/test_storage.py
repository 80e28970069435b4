from __future__ import annotations

import pytest

pytest.importorskip("sqlalchemy")

from tests.unit.adapters.sqlalchemy import standin

from corelib.adapters.memory import MemoryLogger
from corelib.adapters.sqlalchemy import SqlSchema, SqlStorage

SNAPSHOTS = {"is_read_committed_snapshot_on": standin.Row("shop", 0, 1)}


class NoTables(SqlSchema):
    """What `check` asks a schema for, where only the database's settings matter."""

    def __init__(self) -> None: ...

    def components(self) -> tuple[()]:
        return ()


class TestCheck:
    class WhenASettingOfTheDatabaseShouldBeChanged:
        def test_warns(self) -> None:
            log = MemoryLogger()
            storage = SqlStorage(standin.mssql_engine({**SNAPSHOTS}), NoTables(), log=log)

            storage.check()

            (line,) = log.lines
            assert (line.level, line.event) == ("warning", "database setting")
            assert "READ_COMMITTED_SNAPSHOT is off" in str(line.fields["advice"])

        def test_does_not_ask_if_nobody_listens(self) -> None:
            storage = SqlStorage(standin.mssql_engine({"sys.databases": standin.Error()}), NoTables())

            storage.check()


class TestReplica:
    def test_is_the_primary_where_there_is_none(self) -> None:
        engine = standin.mssql_engine()

        assert SqlStorage(engine, NoTables()).replica is engine

    def test_is_closed_with_the_storage(self) -> None:
        primary, replica = standin.mssql_engine(), standin.mssql_engine()
        storage = SqlStorage(primary, NoTables(), replica=replica)
        pools = [primary.pool, replica.pool]

        storage.close()

        assert storage.replica is replica
        assert primary.pool is not pools[0]
        assert replica.pool is not pools[1]
