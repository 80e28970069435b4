"""A job that is all there is to commit: one statement, on a connection that may break."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from attrs import frozen
from sqlalchemy import event
from tests.support.cuttable import CuttableWay, Moment, url_through, way_to_database
from tests.support.databases import POSTGRESQL, fresh_database, opened, server_named_by

from corelib import App, Settings
from corelib.adapters.memory import MemoryLogger
from corelib.adapters.sqlalchemy import SqlSchema, SqlStorage
from corelib.application.host import Host
from corelib.application.jobs.description import job
from corelib.bootstrap import bootstrap
from corelib.domain.job import JobState
from corelib.errors import AmbiguousCommit, ServerUnreachable

schema = SqlSchema("alone", sa.MetaData(), [])
INSERT = b"INSERT INTO corelib_job"


@frozen
class Label:
    text: str


@job()
def send(label: Label) -> None: ...


@pytest.fixture
def database_url() -> Iterator[str]:
    with fresh_database(server_named_by(POSTGRESQL)) as url:
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
    app = App("alone", jobs=[send], schema=f"{__name__}:schema")
    with bootstrap(app, Settings(database_url=url_through(database_url, way)), log=MemoryLogger()) as host:
        host.check()
        yield host


def statements_of(host: Host) -> list[str]:
    """Note what is sent to the server from now on, the beginnings and ends of transactions included."""
    assert isinstance(host.storage, SqlStorage)
    seen: list[str] = []
    event.listen(host.storage.engine, "before_cursor_execute", lambda *args: seen.append(str(args[2]).split()[0]))
    event.listen(host.storage.engine, "commit", lambda *_: seen.append("COMMIT"))
    return seen


class TestEnqueuingAlone:
    def test_sends_one_statement(self, host: Host) -> None:
        seen = statements_of(host)

        job_id = host.enqueue(send, Label("x"))

        assert seen == ["INSERT"]
        assert host.jobs.find(job_id) is not None

    class WhenTheAnswerIsLost:
        def test_finds_that_the_job_is_stored(self, host: Host, way: CuttableWay, direct: SqlStorage) -> None:
            way.cut_at(INSERT, Moment.ANSWERED)

            job_id = host.enqueue(send, Label("x"))

            assert [stored.id for stored in direct.jobs.list(state=JobState.PENDING)] == [job_id]

    class WhenTheServerNeverGotIt:
        def test_stores_the_job_by_another_connection(self, host: Host, way: CuttableWay, direct: SqlStorage) -> None:
            way.cut_at(INSERT, Moment.BEFORE)

            job_id = host.enqueue(send, Label("x"))

            assert [stored.id for stored in direct.jobs.list(state=JobState.PENDING)] == [job_id]

    class WhenTheServerCannotBeReachedAnyMoreToAskIt:
        def test_is_ambiguous(self, host: Host, way: CuttableWay) -> None:
            way.cut_at(INSERT, Moment.BEFORE, for_good=True)

            with pytest.raises(AmbiguousCommit):
                host.enqueue(send, Label("x"))

    class WhenTheServerCannotBeReachedBefore:
        def test_says_so_and_stores_nothing(self, host: Host, way: CuttableWay, direct: SqlStorage) -> None:
            way.cut()

            with pytest.raises(ServerUnreachable):
                host.enqueue(send, Label("x"))

            assert direct.jobs.list() == []

    class WhenSomethingElseIsWrittenToo:
        def test_is_one_transaction_with_it(self, host: Host, direct: SqlStorage) -> None:
            seen = statements_of(host)
            with host.unit_of_work() as uow:
                uow.jobs.enqueue(send, Label("x"))
                uow.jobs.enqueue(send, Label("y"), priority=3)
                uow.commit()

            assert seen[-1] == "COMMIT"
            assert direct.jobs.count()[JobState.PENDING] == 2

        def test_leaves_nothing_when_it_is_rolled_back(self, host: Host, direct: SqlStorage) -> None:
            with host.unit_of_work() as uow:
                uow.jobs.enqueue(send, Label("x"))
                uow.flush()
                uow.rollback()

            assert direct.jobs.list() == []
