from __future__ import annotations

import threading
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from sqlalchemy.engine import Connection, Engine

from corelib.adapters.sqlalchemy import create_engine
from corelib.errors import MisuseError
from corelib.testing.database.errors import WrongMode
from corelib.testing.plugin.marking import Reset
from corelib.testing.plugin.race import Race

who: ContextVar[str] = ContextVar("who")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'race.sqlite'}")
    yield engine
    engine.dispose()


@pytest.fixture
def race(engine: Engine) -> Race:
    return Race(engine, Reset.DELETE)


class Refused(BaseException):
    """As what pytest raises to end a test."""


class TestRace:
    def test_returns_what_each_thread_returned_in_order(self, race: Race) -> None:
        meeting = threading.Barrier(3)

        results = race(3, lambda connection: meeting.wait(5))

        assert sorted(map(str, results)) == ["0", "1", "2"]

    def test_gives_each_thread_a_connection_of_its_own(self, race: Race) -> None:
        results = race(3, lambda connection: id(connection.connection.driver_connection))

        assert len(set(results)) == 3

    def test_returns_the_error_that_a_thread_raised(self, race: Race) -> None:
        def fail(connection: Connection) -> None:
            raise ValueError("no")

        assert [str(error) for error in race(2, fail)] == ["no", "no"]

    def test_raises_what_ends_a_test(self, race: Race) -> None:
        def end(connection: Connection) -> None:
            raise Refused

        with pytest.raises(Refused):
            race(2, end)

    def test_gives_the_connections_back(self, race: Race, engine: Engine) -> None:
        race(2, lambda connection: connection.exec_driver_sql("SELECT 1").scalar_one())

        assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]

    def test_runs_in_the_context_of_the_caller(self, race: Race) -> None:
        who.set("the test")

        assert race(2, lambda connection: who.get()) == ["the test", "the test"]

    @pytest.mark.parametrize("threads", [0, 1, 21])
    def test_refuses_a_number_of_threads_that_is_no_race(self, race: Race, threads: int) -> None:
        with pytest.raises(MisuseError, match=f"started with {threads} threads"):
            race(threads, lambda connection: None)

    def test_refuses_where_all_have_one_connection(self, engine: Engine) -> None:
        with pytest.raises(WrongMode, match="all have one connection"):
            Race(engine, Reset.ROLLBACK)(2, lambda connection: None)

    def test_does_not_wait_for_ever(self, race: Race) -> None:
        let_go = threading.Event()

        with pytest.raises(MisuseError, match=r"Of 2 threads, 0, 1 had not ended after 0\.05 s"):
            race(2, lambda connection: let_go.wait(30), timeout=timedelta(seconds=0.05))

        let_go.set()

    def test_gives_back_what_it_got_if_one_connection_cannot_be_had(self, race: Race, engine: Engine) -> None:
        held = [engine.connect() for _ in range(19)]
        engine.pool._timeout = 0.01  # type: ignore[attr-defined]

        with pytest.raises(Exception, match="QueuePool limit"):
            race(2, lambda connection: None)

        assert engine.pool.checkedout() == len(held)  # type: ignore[attr-defined]
        for connection in held:
            connection.close()
