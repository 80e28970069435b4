from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

pytest.importorskip("sqlalchemy")

from sqlalchemy.engine import Connection, Engine
from tests.support.databases import MSSQL, fresh_database, server_named_by, skip_where_lacking
from tests.support.until import until

from corelib.adapters.sqlalchemy import EngineSettings, create_engine
from corelib.adapters.sqlalchemy.engine import dialect_of
from corelib.adapters.sqlalchemy.failures import translated
from corelib.errors import AlreadyExists, IntegrityViolation, InvalidData, ReferenceViolation, TransientFailure
from corelib.testing.contracts.capabilities import Capability

SPID = "SELECT @@SPID"
TABLES = """
    CREATE TABLE ware (
        id NVARCHAR(10) NOT NULL CONSTRAINT pk_ware PRIMARY KEY,
        name NVARCHAR(10) NOT NULL CONSTRAINT uq_ware_name UNIQUE,
        quantity INT CONSTRAINT ck_ware_quantity CHECK (quantity > 0)
    );
    CREATE TABLE line (ware_id NVARCHAR(10) CONSTRAINT fk_line_ware REFERENCES ware (id));
    INSERT INTO ware VALUES ('W-1', 'lamp', 1);
    INSERT INTO line VALUES ('W-1');
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with fresh_database(server_named_by(MSSQL)) as made:
        with opened(EngineSettings(url=made)) as engine, engine.begin() as connection:
            connection.exec_driver_sql(TABLES)
        yield made


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    with opened(EngineSettings(url=url)) as engine:
        yield engine


@contextmanager
def opened(settings: EngineSettings) -> Iterator[Engine]:
    engine = create_engine(settings)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def connected(engine: Engine) -> Iterator[Connection]:
    with translated(dialect_of(engine)), engine.connect() as connection:
        yield connection


def answer(engine: Engine, statement: str) -> object:
    with connected(engine) as connection:
        return connection.exec_driver_sql(statement).scalar()


class TestPool:
    class WhenASessionIsKilled:
        def test_is_transient_and_takes_another_connection(self, engine: Engine, url: str) -> None:
            with connected(engine) as connection, opened(EngineSettings(url=url)) as other:
                killed = connection.exec_driver_sql(SPID).scalar()
                with other.connect().execution_options(isolation_level="AUTOCOMMIT") as administrator:
                    administrator.exec_driver_sql(f"KILL {killed}")

                with pytest.raises(TransientFailure, match="lost"), translated(dialect_of(engine)):
                    until(lambda: not connection.exec_driver_sql("SELECT 1").scalar(), "the session has ended")

            assert answer(engine, "SELECT 1") == 1

    class WhenAConnectionIsTooOld:
        def test_takes_another_one(self, url: str) -> None:
            with opened(EngineSettings(url=url, pool_size=1, recycle=timedelta(0))) as engine:
                assert [answer(engine, "SELECT 1") for _ in range(2)] == [1, 1]


class TestErrors:
    @pytest.mark.parametrize(
        ("statement", "kind", "name"),
        [
            ("INSERT INTO ware VALUES ('W-1', 'desk', 1)", AlreadyExists, "pk_ware"),
            ("INSERT INTO ware VALUES ('W-2', 'lamp', 1)", AlreadyExists, "uq_ware_name"),
            ("INSERT INTO ware VALUES ('W-2', 'desk', 0)", InvalidData, "ck_ware_quantity"),
            ("INSERT INTO line VALUES ('W-9')", ReferenceViolation, "fk_line_ware"),
            ("DELETE FROM ware", ReferenceViolation, "fk_line_ware"),
            ("INSERT INTO ware VALUES ('W-2', NULL, 1)", InvalidData, None),
            ("INSERT INTO ware VALUES ('W-2', 'a name that is too long', 1)", InvalidData, None),
        ],
    )
    def test_name_the_violated_constraint(
        self, engine: Engine, statement: str, kind: type[IntegrityViolation], name: str | None
    ) -> None:
        if name is not None:
            skip_where_lacking(Capability.ERROR_TEXTS)

        with pytest.raises(kind) as raised, connected(engine) as connection:
            connection.exec_driver_sql(statement)

        assert isinstance(raised.value, IntegrityViolation)
        assert raised.value.constraint == name


class TestSettings:
    def test_name_the_connections(self, url: str) -> None:
        with opened(EngineSettings(url=url, application_name="orders")) as engine:
            assert answer(engine, "SELECT APP_NAME()") == "orders"
