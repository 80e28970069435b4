"""What terms set on a connection, and that a pooled one has its defaults again afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from tests.support.databases import MSSQL, POSTGRESQL, fresh_database, server_named_by, skip_on_mssql_lacking
from tests.unit.adapters.sqlalchemy.sample import Ware, committed, opened, shop_schema, stored

from corelib.adapters.sqlalchemy import EngineSettings, SqlStorage, create_engine
from corelib.errors import PersistenceError, SchemaMissing, TransientFailure, UnitOfWorkClosed
from corelib.ports.storage import Isolation, Terms
from corelib.testing.contracts.capabilities import Capability

SHORT = timedelta(milliseconds=20)
LONG = timedelta(seconds=90.5)
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
WRITING = "INSERT INTO shop_ware SELECT 'W' || i, 'ware', 1 FROM n"
LASTING = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT count(*) FROM n"


def shown(storage: SqlStorage, terms: Terms, *questions: str) -> list[str]:
    """Ask a connection about its settings; the pool has one only."""
    transaction = storage.begin(terms)
    try:
        return [str(transaction.connection.exec_driver_sql(question).scalar_one()) for question in questions]
    finally:
        transaction.rollback()


def isolation_of(storage: SqlStorage, terms: Terms) -> str:
    """Ask SQL Server for the isolation level of the session."""
    transaction = storage.begin(terms)
    try:
        options = dict(transaction.connection.exec_driver_sql("DBCC USEROPTIONS").tuples().all())
        return str(options["isolation level"])
    finally:
        transaction.rollback()


class TestOnPostgresql:
    @pytest.fixture
    def storage(self) -> Iterator[SqlStorage]:
        with fresh_database(server_named_by(POSTGRESQL)) as url:
            storage = SqlStorage(create_engine(EngineSettings(url=url, pool_size=1, max_overflow=0)), shop_schema())
            storage.create()
            yield storage
            storage.close()

    @pytest.mark.parametrize(
        ("terms", "setting", "during", "after"),
        [
            (Terms(read_only=True), "transaction_read_only", "on", "off"),
            (Terms(isolation=Isolation.READ_COMMITTED), "transaction_isolation", "read committed", "read committed"),
            (Terms(isolation=Isolation.SNAPSHOT), "transaction_isolation", "repeatable read", "read committed"),
            (Terms(isolation=Isolation.SERIALIZABLE), "transaction_isolation", "serializable", "read committed"),
            (Terms(statement_timeout=LONG), "statement_timeout", "90500ms", "0"),
            (Terms(lock_timeout=LONG), "lock_timeout", "90500ms", "0"),
        ],
    )
    @pytest.mark.parametrize("commit", [True, False])
    def test_hold_for_one_transaction(
        self, storage: SqlStorage, terms: Terms, setting: str, during: str, after: str, *, commit: bool
    ) -> None:
        transaction = storage.begin(terms)
        pid, found = transaction.connection.exec_driver_sql(
            f"SELECT pg_backend_pid(), current_setting('{setting}')"
        ).one()
        if commit:
            transaction.commit()
        transaction.rollback()

        assert found == during
        assert shown(storage, Terms(), "SELECT pg_backend_pid()", f"SHOW {setting}") == [str(pid), after]

    def test_hold_together(self, storage: SqlStorage) -> None:
        terms = Terms(read_only=True, isolation=Isolation.SERIALIZABLE, statement_timeout=LONG, lock_timeout=LONG)
        settings = ["transaction_read_only", "transaction_isolation", "statement_timeout", "lock_timeout"]

        during = shown(storage, terms, *(f"SHOW {setting}" for setting in settings))
        after = shown(storage, Terms(), *(f"SHOW {setting}" for setting in settings))

        assert during == ["on", "serializable", "90500ms", "90500ms"]
        assert after == ["off", "read committed", "0", "0"]

    def test_send_one_statement_for_both_timeouts(self, storage: SqlStorage) -> None:
        sent: list[str] = []
        sa.event.listen(storage.engine, "before_cursor_execute", lambda *given: sent.append(given[2]))

        terms = Terms(read_only=True, isolation=Isolation.SNAPSHOT, statement_timeout=LONG, lock_timeout=LONG)
        shown(storage, terms, "SELECT 1")
        shown(storage, Terms(), "SELECT 2")

        assert [statement.split("(")[0] for statement in sent] == ["SELECT set_config", "SELECT 1", "SELECT 2"]

    class WhenAStatementTakesTooLong:
        def test_gives_up_and_keeps_the_connection(self, storage: SqlStorage) -> None:
            (before,) = shown(storage, Terms(), "SELECT pg_backend_pid()")
            transaction = storage.begin(Terms(statement_timeout=SHORT))

            with pytest.raises(PersistenceError):
                transaction.translating().rows(sa.text("SELECT pg_sleep(60)"))
            transaction.rollback()

            assert shown(storage, Terms(), "SELECT pg_backend_pid()", "SHOW statement_timeout") == [before, "0"]


class TestOnMssql:
    @pytest.fixture
    def storage(self) -> Iterator[SqlStorage]:
        with fresh_database(server_named_by(MSSQL)) as url:
            storage = SqlStorage(create_engine(EngineSettings(url=url, pool_size=1, max_overflow=0)), shop_schema())
            storage.create()
            yield storage
            storage.close()

    @pytest.mark.parametrize("commit", [True, False])
    def test_hold_for_one_transaction(self, storage: SqlStorage, *, commit: bool) -> None:
        transaction = storage.begin(Terms(lock_timeout=LONG, statement_timeout=LONG))
        (during,) = transaction.connection.exec_driver_sql("SELECT @@LOCK_TIMEOUT").one()
        if commit:
            transaction.commit()
        transaction.rollback()

        assert (during, shown(storage, Terms(), "SELECT @@LOCK_TIMEOUT")) == (90500, ["-1"])

    @pytest.mark.parametrize("isolation", Isolation)
    def test_set_the_isolation_back(self, storage: SqlStorage, isolation: Isolation) -> None:
        for capability in (Capability.SNAPSHOT_ISOLATION, Capability.SERIALIZABLE_ISOLATION):
            skip_on_mssql_lacking(capability)

        during, after = (isolation_of(storage, terms) for terms in (Terms(isolation=isolation), Terms()))

        assert during.startswith(isolation.value.lower())
        assert after.startswith("read committed")

    class WhenAStatementTakesTooLong:
        def test_gives_up_and_keeps_the_connection(self, storage: SqlStorage) -> None:
            (before,) = shown(storage, Terms(), "SELECT @@SPID")
            transaction = storage.begin(Terms(statement_timeout=SHORT))

            with pytest.raises(PersistenceError):
                transaction.translating().rows(sa.text("WAITFOR DELAY '00:01:00'"))
            transaction.rollback()

            assert shown(storage, Terms(), "SELECT @@SPID") == [before]


class TestOnSqlite:
    @pytest.fixture
    def storage(self, tmp_path: Path) -> Iterator[SqlStorage]:
        with opened(tmp_path) as storage:
            yield storage

    @pytest.mark.parametrize(
        ("terms", "setting", "during", "after"),
        [
            (Terms(read_only=True), "query_only", "1", "0"),
            (Terms(lock_timeout=LONG), "busy_timeout", "90500", "30000"),
        ],
    )
    def test_hold_for_one_transaction(
        self, storage: SqlStorage, terms: Terms, setting: str, during: str, after: str
    ) -> None:
        found = [shown(storage, given, f"PRAGMA {setting}") for given in (terms, Terms())]

        assert found == [[during], [after]]

    @pytest.mark.parametrize("isolation", Isolation)
    def test_take_every_isolation(self, storage: SqlStorage, isolation: Isolation) -> None:
        assert shown(storage, Terms(isolation=isolation), "SELECT 1") == ["1"]

    def test_do_not_let_the_host_write_where_only_reading_was_asked_for(self, storage: SqlStorage) -> None:
        with pytest.raises(sa.exc.OperationalError, match="readonly"):
            shown(storage, Terms(read_only=True), "DELETE FROM shop_ware")

    def test_let_readers_in_while_somebody_writes(self, storage: SqlStorage) -> None:
        stored(storage, Ware("W-1", "before"))
        writing = storage.begin()
        writing.repository(Ware).get("W-1").name = "after"
        writing.flush()

        reading = storage.begin(Terms(read_only=True))
        seen = reading.repository(Ware).get("W-1").name

        reading.rollback()
        writing.rollback()
        assert seen == "before"

    class WhenAnotherHoldsTheWriteLock:
        def test_gives_up_in_time(self, storage: SqlStorage) -> None:
            writing = storage.begin()
            writing.repository(Ware).find("W-1")
            waiting = storage.begin(Terms(lock_timeout=SHORT))

            with pytest.raises(TransientFailure):
                waiting.repository(Ware).find("W-1")

            waiting.rollback()
            writing.rollback()

    class WhenAStatementTakesTooLong:
        def test_interrupts_it(self, storage: SqlStorage) -> None:
            transaction = storage.begin(Terms(statement_timeout=SHORT))

            with pytest.raises(PersistenceError, match="interrupted"):
                transaction.translating().rows(sa.text(ENDLESS + "SELECT count(*) FROM n"))
            transaction.rollback()

        def test_interrupts_it_among_its_rows(self, storage: SqlStorage) -> None:
            transaction = storage.begin(Terms(statement_timeout=SHORT))

            with pytest.raises(PersistenceError, match="interrupted"):
                transaction.translating().rows(sa.text(ENDLESS + "SELECT i FROM n WHERE i = 1 OR i < 0"))
            transaction.rollback()

        def test_has_no_limit_afterwards(self, storage: SqlStorage) -> None:
            shown(storage, Terms(statement_timeout=timedelta(milliseconds=1)), "SELECT 1")

            assert shown(storage, Terms(), LASTING) == ["300000"]

        def test_cannot_be_committed_if_it_was_the_hosts_and_wrote(self, storage: SqlStorage) -> None:
            transaction = storage.begin(Terms(statement_timeout=SHORT))
            transaction.repository(Ware).add(Ware("W-1"))
            transaction.flush()
            with pytest.raises(sa.exc.OperationalError, match="interrupted"):
                transaction.connection.execute(sa.text(ENDLESS + WRITING))

            with pytest.raises(TransientFailure, match="nothing can be committed"):
                transaction.commit()

        def test_is_beyond_a_savepoint_if_it_wrote(self, storage: SqlStorage) -> None:
            """SQLite rolls back the whole transaction then (SQLite: "sqlite3_interrupt")."""
            transaction = storage.begin(Terms(statement_timeout=SHORT))
            savepoint = transaction.savepoint()
            with pytest.raises(PersistenceError) as first:
                transaction.translating().execute(sa.text(ENDLESS + WRITING))

            savepoint.rollback()

            with pytest.raises(UnitOfWorkClosed) as closed:
                transaction.repository(Ware)
            assert closed.value.__cause__ is first.value
            transaction.rollback()


class TestReplica:
    def test_answers_units_that_are_read_only(self, tmp_path: Path) -> None:
        with opened(_folder(tmp_path, "primary")) as primary, opened(_folder(tmp_path, "copy")) as copy:
            stored(copy, Ware("W-1", "from the copy"))
            storage = SqlStorage(primary.engine, shop_schema(), replica=copy.engine)

            found = [storage.begin(terms).repository(Ware).find("W-1") for terms in (Terms(), Terms(read_only=True))]

            storage.close()
        assert [ware and ware.name for ware in found] == [None, "from the copy"]

    def test_is_checked_as_well(self, tmp_path: Path) -> None:
        with opened(_folder(tmp_path, "primary")) as primary:
            empty = create_engine(f"sqlite:///{tmp_path / 'empty.sqlite'}")
            storage = SqlStorage(primary.engine, shop_schema(), replica=empty)

            with pytest.raises(SchemaMissing):
                storage.check()

            storage.close()

    def test_is_not_asked_for_keys(self, tmp_path: Path) -> None:
        with opened(_folder(tmp_path, "primary")) as primary, opened(_folder(tmp_path, "copy")) as copy:
            storage = SqlStorage(primary.engine, shop_schema(), replica=copy.engine)
            with committed(storage) as transaction:
                transaction.remember("a key")

            assert storage.remembers("a key")
            storage.close()


def _folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    return folder
