from __future__ import annotations

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from tests.unit.adapters.sqlalchemy.standin import (
    AfterMessage,
    Connection,
    OperationalError,
    ProgrammingError,
    Row,
    mssql_engine,
)

from corelib.errors import RowLocked, ServerUnreachable
from corelib.testing.database.mssql.batches import EngineBatches

DRIVER = "[Microsoft][ODBC Driver 18 for SQL Server]"


class TestEngineBatches:
    def test_returns_rows_by_the_names_of_their_columns(self) -> None:
        batches = EngineBatches(mssql_engine({"SELECT tables": Row("a", 2, None)}))

        ((row,),) = batches.run("SELECT tables")

        assert (row.text("column0"), row.number("column1"), row.has("column2")) == ("a", 2, False)

    def test_takes_results_behind_messages(self) -> None:
        batches = EngineBatches(mssql_engine({"DELETE": AfterMessage(7)}))

        results = batches.run("DELETE")

        assert [row.number("column") for result in results for row in result] == [7]

    def test_lets_the_driver_begin_no_transaction(self) -> None:
        engine = mssql_engine({})
        connections: list[Connection] = []
        sa.event.listen(engine, "connect", lambda connection, _: connections.append(connection))

        batches = EngineBatches(engine)
        batches.run("SELECT 1")

        assert [connection.autocommit for connection in connections] == [True]

    def test_sends_a_batch_as_it_is(self) -> None:
        executed: list[str] = []
        batches = EngineBatches(mssql_engine({}, executed=executed))
        del executed[:]

        batches.run("BEGIN TRANSACTION; COMMIT")

        assert executed == ["BEGIN TRANSACTION; COMMIT"]

    def test_raises_what_an_error_is_for_corelib(self) -> None:
        error = ProgrammingError("42000", f"[42000] {DRIVER}[SQL Server]Lock request time out (1222) (SQLExecDirectW)")
        batches = EngineBatches(mssql_engine({"BEGIN": error}))

        with pytest.raises(RowLocked):
            batches.run("BEGIN TRANSACTION")

    def test_says_so_if_the_server_does_not_answer(self) -> None:
        engine = mssql_engine({"LOGIN": OperationalError("08001", f"[08001] {DRIVER}TCP Provider: refused (10061)")})

        with pytest.raises(ServerUnreachable):
            EngineBatches(engine)

    def test_may_be_closed_again(self) -> None:
        batches = EngineBatches(mssql_engine({}))

        batches.close()
        batches.close()
