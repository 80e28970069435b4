from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from sqlalchemy.engine import Engine
from tests.support.databases import sqlite_file
from tests.unit.adapters.sqlalchemy.sample import Ware, loaded, opened

from corelib import App, DatabaseSettings, Settings
from corelib.adapters.memory import MemoryLogger
from corelib.adapters.sqlalchemy import EngineSettings, StatementLog, create_engine, create_engines, warnings_of
from corelib.adapters.sqlalchemy.engine import dialect_of
from corelib.adapters.sqlalchemy.failures import translated
from corelib.bootstrap import bootstrap
from corelib.errors import (
    AlreadyExists,
    CorelibError,
    IntegrityViolation,
    InvalidData,
    InvalidSetting,
    PersistentFailure,
    ReadOnlyStore,
    ReferenceViolation,
    RowLocked,
    StatementTimeout,
    StorageFull,
    TransientFailure,
)

TABLES = [
    """CREATE TABLE ware (
        id TEXT CONSTRAINT "pk_ware" NOT NULL, name TEXT, size INT, colour TEXT, weight INT, code TEXT UNIQUE,
        quantity INT CONSTRAINT ck_ware_quantity CHECK (quantity > 0),
        CONSTRAINT pk_ware PRIMARY KEY (id), CONSTRAINT "uq_ware_name" UNIQUE ("name", size)
    )""",
    "CREATE UNIQUE INDEX ux_ware_colour ON ware (colour)",
    "CREATE UNIQUE INDEX ux_ware_weight ON ware (abs(weight))",
    "CREATE TABLE line (ware_id TEXT REFERENCES ware (id), number INT NOT NULL)",
    "CREATE TABLE strict (number INT) STRICT",
    "INSERT INTO ware VALUES ('W-1', 'lamp', 1, 'red', 5, 'C-1', 1)",
    "CREATE TRIGGER no_chairs BEFORE INSERT ON ware WHEN NEW.name = 'chair' BEGIN SELECT RAISE(ABORT, 'none'); END",
]
ENDLESS = "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) INSERT INTO line SELECT NULL, n FROM r"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = create_engine(sqlite_file(tmp_path))
    with made.begin() as connection:
        for statement in TABLES:
            connection.exec_driver_sql(statement)
    yield made
    made.dispose()


def run(engine: Engine, *statements: str) -> None:
    with translated(dialect_of(engine)), engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def failing(engine: Engine, *statements: str) -> CorelibError:
    """The error of some statements in one transaction."""
    with pytest.raises(CorelibError) as caught:
        run(engine, *statements)
    return caught.value


class TestErrors:
    @pytest.mark.parametrize(
        ("statement", "kind", "name"),
        [
            ("INSERT INTO ware (id) VALUES ('W-1')", AlreadyExists, "pk_ware"),
            ("INSERT INTO ware (id, name, size) VALUES ('W-2', 'lamp', 1)", AlreadyExists, "uq_ware_name"),
            ("INSERT INTO ware (id, colour) VALUES ('W-2', 'red')", AlreadyExists, "ux_ware_colour"),
            ("INSERT INTO ware (id, weight) VALUES ('W-2', -5)", AlreadyExists, "ux_ware_weight"),
            ("INSERT INTO ware (id, code) VALUES ('W-2', 'C-1')", AlreadyExists, "ware.code"),
            ("INSERT INTO ware (id, quantity) VALUES ('W-2', 0)", InvalidData, "ck_ware_quantity"),
            ("INSERT INTO ware (id) VALUES (NULL)", InvalidData, None),
            ("INSERT INTO line VALUES ('W-9', 1)", ReferenceViolation, None),
            ("INSERT INTO strict VALUES ('one')", InvalidData, None),
            ("INSERT INTO ware (id, name) VALUES ('W-2', 'chair')", IntegrityViolation, None),
        ],
    )
    def test_name_the_violated_constraint(
        self, engine: Engine, statement: str, kind: type[IntegrityViolation], name: str | None
    ) -> None:
        error = failing(engine, statement)

        assert type(error) is kind
        assert isinstance(error, IntegrityViolation)
        assert error.constraint == name

    def test_tell_that_a_file_takes_no_changes(self, engine: Engine) -> None:
        assert type(failing(engine, "PRAGMA query_only = ON", "DELETE FROM line")) is ReadOnlyStore

    def test_tell_that_another_one_writes(self, engine: Engine) -> None:
        other = create_engine(engine.url)
        with other.connect() as waiting:
            waiting.exec_driver_sql("PRAGMA busy_timeout = 0")
            waiting.rollback()
            with engine.begin() as writing:
                writing.exec_driver_sql("DELETE FROM line")
                with pytest.raises(RowLocked) as caught, translated(dialect_of(engine)):
                    waiting.exec_driver_sql("DELETE FROM line")
        other.dispose()

        assert isinstance(caught.value, TransientFailure)

    def test_tell_that_a_page_of_the_file_is_damaged(self, tmp_path: Path) -> None:
        with closed(sqlite3.connect(tmp_path / "damaged.sqlite")) as connection:
            connection.execute("CREATE TABLE ware (id TEXT)")
            connection.executemany("INSERT INTO ware VALUES (?)", [("x" * 500,)] * 100)
            connection.commit()
        file = tmp_path / "damaged.sqlite"
        content = file.read_bytes()
        file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
        engine = create_engine(f"sqlite:///{file}")

        error = failing(engine, "SELECT count(id) FROM ware")
        engine.dispose()

        assert type(error) is PersistentFailure
        assert "integrity_check" in error.hint


