from __future__ import annotations

from datetime import timedelta

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from tests.unit.adapters.sqlalchemy import standin
from tests.unit.adapters.sqlalchemy.sample import Ware, shop_schema

from corelib.adapters.sqlalchemy import SqlStorage
from corelib.adapters.sqlalchemy.mssql_locks import BEGIN_IF_NEEDED
from corelib.adapters.sqlalchemy.terms import milliseconds_of
from corelib.adapters.sqlalchemy.transaction import SqlTransaction
from corelib.errors import MisuseError, TransientFailure, UnitOfWorkClosed
from corelib.ports.storage import Isolation, Terms

SELECT = "SELECT 1"


def executed_with(terms: Terms) -> list[str]:
    """What reaches SQL Server when a transaction on these terms executes one statement and is rolled back."""
    executed: list[str] = []
    storage = SqlStorage(standin.mssql_engine(executed=executed), shop_schema())
    warm_up = storage.begin()
    warm_up.connection.exec_driver_sql(SELECT)
    warm_up.rollback()
    executed.clear()

    transaction = storage.begin(terms)
    transaction.connection.exec_driver_sql(SELECT)
    transaction.rollback()

    storage.close()
    return executed


class TestTermsOnMssql:
    def test_send_nothing_by_default(self) -> None:
        assert executed_with(Terms()) == [SELECT, "ROLLBACK"]

    @pytest.mark.parametrize(
        ("isolation", "level", "committed"),
        [
            (Isolation.READ_COMMITTED, "READ COMMITTED", []),
            (Isolation.SNAPSHOT, "SNAPSHOT", ["COMMIT"]),
            (Isolation.SERIALIZABLE, "SERIALIZABLE", []),
        ],
    )
    def test_set_the_isolation_level_and_set_it_back(
        self, isolation: Isolation, level: str, committed: list[str]
    ) -> None:
        assert executed_with(Terms(isolation=isolation)) == [
            f"SET TRANSACTION ISOLATION LEVEL {level}",
            *committed,
            SELECT,
            "ROLLBACK",
            "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
        ]

    def test_set_the_isolation_level_back_where_the_server_does_not_tell_it(self) -> None:
        executed: list[str] = []
        engine = standin.mssql_engine({"sys.system_views": standin.NO_ROW}, executed=executed)
        storage = SqlStorage(engine, shop_schema())

        transaction = storage.begin(Terms(isolation=Isolation.SERIALIZABLE))
        transaction.connection.exec_driver_sql(SELECT)
        transaction.rollback()

        assert executed[-1] == "SET TRANSACTION ISOLATION LEVEL READ COMMITTED"

    def test_set_the_lock_timeout_of_the_session_and_set_it_back(self) -> None:
        assert executed_with(Terms(lock_timeout=timedelta(seconds=1.5))) == [
            "SET LOCK_TIMEOUT 1500",
            SELECT,
            "ROLLBACK",
            "SET LOCK_TIMEOUT -1",
        ]

    @pytest.mark.parametrize(("timeout", "seconds"), [(timedelta(milliseconds=1), 1), (timedelta(seconds=2.5), 3)])
    def test_bound_statements_by_whole_seconds(self, timeout: timedelta, seconds: int) -> None:
        storage = SqlStorage(standin.mssql_engine(), shop_schema())
        transaction = storage.begin(Terms(statement_timeout=timeout))
        driver = transaction.connection.connection.driver_connection

        during = driver.timeout
        transaction.rollback()

        assert (during, driver.timeout) == (seconds, 0)

    def test_throw_away_a_connection_that_cannot_be_set_back(self) -> None:
        answers = {"LOCK_TIMEOUT -1": standin.OperationalError("08S01", "[08S01] Communication link failure")}
        storage = SqlStorage(standin.mssql_engine(answers), shop_schema())
        transaction = storage.begin(Terms(lock_timeout=timedelta(seconds=1)))
        first = transaction.connection.connection.driver_connection

        transaction.rollback()

        second = storage.begin().connection.connection.driver_connection
        assert second is not first

    def test_give_the_connection_back_if_they_cannot_be_set(self) -> None:
        answers = {"LOCK_TIMEOUT 1000": standin.ProgrammingError("42000", "[42000] no")}
        storage = SqlStorage(standin.mssql_engine(answers), shop_schema())
        transaction = storage.begin(Terms(lock_timeout=timedelta(seconds=1)))

        with pytest.raises(Exception, match="no"):
            transaction.repository(Ware).find("W-1")
        transaction.rollback()

        assert storage.engine.pool.checkedout() == 0

    def test_refuse_to_write_what_the_server_would_take(self) -> None:
        executed: list[str] = []
        storage = SqlStorage(standin.mssql_engine(executed=executed), shop_schema())
        transaction = storage.begin(Terms(read_only=True))
        transaction.repository(Ware).add(Ware("W-1"))

        with pytest.raises(MisuseError, match="begun as read-only"):
            transaction.flush()

        transaction.rollback()
        assert not [statement for statement in executed if "INSERT" in statement]


