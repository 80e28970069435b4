from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any, cast

import pytest
from attrs import define, field

pytest.importorskip("sqlalchemy")
pytest.importorskip("psycopg")

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from tests.unit.adapters.sqlalchemy import standin
from tests.unit.adapters.sqlalchemy.standin import mssql_engine
from tests.unit.adapters.sqlalchemy.test_statements import POSTGRESQL, compare, golden, written

from corelib.adapters.sqlalchemy import SqlLocks
from corelib.adapters.sqlalchemy.lock_sessions import ServerLocking
from corelib.adapters.sqlalchemy.mssql_locks import MssqlLocking
from corelib.adapters.sqlalchemy.postgresql_locks import PostgresqlLocking
from corelib.domain.lock import LockRequest
from corelib.errors import LockLost, LockNotAvailable, PersistentFailure, ServerUnreachable, TransientFailure

SECONDS = timedelta(seconds=5)
DRIVER = "[Microsoft][ODBC Driver 18 for SQL Server]"


@define
class Recorder:
    """Stands for a connection to PostgreSQL: notes the text of every statement, and answers nothing."""

    texts: list[str] = field(factory=list)

    def execute(self, clause: sa.ClauseElement) -> Recorder:
        whole = {"literal_binds": True}
        self.texts.append(str(clause.compile(dialect=POSTGRESQL.theirs(), compile_kwargs=whole)))
        return self

    def scalar(self) -> None: ...


@contextmanager
def noted_on_postgresql() -> Iterator[tuple[Connection, list[str]]]:
    recorder = Recorder()
    yield cast("Connection", recorder), recorder.texts


@contextmanager
def noted_on_mssql() -> Iterator[tuple[Connection, list[str]]]:
    texts: list[str] = []
    with mssql_engine({"applock": 0}).connect() as connection:
        sa.event.listen(connection, "before_cursor_execute", lambda _, __, text, *___: texts.append(text))
        yield connection, texts


ENGINES: dict[str, tuple[ServerLocking, Callable[[], AbstractContextManager[tuple[Connection, list[str]]]]]] = {
    "mssql": (MssqlLocking(), noted_on_mssql),
    "postgresql": (PostgresqlLocking(), noted_on_postgresql),
}


def texts_on(engine: str) -> dict[str, str]:
    """What the life of a lock takes."""
    locking, noted = ENGINES[engine]
    now, later = LockRequest("invoices 2026", timedelta(0), "me"), LockRequest("invoices 2026", SECONDS, "me")
    calls: dict[str, Callable[[Connection], object]] = {
        "acquire at once": lambda connection: locking.acquire(connection, now),
        "acquire within five seconds": lambda connection: locking.acquire(connection, later),
        "is held": lambda connection: locking.is_held(connection, now),
        "release": lambda connection: locking.release(connection, now),
        "holder": lambda connection: locking.holder(connection, now),
    }
    named: dict[str, str] = {}
    for name, call in calls.items():
        with noted() as (connection, texts):
            call(connection)
        named[name] = ";\n".join(texts)
    return named


class TestLockStatements:
    @pytest.mark.parametrize("engine", ENGINES)
    def test_have_the_text_of_the_golden_file(self, engine: str) -> None:
        texts = texts_on(engine)

        compare(f"{engine}_locks", written(texts))

    def test_are_transact_sql(self) -> None:
        sqlglot = pytest.importorskip("sqlglot")
        known = tuple(getattr(sqlglot.exp, kind) for kind in ("Select", "Set", "Declare", "Execute"))

        parsed = [part for text in golden("mssql_locks").values() for part in sqlglot.parse(text, read="tsql")]

        assert [type(part) for part in parsed if not isinstance(part, known)] == []
        assert len([part for part in parsed if isinstance(part, sqlglot.exp.Execute)]) == 3


def locks_answering(**answers: object) -> SqlLocks:
    """Locks on a SQL Server that answers so to statements; what is not said goes well."""
    told = {"sp_getapplock": 0, "APPLOCK_MODE": "Exclusive", "sp_releaseapplock": 0, "dm_tran_locks": None, **answers}
    return SqlLocks(mssql_engine(told))


def lost() -> Exception:
    return standin.OperationalError("08S01", f"[08S01] {DRIVER}TCP Provider: Error code 0x68 (104) (SQLExecDirectW)")


def denied() -> Exception:
    text = "VIEW SERVER STATE permission was denied on object 'server', database 'master'."
    return standin.ProgrammingError("42000", f"[42000] {DRIVER}[SQL Server]{text} (300) (SQLExecDirectW)")


def logins(engine: Engine) -> list[dict[str, Any]]:
    """The arguments of each login, as they come in."""
    seen: list[dict[str, Any]] = []
    connect = engine.dialect.loaded_dbapi.connect

    def noted(*args: object, **kwargs: Any) -> object:
        seen.append(kwargs)
        return connect(*args, **kwargs)

    engine.dialect.loaded_dbapi.connect = noted
    return seen


def checked_out(engine: Engine) -> int:
    return int(engine.pool.checkedout())  # type: ignore[attr-defined]