class TestTransactionsThatSqliteGaveUp:
    class WhenTheDiskIsFull:
        def test_are_not_taken_for_committed(self, tmp_path: Path) -> None:
            with opened(tmp_path) as storage:
                transaction = storage.begin()
                transaction.repository(Ware).add(Ware("W-1"))
                transaction.flush()
                pages = transaction.connection.exec_driver_sql("PRAGMA page_count").scalar()
                transaction.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
                with pytest.raises(StorageFull), translated(dialect_of(storage.engine)):
                    transaction.connection.exec_driver_sql(
                        "INSERT INTO shop_ware (id, name, version) VALUES ('W-2', hex(zeroblob(100000)), 1)"
                    )

                with pytest.raises(TransientFailure, match="given up by the server"):
                    transaction.commit()

                assert loaded(storage, Ware, "W-1") is None

    class WhenAWriteWasInterrupted:
        def test_are_not_taken_for_committed(self, engine: Engine) -> None:
            dialect = dialect_of(engine)
            with engine.connect() as connection:
                driver = connection.connection.driver_connection
                assert isinstance(driver, sqlite3.Connection)
                driver.set_progress_handler(lambda: 1, 10_000)

                with pytest.raises(StatementTimeout), translated(dialect):
                    connection.exec_driver_sql(ENDLESS)

                driver.set_progress_handler(None, 0)
                assert dialect.has_failed(connection)

    class WhenNothingWentWrong:
        def test_can_be_committed(self, engine: Engine) -> None:
            dialect = dialect_of(engine)
            with engine.connect() as connection:
                before = dialect.has_failed(connection)
                connection.exec_driver_sql("DELETE FROM line")

                assert (before, dialect.has_failed(connection)) == (False, False)


class TestSettings:
    def test_take_no_token(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidSetting, match="token provider is of no use for sqlite"):
            create_engine(EngineSettings(url=sqlite_file(tmp_path), token=lambda: "s3cret"))

    def test_find_nothing_to_warn_of(self, engine: Engine) -> None:
        assert warnings_of(engine) == ()

    def test_take_another_file_for_reading(self, tmp_path: Path) -> None:
        primary, replica = sqlite_file(tmp_path), sqlite_file(tmp_path)

        engines = create_engines(EngineSettings(url=primary, read_only_url=replica))

        assert [str(engine.url.database) for engine in (engines.primary, engines.replica)] == [
            url.removeprefix("sqlite:///") for url in (primary, replica)
        ]
        engines.dispose()

    def test_log_what_corelib_itself_sends(self, tmp_path: Path) -> None:
        log = MemoryLogger()
        engine = create_engine(EngineSettings(url=sqlite_file(tmp_path), statement_log=StatementLog(log)))

        run(engine, "SELECT 1")
        engine.dispose()

        assert [line.fields["sql"] for line in log.lines] == ["BEGIN IMMEDIATE", "SELECT 1"]


class TestBootstrap:
    @pytest.mark.parametrize(
        ("database", "levels"),
        [
            (DatabaseSettings(), set()),
            (DatabaseSettings(log_statements=True), {"info"}),
            (DatabaseSettings(slow_statement=timedelta(0)), {"warning"}),
            (DatabaseSettings(slow_statement=timedelta(hours=1)), set()),
        ],
    )
    def test_logs_statements_if_it_is_told(self, tmp_path: Path, database: DatabaseSettings, levels: set[str]) -> None:
        log = MemoryLogger()
        settings = Settings(f"sqlite:///{tmp_path / 'file'}", database=database)

        with bootstrap(App("kitlab", schema="kitlab.adapters.tables:schema"), settings, log=log) as host:
            host.storage.create()

        assert {line.level for line in log.lines if line.event == "statement"} == levels


@contextmanager
def closed(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield connection
    finally:
        connection.close()