class TestSavepointsOnMssql:
    def test_are_saved_and_rolled_back_and_never_released(self) -> None:
        executed: list[str] = []
        storage = SqlStorage(standin.mssql_engine(executed=executed), shop_schema())
        transaction = storage.begin()
        transaction.connection.exec_driver_sql(SELECT)
        executed.clear()

        transaction.savepoint().release()
        transaction.savepoint().rollback()

        transaction.rollback()
        assert executed == [
            BEGIN_IF_NEEDED,
            "IF @@TRANCOUNT = 0 BEGIN TRANSACTION",
            "SAVE TRANSACTION sa_savepoint_1",
            BEGIN_IF_NEEDED,
            "IF @@TRANCOUNT = 0 BEGIN TRANSACTION",
            "SAVE TRANSACTION sa_savepoint_2",
            "ROLLBACK TRANSACTION sa_savepoint_2",
            "ROLLBACK",
        ]

    def test_begin_one_transaction_for_a_savepoint_of_the_host(self) -> None:
        executed: list[str] = []
        storage = SqlStorage(standin.mssql_engine(executed=executed), shop_schema())
        transaction = storage.begin()

        with transaction.connection.begin_nested():
            pass

        transaction.rollback()
        assert executed[-4:-1] == [
            BEGIN_IF_NEEDED,
            "IF @@TRANCOUNT = 0 BEGIN TRANSACTION",
            "SAVE TRANSACTION sa_savepoint_1",
        ]

    class WhenTheServerHasRolledEverythingBack:
        @pytest.mark.parametrize("number", [1205, 3960])
        def test_cannot_help(self, number: int) -> None:
            text = f"[40001] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]gone ({number}) (SQLExecDirectW)"
            answers = {"shop_ware": standin.ProgrammingError("40001", text)}
            storage = SqlStorage(standin.mssql_engine(answers), shop_schema())
            transaction = storage.begin()
            savepoint = transaction.savepoint()
            with pytest.raises(TransientFailure) as first:
                transaction.repository(Ware).find("W-1")

            savepoint.rollback()

            with pytest.raises(UnitOfWorkClosed) as closed:
                transaction.repository(Ware)
            assert closed.value.__cause__ is first.value
            transaction.rollback()


class TestErrorsOnMssql:
    class WhenSomebodyCatchesOne:
        @pytest.mark.parametrize("number", [241, 245, 8114, 8169, 3609, 3616, 3930])
        def test_cannot_be_committed_if_the_server_has_rolled_back(self, number: int) -> None:
            executed: list[str] = []
            storage, transaction = self.failed_by(number, executed)

            with pytest.raises(TransientFailure, match="nothing can be committed"):
                transaction.commit()

            assert "COMMIT" not in executed
            storage.close()

        @pytest.mark.parametrize("number", [547, 2627, 2628, 8115, 1222])
        def test_can_be_committed_if_the_statement_alone_has_failed(self, number: int) -> None:
            executed: list[str] = []
            storage, transaction = self.failed_by(number, executed)

            transaction.commit()

            assert "COMMIT" in executed
            storage.close()

        @staticmethod
        def failed_by(number: int, executed: list[str]) -> tuple[SqlStorage, SqlTransaction]:
            refused = standin.DataError("42000", f"[42000] [SQL Server]No. ({number}) (SQLExecDirectW)")
            storage = SqlStorage(standin.mssql_engine({"FROM ware": refused}, executed=executed), shop_schema())
            transaction = storage.begin()
            with pytest.raises(sa.exc.DataError):
                transaction.connection.exec_driver_sql("SELECT name FROM ware")
            return storage, transaction


class TestReplica:
    def test_serves_transactions_that_are_read_only(self) -> None:
        primary, replica = standin.mssql_engine(), standin.mssql_engine()
        storage = SqlStorage(primary, shop_schema(), replica=replica)

        engines = [storage.begin(terms).connection.engine for terms in (Terms(), Terms(read_only=True))]

        assert engines == [primary, replica]

    def test_serves_none_if_there_is_none(self) -> None:
        primary = standin.mssql_engine()
        storage = SqlStorage(primary, shop_schema())

        assert storage.begin(Terms(read_only=True)).connection.engine is primary

    def test_is_closed_with_the_storage(self) -> None:
        disposed: list[str] = []
        primary, replica = standin.mssql_engine(), standin.mssql_engine()
        sa.event.listen(primary, "engine_disposed", lambda _: disposed.append("primary"))
        sa.event.listen(replica, "engine_disposed", lambda _: disposed.append("replica"))

        SqlStorage(primary, shop_schema(), replica=replica).close()

        assert disposed == ["primary", "replica"]


@pytest.mark.parametrize(
    ("timeout", "milliseconds"),
    [(timedelta(microseconds=1), 1), (timedelta(milliseconds=1), 1), (timedelta(seconds=1, microseconds=1), 1001)],
)
def test_milliseconds_are_rounded_up(timeout: timedelta, milliseconds: int) -> None:
    assert milliseconds_of(timeout) == milliseconds