class TestSqlLocks:
    class WhenTheServerGrantsTheLock:
        @pytest.mark.parametrize("code", [0, 1])
        def test_holds_it(self, code: int) -> None:
            with locks_answering(sp_getapplock=code).hold("invoices", owner="me") as held:
                held.check()

                assert (held.name, held.owner) == ("invoices", "me")

        def test_takes_nothing_from_the_pool(self) -> None:
            engine = mssql_engine({"sp_getapplock": 0, "sp_releaseapplock": 0})
            locks = SqlLocks(engine)

            with locks.hold("invoices"), locks.hold("reminders"):
                during = checked_out(engine)

            assert (during, checked_out(engine)) == (0, 0)

        def test_logs_in_under_the_owner_s_name(self) -> None:
            engine = mssql_engine({"sp_getapplock": 0, "sp_releaseapplock": 0})
            locks = SqlLocks(engine)
            seen = logins(engine)

            with locks.hold("invoices", owner="a;Encrypt=no;{b}'\u00e9\U0001f512\x00"), engine.connect():
                pass

            assert seen[0]["APP"] == "corelib lock a?Encrypt?no??b??\u00e9??"
            assert seen[0]["ConnectRetryCount"] == 0
            assert "APP" not in seen[1]

    class WhenTheServerRefusesTheLock:
        def test_tells_the_holder(self) -> None:
            locks = locks_answering(sp_getapplock=-1, dm_tran_locks="corelib lock web1:4711/7")

            with pytest.raises(LockNotAvailable) as refused, locks.hold("invoices"):
                pass

            assert refused.value.holder == "web1:4711/7"

        def test_tells_the_program_of_a_holder_that_is_not_of_corelib(self) -> None:
            locks = locks_answering(sp_getapplock=-1, dm_tran_locks="Nightly run")

            with pytest.raises(LockNotAvailable) as refused, locks.hold("invoices"):
                pass

            assert refused.value.holder == "Nightly run"

        @pytest.mark.parametrize("answer", [None, "", denied()], ids=["gone by now", "nameless", "may not be seen"])
        def test_does_without_the_holder(self, answer: object) -> None:
            locks = locks_answering(sp_getapplock=-1, dm_tran_locks=answer)

            with pytest.raises(LockNotAvailable, match="somebody else holds it") as refused, locks.hold("invoices"):
                pass

            assert refused.value.holder is None

        @pytest.mark.parametrize(
            ("code", "kind", "text"),
            [
                (-2, TransientFailure, "the request was cancelled (sp_getapplock returned -2)"),
                (-3, TransientFailure, "it was the victim of a deadlock (sp_getapplock returned -3)"),
                (-999, PersistentFailure, "(sp_getapplock returned -999)"),
            ],
        )
        def test_tells_a_code_that_is_no_timeout(self, code: int, kind: type[Exception], text: str) -> None:
            locks = locks_answering(sp_getapplock=code)

            with pytest.raises(kind) as refused, locks.hold("invoices"):
                pass

            assert type(refused.value) is kind
            assert text in str(refused.value)

        def test_finds_the_code_behind_a_message(self) -> None:
            locks = locks_answering(sp_getapplock=standin.AfterMessage(-1))

            with pytest.raises(LockNotAvailable), locks.hold("invoices"):
                pass

    class WhenTheServerDoesNotAnswer:
        def test_says_so(self) -> None:
            locks = locks_answering(LOGIN=lost())

            with pytest.raises(ServerUnreachable), locks.hold("invoices"):
                pass

        def test_logs_other_work_in_as_before(self) -> None:
            engine = mssql_engine({"LOGIN": [lost()], "sp_getapplock": 0})
            locks = SqlLocks(engine)
            with pytest.raises(ServerUnreachable), locks.hold("invoices"):
                pass
            seen = logins(engine)

            engine.connect().close()

            assert "APP" not in seen[0]

        def test_says_so_also_while_it_waits(self) -> None:
            locks = locks_answering(sp_getapplock=lost())

            with pytest.raises(TransientFailure, match="connection to the database was lost"), locks.hold("invoices"):
                pass

    class WhenTheConnectionIsLost:
        def test_says_so_when_it_is_checked(self) -> None:
            locks = locks_answering(APPLOCK_MODE=lost())

            with pytest.raises(LockLost, match="what it hung on in the database is gone"):
                check_once(locks)

        def test_never_asks_another_connection(self) -> None:
            locks = locks_answering(APPLOCK_MODE=[lost(), "Exclusive"])

            with pytest.raises(LockLost):
                survive_a_check(locks)

        def test_says_so_at_the_end_of_the_block(self) -> None:
            locks = locks_answering(sp_releaseapplock=lost())

            with pytest.raises(LockLost), locks.hold("invoices"):
                pass

    class WhenTheSessionDoesNotHoldTheLockAnyMore:
        def test_says_so_when_it_is_checked(self) -> None:
            locks = locks_answering(APPLOCK_MODE="NoLock")

            with pytest.raises(LockLost):
                check_once(locks)

        def test_says_so_at_the_end_of_the_block(self) -> None:
            locks = locks_answering(sp_releaseapplock=-999)

            with pytest.raises(LockLost), locks.hold("invoices"):
                pass

    class WhenTheBlockFails:
        def test_hands_its_error_on(self) -> None:
            locks = locks_answering(sp_releaseapplock=lost())

            with pytest.raises(ZeroDivisionError), locks.hold("invoices"):
                _ = 1 / 0


def check_once(locks: SqlLocks) -> None:
    with locks.hold("invoices") as held:
        held.check()


def survive_a_check(locks: SqlLocks) -> None:
    with locks.hold("invoices") as held, pytest.raises(LockLost):
        held.check()


class TestPostgresqlLocking:
    def test_logs_in_under_the_owner_s_name(self) -> None:
        login = PostgresqlLocking().login("web1:4711/\u00fc\n" + "x" * 90)

        assert login["application_name"] == f"corelib lock web1:4711/??{'x' * 38}"
        assert len(str(login["application_name"])) == 63

    def test_bounds_the_wait_for_a_server_that_has_fallen_silent(self) -> None:
        login = PostgresqlLocking().login("me")

        assert login["tcp_user_timeout"] == 15_000
        assert (login["keepalives_idle"], login["keepalives_interval"], login["keepalives_count"]) == (30, 10, 3)
