from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from tests.support.commands import PROJECT, start_python
from tests.support.databases import (
    MSSQL,
    POSTGRESQL,
    at_closed_port,
    fresh_database,
    server_named_by,
    sqlite_file,
    with_wrong_login,
)
from tests.support.until import until

from corelib import App, Settings
from corelib.adapters.sqlalchemy import EngineSettings, SqlLocks, create_engine
from corelib.adapters.sqlalchemy.sqlite_locks import LockFile
from corelib.bootstrap import bootstrap
from corelib.domain.lock import LockRequest
from corelib.errors import (
    AuthenticationFailed,
    CorelibError,
    DatabaseMissing,
    LockLost,
    LockNotAvailable,
    ServerUnreachable,
    TransientFailure,
)
from corelib.ports.lock import NO_WAIT
from corelib.testing.contracts.locks import PATIENTLY, SHORTLY, hold_and_leave, is_taken
from corelib.testing.contracts.waiting import PATIENCE

HOLDER = str(PROJECT / "tests/support/hold_lock.py")


@contextmanager
def engine_of(url: str, *, max_overflow: int = 10, pool_timeout: int = 30, pool_size: int = 5) -> Iterator[Engine]:
    settings = EngineSettings(
        url=url, pool_size=pool_size, max_overflow=max_overflow, pool_timeout=timedelta(seconds=pool_timeout)
    )
    engine = create_engine(settings)
    yield engine
    engine.dispose()


