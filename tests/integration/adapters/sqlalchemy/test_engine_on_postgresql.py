from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("psycopg")

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from tests.support.asking import asking_server
from tests.support.databases import POSTGRESQL, fresh_database, server_named_by

from corelib.adapters.memory import MemoryLogger
from corelib.adapters.sqlalchemy import EngineSettings, StatementLog, create_engine, create_engines, warnings_of
from corelib.adapters.sqlalchemy.engine import dialect_of
from corelib.adapters.sqlalchemy.failures import translated
from corelib.errors import (
    AlreadyExists,
    AuthenticationFailed,
    CorelibError,
    IntegrityViolation,
    InvalidData,
    PermissionDenied,
    ReadOnlyStore,
    ReferenceViolation,
    RowLocked,
    StatementTimeout,
    StorageFull,
    TransientFailure,
)

SECRET = "eyJ-s3cret-token"
PID = "SELECT pg_backend_pid()"
TABLES = """
    CREATE TABLE ware (
        id text CONSTRAINT pk_ware PRIMARY KEY,
        name text NOT NULL CONSTRAINT uq_ware_name UNIQUE,
        quantity int CONSTRAINT ck_ware_quantity CHECK (quantity > 0),
        size int4range,
        CONSTRAINT ex_ware_size EXCLUDE USING gist (size WITH &&)
    );
    CREATE TABLE line (ware_id text CONSTRAINT fk_line_ware REFERENCES ware);
    INSERT INTO ware VALUES ('W-1', 'lamp', 1, '[1,5)');
    INSERT INTO line VALUES ('W-1');
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with fresh_database(server_named_by(POSTGRESQL)) as made:
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


def failing(engine: Engine, *statements: str) -> CorelibError:
    """The error of some statements in one transaction."""
    with pytest.raises(CorelibError) as caught:
        run(engine, *statements)
    return caught.value


def run(engine: Engine, *statements: str) -> None:
    with connected(engine) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def answer(engine: Engine, statement: str) -> object:
    with connected(engine) as connection:
        return connection.exec_driver_sql(statement).scalar()


class TestPool:
    class WhenNoConnectionIsLeft:
        def test_is_transient_and_has_one_again_later(self, url: str) -> None:
            settings = EngineSettings(url=url, pool_size=1, max_overflow=0, pool_timeout=timedelta(0))
            with opened(settings) as engine:
                with (
                    connected(engine),
                    pytest.raises(TransientFailure, match="No connection became free"),
                    connected(engine),
                ):
                    pass

                assert answer(engine, "SELECT 1") == 1

    class WhenABackendIsKilled:
        def test_is_transient_and_takes_another_connection(self, engine: Engine) -> None:
            with connected(engine) as connection:
                killed = connection.exec_driver_sql(PID).scalar()
                answer(engine, f"SELECT pg_terminate_backend({killed})")
                with pytest.raises(TransientFailure, match="lost: terminating"), translated(dialect_of(engine)):
                    connection.exec_driver_sql("SELECT 1")

            assert answer(engine, PID) != killed

        def test_is_not_even_noticed_while_it_is_in_the_pool(self, url: str) -> None:
            with opened(EngineSettings(url=url, pool_size=1)) as engine, opened(EngineSettings(url=url)) as other:
                killed = answer(engine, PID)
                answer(other, f"SELECT pg_terminate_backend({killed})")

                assert answer(engine, PID) != killed

    class WhenAConnectionIsTooOld:
        def test_takes_another_one(self, url: str) -> None:
            with opened(EngineSettings(url=url, pool_size=1, recycle=timedelta(0))) as engine:
                assert answer(engine, PID) != answer(engine, PID)


class TestTimeouts:
    def test_of_a_statement_keep_the_connection(self, engine: Engine) -> None:
        with connected(engine) as connection:
            before = connection.exec_driver_sql(PID).scalar()
            connection.exec_driver_sql("SET LOCAL statement_timeout = 20")
            with pytest.raises(StatementTimeout) as caught, translated(dialect_of(engine)):
                connection.exec_driver_sql("SELECT pg_sleep(60)")
            connection.rollback()
            after = connection.exec_driver_sql(PID).scalar()

        assert before == after
        assert not isinstance(caught.value, TransientFailure)
        assert "statement timeout" in caught.value.message

    def test_of_a_row_lock_are_transient(self, engine: Engine) -> None:
        locked = "SELECT * FROM ware WHERE id = 'W-1' FOR UPDATE"
        with connected(engine) as connection:
            connection.exec_driver_sql(locked)

            error = failing(engine, f"{locked} NOWAIT")

        assert type(error) is RowLocked


class TestErrors:
    @pytest.mark.parametrize(
        ("statement", "kind", "name"),
        [
            ("INSERT INTO ware VALUES ('W-1', 'desk', 1)", AlreadyExists, "pk_ware"),
            ("INSERT INTO ware VALUES ('W-2', 'lamp', 1)", AlreadyExists, "uq_ware_name"),
            ("INSERT INTO ware VALUES ('W-2', 'desk', 1, '[4,6)')", AlreadyExists, "ex_ware_size"),
            ("INSERT INTO ware VALUES ('W-2', 'desk', 0)", InvalidData, "ck_ware_quantity"),
            ("INSERT INTO line VALUES ('W-9')", ReferenceViolation, "fk_line_ware"),
            ("DELETE FROM ware", ReferenceViolation, "fk_line_ware"),
            ("SELECT 'one'::int", InvalidData, None),
            ("SELECT '2026-02-30'::date", InvalidData, None),
            ("SELECT '{'::json", InvalidData, None),
        ],
    )
    def test_name_the_violated_constraint(
        self, engine: Engine, statement: str, kind: type[IntegrityViolation], name: str | None
    ) -> None:
        error = failing(engine, statement)

        assert type(error) is kind
        assert isinstance(error, IntegrityViolation)
        assert error.constraint == name

    @pytest.mark.parametrize(
        ("statements", "kind"),
        [
            (["SET TRANSACTION READ ONLY", "DELETE FROM line"], ReadOnlyStore),
            (["SET LOCAL ROLE pg_monitor", "DELETE FROM line"], PermissionDenied),
            (
                ["SET LOCAL temp_file_limit = 1", "SET LOCAL work_mem = 64", "SELECT * FROM generate_series(1, 99999)"],
                StorageFull,
            ),
        ],
        ids=["read-only", "permission", "temporary files"],
    )
    def test_tell_what_a_caller_can_do(self, engine: Engine, statements: list[str], kind: type[CorelibError]) -> None:
        assert type(failing(engine, *statements)) is kind

    def test_of_a_transaction_that_was_given_up_are_transient(self, engine: Engine) -> None:
        with connected(engine) as connection:
            with pytest.raises(InvalidData), translated(dialect_of(engine)):
                connection.exec_driver_sql("SELECT 'one'::int")

            with pytest.raises(TransientFailure) as caught, translated(dialect_of(engine)):
                connection.exec_driver_sql("SELECT 1")

        assert caught.value.hint.startswith("Do not catch the errors of your own statements")


class TestSettings:
    def test_name_the_connections(self, url: str) -> None:
        with opened(EngineSettings(url=url, application_name="orders")) as engine:
            assert answer(engine, "SHOW application_name") == "orders"

    def test_leave_the_name_to_a_url_that_has_one(self, url: str) -> None:
        named = sa.make_url(url).update_query_dict({"application_name": "billing"})
        with opened(EngineSettings(url=named, application_name="orders")) as engine:
            assert answer(engine, "SHOW application_name") == "billing"

    def test_log_statements_without_their_values(self, url: str) -> None:
        log = MemoryLogger()
        with (
            opened(EngineSettings(url=url, statement_log=StatementLog(log))) as engine,
            connected(engine) as connection,
        ):
            connection.execute(sa.text("SELECT * FROM ware WHERE name = :name"), {"name": "s3cret"})

        line = log.lines[-1]
        assert (line.fields["rows"], line.fields["parameters"]) == (0, {"name": "str"})
        assert "s3cret" not in str(log.lines)

    def test_find_nothing_to_warn_of(self, engine: Engine) -> None:
        assert warnings_of(engine) == ()


class TestReplica:
    def test_is_the_host_that_answers_where_no_standby_does(self, url: str) -> None:
        address = sa.make_url(url)
        folder = address.query.get("host")  # of the server's socket, where it has no address
        hosts = ["/nowhere", folder] if folder else [f"127.0.0.1:{port}" for port in (1, address.port or 5432)]
        bare = address.set(host=None, port=None).difference_update_query(["host"])
        read_only = bare.update_query_pairs([("host", str(host)) for host in hosts])
        engines = create_engines(EngineSettings(url=url, read_only_url=read_only))

        try:
            assert engines.replica is not engines.primary
            assert answer(engines.replica, "SELECT name FROM ware") == "lamp"
        finally:
            engines.dispose()

    def test_is_the_primary_where_none_is_named(self, url: str) -> None:
        engines = create_engines(EngineSettings(url=url))

        assert engines.replica is engines.primary
        engines.dispose()


class TestPassword:
    @pytest.mark.parametrize(
        "url", ["postgresql://app:{}@127.0.0.1:{}/shop", "postgresql://127.0.0.1:{1}/shop?password={0}"]
    )
    def test_reaches_the_server_from_wherever_it_stands_in_the_url(self, url: str) -> None:
        with asking_server() as server, opened(EngineSettings(url=url.format(SECRET, server.port))) as engine:
            error = failing(engine, "SELECT 1")

        assert server.passwords == [SECRET]
        assert SECRET not in f"{engine!r}{engine.url!r}" + "".join(traceback.format_exception(error))


class TestToken:
    def test_is_asked_for_anew_and_given_as_the_password(self) -> None:
        tokens = iter([f"{SECRET}-1", f"{SECRET}-2"])
        with asking_server() as server:
            url = f"postgresql://app@127.0.0.1:{server.port}/shop?sslmode=disable"
            with opened(EngineSettings(url=url, token=lambda: next(tokens))) as engine:
                errors = [failing(engine, "SELECT 1") for _ in range(2)]

        assert server.passwords == [f"{SECRET}-1", f"{SECRET}-2"]
        assert {type(error) for error in errors} == {AuthenticationFailed}

    def test_is_shown_nowhere(self) -> None:
        with asking_server() as server:
            settings = EngineSettings(
                url=f"postgresql://app@127.0.0.1:{server.port}/shop?sslmode=disable", token=lambda: SECRET
            )
            with opened(settings) as engine:
                error = failing(engine, "SELECT 1")
                shown = f"{settings!r}{engine!r}{engine.url!r}{engine.pool!r}"

        assert SECRET not in shown
        assert SECRET not in "".join(traceback.format_exception(error))

    def test_goes_over_an_encrypted_connection_alone(self) -> None:
        with asking_server() as server:
            url = f"postgresql://app@127.0.0.1:{server.port}/shop"
            with opened(EngineSettings(url=url, token=lambda: SECRET)) as engine, pytest.raises(CorelibError):
                answer(engine, "SELECT 1")

            assert server.passwords == []
