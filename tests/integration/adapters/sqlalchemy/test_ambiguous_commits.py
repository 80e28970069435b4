"""Connections that break at COMMIT, on a real server, behind a way that can be cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("stamina")

from tests.support.cuttable import CuttableWay, Moment, url_through, way_to_database
from tests.support.databases import MSSQL, POSTGRESQL, fresh_database, opened, server_named_by

from corelib import App, Settings, UnitOfWork
from corelib.adapters.memory import MemoryLogger
from corelib.adapters.sqlalchemy import SqlStorage
from corelib.application.host import Host
from corelib.bootstrap import bootstrap
from corelib.errors import AmbiguousCommit
from kitlab.adapters.tables import schema
from kitlab.domain.catalogue import KitType


@pytest.fixture(params=[POSTGRESQL, MSSQL])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    with fresh_database(server_named_by(request.param)) as url:
        yield url


@pytest.fixture
def direct(database_url: str) -> Iterator[SqlStorage]:
    with opened(database_url, schema) as storage:
        storage.create()
        yield storage


@pytest.fixture
def way(database_url: str) -> Iterator[CuttableWay]:
    with way_to_database(database_url) as way:
        yield way


@pytest.fixture
def host(database_url: str, way: CuttableWay, direct: SqlStorage) -> Iterator[Host]:
    app = App("kitlab", schema="kitlab.adapters.tables:schema")
    settings = Settings(database_url=url_through(database_url, way))
    with bootstrap(app, settings, log=MemoryLogger()) as host:
        host.check()
        yield host


def adding(calls: list[int]) -> Callable[[UnitOfWork], int]:
    def add(uow: UnitOfWork) -> int:
        calls.append(len(calls) + 1)
        uow.repository(KitType, str).add(KitType("A", f"call {calls[-1]}", active=True))
        return calls[-1]

    return add


def names(storage: SqlStorage) -> list[str]:
    transaction = storage.begin()
    try:
        return [kit.name for kit in transaction.repository(KitType).list()]
    finally:
        transaction.rollback()


class TestRun:
    class WhenTheServerNeverGotTheCommit:
        def test_is_ambiguous_without_a_key(self, host: Host, way: CuttableWay, direct: SqlStorage) -> None:
            calls: list[int] = []
            way.cut_at(b"COMMIT", Moment.BEFORE)

            with pytest.raises(AmbiguousCommit):
                host.run(adding(calls))

            assert (calls, names(direct)) == ([1], [])

        def test_runs_again_with_a_key(self, host: Host, way: CuttableWay, direct: SqlStorage) -> None:
            way.cut_at(b"COMMIT", Moment.BEFORE)

            result = host.run(adding([]), idempotency_key="add A")

            assert (result, names(direct)) == (2, ["call 2"])

    class WhenTheAnswerToTheCommitWasLost:
        def test_is_ambiguous_without_a_key(self, host: Host, way: CuttableWay, direct: SqlStorage) -> None:
            calls: list[int] = []
            way.cut_at(b"COMMIT", Moment.ANSWERED)

            with pytest.raises(AmbiguousCommit):
                host.run(adding(calls))

            assert (calls, names(direct)) == ([1], ["call 1"])

        def test_returns_the_result_with_a_key(self, host: Host, way: CuttableWay, direct: SqlStorage) -> None:
            calls: list[int] = []
            way.cut_at(b"COMMIT", Moment.ANSWERED)

            result = host.run(adding(calls), idempotency_key="add A")

            assert (result, calls, names(direct)) == (1, [1], ["call 1"])

    class WhenTheServerIsGoneAsWell:
        def test_stays_ambiguous_with_a_key(self, host: Host, way: CuttableWay, direct: SqlStorage) -> None:
            def add_and_cut(uow: UnitOfWork) -> None:
                adding([])(uow)
                uow.flush()
                way.cut()

            with pytest.raises(AmbiguousCommit) as raised:
                host.run(add_and_cut, idempotency_key="add A")

            assert "could not be asked either" in raised.value.__notes__[0]
            assert names(direct) == []

    class WhenTheConnectionWasLostBefore:
        @pytest.mark.parametrize("moment", Moment)
        def test_leaves_the_pool_healthy(
            self, host: Host, way: CuttableWay, direct: SqlStorage, moment: Moment
        ) -> None:
            way.cut_at(b"COMMIT", moment)
            with pytest.raises(AmbiguousCommit):
                host.run(lambda uow: uow.repository(KitType, str).count())

            result = host.run(adding([]))

            assert (result, names(direct)) == (1, ["call 1"])

        def test_runs_a_statement_again(self, host: Host, way: CuttableWay, direct: SqlStorage) -> None:
            way.cut_at(b"INSERT", Moment.BEFORE)

            result = host.run(adding([]))

            assert (result, names(direct)) == (2, ["call 2"])