@contextmanager
def held_by_a_process(url: str, name: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Give a process to the block that holds a lock; kill it at the latest at the end."""
    held = folder / "held"
    process = start_python(HOLDER, url, name, "another process", str(held), log=folder / "log", stdin=subprocess.PIPE)
    with process:
        try:
            until(held.exists, "the other process holds the lock")
            yield process
        finally:
            process.kill()


@pytest.fixture(params=["sqlite", "postgresql", "mssql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield sqlite_file(tmp_path)
        return
    with fresh_database(server_named_by({"postgresql": POSTGRESQL, "mssql": MSSQL}[request.param])) as fresh:
        yield fresh


@pytest.fixture
def postgresql() -> Iterator[str]:
    with fresh_database(server_named_by(POSTGRESQL)) as fresh:
        yield fresh


SESSIONS = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'corelib lock%' AND datname = current_database()"
)
KILL = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name LIKE 'corelib lock%' AND datname = current_database()"
)

KILL_WAITING = sa.text(f"{KILL.text} AND wait_event_type = 'Lock'")


class TestSqlLocks:
    class WhenTheProcessThatHoldsTheLockIsKilled:
        def test_lets_another_process_have_it(self, url: str, tmp_path: Path) -> None:
            with engine_of(url) as engine, held_by_a_process(url, "invoices", tmp_path) as process:
                locks = SqlLocks(engine)
                assert is_taken(locks, "invoices")

                process.send_signal(signal.SIGKILL)

                with locks.hold("invoices", timeout=PATIENTLY) as held:
                    held.check()

    class WhenThePoolIsExhausted:
        def test_is_granted_nevertheless(self, url: str) -> None:
            with engine_of(url, pool_size=1, max_overflow=0) as engine:
                locks = SqlLocks(engine)

                with engine.connect(), locks.hold("invoices") as first, locks.hold("reminders") as second:
                    first.check()
                    second.check()

        def test_leaves_the_pool_to_other_work(self, url: str) -> None:
            with engine_of(url, pool_size=1, max_overflow=0) as engine:
                locks = SqlLocks(engine)

                with locks.hold("invoices"), locks.hold("reminders"), engine.connect() as connection:
                    answer = connection.execute(sa.select(1)).scalar()

                assert answer == 1

    class WhenTheServerCannotBeUsed:
        @pytest.mark.parametrize("variable", [POSTGRESQL, MSSQL])
        @pytest.mark.parametrize(
            ("broken", "kind"), [(at_closed_port, ServerUnreachable), (with_wrong_login, AuthenticationFailed)]
        )
        def test_says_why(self, variable: str, broken: Callable[[str], str], kind: type[CorelibError]) -> None:
            with engine_of(broken(server_named_by(variable))) as engine, pytest.raises(kind):
                is_taken(SqlLocks(engine), "invoices")


class TestBootstrap:
    class WhenTheHostHasADatabase:
        def test_keeps_the_locks_there(self, url: str) -> None:
            app = App("bench", schema="corelib.testing.contracts.sample_tables:schema")

            with (
                bootstrap(app, Settings(database_url=url)) as host,
                engine_of(url) as engine,
                host.locks.hold("invoices"),
            ):
                taken = is_taken(SqlLocks(engine), "invoices")

            assert taken


class TestPostgresqlLocking:
    class WhenTheServerEndsTheSession:
        def test_tells_the_holder(self, postgresql: str) -> None:
            with engine_of(postgresql) as engine, engine.connect() as administrator, pytest.raises(LockLost) as lost:
                hold_until(SqlLocks(engine), lambda: administrator.execute(KILL))

            assert lost.value.name == "invoices"

        def test_lets_another_have_the_lock(self, postgresql: str) -> None:
            with engine_of(postgresql) as engine, engine.connect() as administrator:
                locks = SqlLocks(engine)

                def kill_and_take() -> None:
                    administrator.execute(KILL)
                    with locks.hold("invoices", timeout=PATIENTLY) as theirs:
                        theirs.check()

                with pytest.raises(LockLost):
                    hold_until(locks, kill_and_take)

        def test_leaves_the_pool_healthy(self, postgresql: str) -> None:
            with engine_of(postgresql, pool_size=1, max_overflow=0) as engine:
                with engine_of(postgresql) as other, other.connect() as administrator, pytest.raises(LockLost):
                    hold_until(SqlLocks(engine), lambda: administrator.execute(KILL))

                with engine.connect() as connection:
                    assert connection.execute(sa.select(1)).scalar() == 1

    class WhenTheServerEndsASessionThatWaits:
        def test_is_transient(self, postgresql: str) -> None:
            with engine_of(postgresql) as engine, ThreadPoolExecutor(1) as thread, SqlLocks(engine).hold("invoices"):
                waiting = thread.submit(hold_and_leave, SqlLocks(engine), "invoices", PATIENTLY)
                until(lambda: killed_while_waiting(engine), "the one that waits has been killed")

                with pytest.raises(TransientFailure) as failure:
                    waiting.result(PATIENCE)

            assert not isinstance(failure.value, LockNotAvailable)

    class WhenTheBlocksAreLeft:
        def test_leaves_no_session_behind(self, postgresql: str) -> None:
            with engine_of(postgresql) as engine:
                locks = SqlLocks(engine)
                with locks.hold("invoices"):
                    assert is_taken(locks, "invoices")
                with pytest.raises(ZeroDivisionError), locks.hold("invoices"):
                    _ = 1 / 0

                until(lambda: sessions_of_locks(engine) == 0, "all sessions have ended")

    class WhenTheServerLimitsStatements:
        def test_waits_as_long_as_it_is_told_all_the_same(self, postgresql: str) -> None:
            limits = {"options": "-c statement_timeout=10 -c lock_timeout=10"}
            limited = sa.make_url(postgresql).update_query_dict(limits).render_as_string(hide_password=False)

            with engine_of(limited) as engine, SqlLocks(engine).hold("invoices"), pytest.raises(LockNotAvailable) as no:
                hold_and_leave(SqlLocks(engine), "invoices", SHORTLY)

            assert no.value.waited >= 0.9 * SHORTLY.total_seconds()

    class WhenSomebodyElseReleasesItOnTheSession:
        def test_says_so_at_the_end_of_the_block(self, postgresql: str) -> None:
            with engine_of(postgresql) as engine:
                session = SqlLocks(engine)._open(LockRequest("invoices", NO_WAIT, "me"))
                session.acquire()

                released = [session.release(), session.release()]

                session.close()
            assert released == [True, False]


def sessions_of_locks(engine: Engine) -> int:
    """Count the sessions, in a new transaction each time: within one, the view stays as it was first seen."""
    with engine.connect() as connection:
        return int(connection.execute(SESSIONS).scalar_one())


def killed_while_waiting(engine: Engine) -> bool:
    """Kill the sessions that wait for a lock and return whether there were any."""
    with engine.connect() as connection:
        return bool(connection.execute(KILL_WAITING).all())


def hold_until(locks: SqlLocks, happens: Callable[[], object]) -> None:
    """Hold a lock, let something happen, and leave the block."""
    with locks.hold("invoices"):
        happens()


def request(owner: str = "me", timeout: timedelta = NO_WAIT) -> LockRequest:
    return LockRequest("invoices", timeout, owner)


class TestLockFile:
    class WhenTheFolderCannotBeMade:
        def test_says_which_file_it_needs(self, tmp_path: Path) -> None:
            (tmp_path / "file").touch()
            lock = LockFile(tmp_path / "file" / "locks", request())

            with pytest.raises(DatabaseMissing, match=r"'invoices' needs the file .*\.lock, which cannot be used"):
                lock.acquire()

    class WhenTheFileIsNoLock:
        def test_says_so(self, tmp_path: Path) -> None:
            lock = LockFile(tmp_path, request())
            name = f"{request().digest(16).hex()}.lock"
            (tmp_path / name).write_text("something else entirely" * 50)

            with pytest.raises(DatabaseMissing, match="file is not a database"):
                lock.acquire()

    class WhenTheOwnerCannotBeNoted:
        def test_holds_the_lock_all_the_same(self, tmp_path: Path) -> None:
            (tmp_path / f"{request().digest(16).hex()}.owner").mkdir()
            first, second = LockFile(tmp_path, request()), LockFile(tmp_path, request())

            assert first.acquire()
            assert (second.acquire(), second.holder()) == (False, None)
            assert first.is_held()
            assert first.release()

    class WhenTheFileIsReplacedWhileItIsAwaited:
        @pytest.mark.parametrize("take_away", [Path.unlink, lambda file: file.rename(file.with_suffix(".old"))])
        def test_takes_the_new_one(self, tmp_path: Path, take_away: Callable[[Path], object]) -> None:
            first, second, third = (LockFile(tmp_path, request(timeout=PATIENTLY)) for _ in range(3))
            first.acquire()
            [file] = tmp_path.glob("*.lock")

            with ThreadPoolExecutor(1) as thread:
                waiting = thread.submit(second.acquire)
                until(lambda: times_open(file) == 2, "the other one has opened the file")
                take_away(file)
                first.close()
                granted = waiting.result(PATIENCE)

            assert granted
            assert second.is_held()
            assert not LockFile(tmp_path, request()).acquire()
            second.close()
            assert third.acquire()
            third.close()

    class WhenItWasNotGranted:
        def test_releases_nothing(self, tmp_path: Path) -> None:
            lock = LockFile(tmp_path, request())

            assert not lock.release()


def times_open(file: Path) -> int:
    """Return how many times this process has a file open."""
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            found += str(descriptor.readlink()) == str(file)
        except OSError:
            continue
    return found
