from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from tests.unit.adapters.sqlalchemy.sample import Ware, committed, loaded, new_job, opened, sent_by, stored
from tests.unit.fakes import JsonCodec

from corelib.adapters.memory import ManualClock, MemoryLogger, MemoryStorage, MemoryTransport
from corelib.adapters.sqlalchemy import SqlStorage, connection_of
from corelib.adapters.sqlalchemy.transaction import SqlTransaction
from corelib.application.events import EventHandlers
from corelib.application.jobs.announcer import Announcer
from corelib.application.jobs.registry import JobRegistry
from corelib.application.unit_of_work import Surroundings, TransactionalUnitOfWork
from corelib.domain.context import Context
from corelib.domain.event import RecordedEvent
from corelib.domain.identifiers import new_id
from corelib.domain.job import JobState
from corelib.errors import (
    AlreadyExists,
    AmbiguousCommit,
    LeaseLost,
    MisuseError,
    PersistentFailure,
    SchemaMissing,
    TransientFailure,
    UnitOfWorkClosed,
)
from corelib.ports.storage import Storage


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqlStorage]:
    with opened(tmp_path) as opened_storage:
        yield opened_storage


def unit_of_work(storage: Storage) -> TransactionalUnitOfWork:
    log, transport = MemoryLogger(), MemoryTransport()
    around = Surroundings(
        storage=storage,
        codec=JsonCodec(),
        jobs=JobRegistry(),
        events=EventHandlers(),
        announcer=Announcer(transport, log),
        clock=ManualClock(),
        log=log,
    )
    return TransactionalUnitOfWork(around)


def event(number: int) -> RecordedEvent:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    return RecordedEvent(new_id(), "Charged", f'{{"n": {number}}}', Context("c-1"), at)


def checked_out(storage: SqlStorage) -> int:
    return int(storage.engine.pool.checkedout())  # type: ignore[attr-defined]


USES: dict[str, Callable[[SqlTransaction], object]] = {
    "repository": lambda transaction: transaction.repository(Ware),
    "connection": lambda transaction: transaction.connection,
    "add_jobs": lambda transaction: transaction.add_jobs([new_job()]),
    "add_events": lambda transaction: transaction.add_events([event(1)]),
    "complete_job": lambda transaction: transaction.complete_job(uuid4(), uuid4()),
    "remember": lambda transaction: transaction.remember("key"),
    "savepoint": lambda transaction: transaction.savepoint(),
    "flush": lambda transaction: transaction.flush(),
    "commit": lambda transaction: transaction.commit(),
}


class TestSqlTransaction:
    class WhenItWasNotCommitted:
        def test_stores_nothing(self, storage: SqlStorage) -> None:
            transaction = storage.begin()
            transaction.repository(Ware).add(Ware("W-1"))
            transaction.flush()

            transaction.rollback()

            assert loaded(storage, Ware, "W-1") is None

    class WhenItHasEnded:
        def test_has_given_its_connection_back(self, storage: SqlStorage) -> None:
            with committed(storage) as transaction:
                transaction.repository(Ware).find("W-1")
                during = checked_out(storage)

            assert (during, checked_out(storage)) == (1, 0)

        def test_has_done_so_after_a_failure_too(self, storage: SqlStorage) -> None:
            stored(storage, Ware("W-1"))
            transaction = storage.begin()
            transaction.repository(Ware).add(Ware("W-1"))

            with pytest.raises(AlreadyExists):
                transaction.commit()

            assert checked_out(storage) == 0

        def test_can_be_rolled_back_again(self, storage: SqlStorage) -> None:
            transaction = storage.begin()
            transaction.repository(Ware).find("W-1")

            transaction.rollback()
            transaction.rollback()

            assert checked_out(storage) == 0

    class WhenTheConnectionIsLost:
        def test_is_transient_in_a_statement(self, storage: SqlStorage) -> None:
            transaction = storage.begin()
            transaction.connection.connection.dbapi_connection.close()  # type: ignore[union-attr]

            with pytest.raises(TransientFailure, match="connection to the database was lost"):
                transaction.repository(Ware).find("W-1")
            transaction.rollback()

            assert checked_out(storage) == 0

        def test_is_ambiguous_during_commit(self, storage: SqlStorage) -> None:
            transaction = storage.begin()
            transaction.repository(Ware).find("W-1")
            transaction.connection.connection.dbapi_connection.close()  # type: ignore[union-attr]

            with pytest.raises(AmbiguousCommit):
                transaction.commit()

            assert checked_out(storage) == 0

        def test_rolls_back_quietly(self, storage: SqlStorage) -> None:
            transaction = storage.begin()
            transaction.repository(Ware).find("W-1")
            transaction.connection.connection.dbapi_connection.close()  # type: ignore[union-attr]

            transaction.rollback()

            assert checked_out(storage) == 0

    class WhenAStatementWasRefused:
        @pytest.mark.parametrize("use", USES.values(), ids=USES)
        def test_refuses_every_use_and_tells_the_first_error(
            self, storage: SqlStorage, use: Callable[[SqlTransaction], object]
        ) -> None:
            stored(storage, Ware("W-1"), Ware("W-2"))
            transaction = storage.begin()
            transaction.repository(Ware).get("W-2")
            transaction.repository(Ware).add(Ware("W-1"))
            with pytest.raises(AlreadyExists) as first:
                transaction.flush()

            with pytest.raises(UnitOfWorkClosed, match=r"has failed before: AlreadyExists: .*only be rolled") as closed:
                use(transaction)

            assert closed.value.__cause__ is first.value
            transaction.rollback()
            assert checked_out(storage) == 0

        def test_refuses_what_a_collection_in_hand_is_asked_for(self, storage: SqlStorage) -> None:
            stored(storage, Ware("W-1"), Ware("W-2"))
            transaction = storage.begin()
            wares = transaction.repository(Ware)
            wares.get("W-2")
            wares.add(Ware("W-1"))
            with pytest.raises(AlreadyExists):
                wares.count()

            with pytest.raises(UnitOfWorkClosed):
                wares.find("W-2")
            transaction.rollback()

        def test_can_be_used_again_after_a_rollback_to_a_savepoint(self, storage: SqlStorage) -> None:
            stored(storage, Ware("W-1"))
            transaction = storage.begin()
            savepoint = transaction.savepoint()
            transaction.repository(Ware).add(Ware("W-1"))
            with pytest.raises(AlreadyExists):
                transaction.flush()

            savepoint.rollback()

            transaction.repository(Ware).add(Ware("W-2"))
            transaction.commit()
            assert loaded(storage, Ware, "W-2") is not None

    class WhenAStatementOfTheHostWasRefused:
        def test_goes_on_after_a_savepoint(self, storage: SqlStorage) -> None:
            with unit_of_work(storage) as uow:
                with pytest.raises(sa.exc.OperationalError), uow.savepoint():
                    connection_of(uow).exec_driver_sql("SELECT nothing FROM nowhere")
                uow.repository(Ware, str).add(Ware("W-1"))
                uow.commit()

            assert loaded(storage, Ware, "W-1") is not None

    class WhenTablesAreMissing:
        def test_says_to_create_them(self, storage: SqlStorage) -> None:
            with storage.engine.begin() as connection:
                connection.execute(sa.text("DROP TABLE shop_basket_line"))
                connection.execute(sa.text("DROP TABLE shop_ware"))
            transaction = storage.begin()

            with pytest.raises(SchemaMissing, match=r"no such table: shop_ware.*Create the tables first"):
                transaction.repository(Ware).find("W-1")
            transaction.rollback()

    class WhenItCompletesAJob:
        def test_marks_it_as_succeeded_together_with_the_rest(self, storage: SqlStorage) -> None:
            job = new_job()
            with committed(storage) as transaction:
                transaction.add_jobs([job])
            claim = storage.jobs.claim(job.id)
            assert claim is not None

            with committed(storage) as transaction:
                transaction.complete_job(job.id, claim.token)
                transaction.repository(Ware).add(Ware("W-1"))

            found = storage.jobs.find(job.id)
            assert found is not None
            assert found.state is JobState.SUCCEEDED
            assert loaded(storage, Ware, "W-1") is not None

        def test_refuses_without_the_claim(self, storage: SqlStorage) -> None:
            job = new_job()
            with committed(storage) as transaction:
                transaction.add_jobs([job])
            storage.jobs.claim(job.id)

            with committed(storage) as transaction, pytest.raises(LeaseLost, match=f"{job.id} is not held by this run"):
                transaction.complete_job(job.id, uuid4())

    class WhenThereIsNothingToAdd:
        def test_takes_no_connection(self, storage: SqlStorage) -> None:
            with sent_by(storage.engine) as sent, committed(storage) as transaction:
                transaction.add_jobs([])
                transaction.add_events([])

                assert checked_out(storage) == 0
            assert sent == []

    class WhenAJobIsAddedTwice:
        def test_stores_nothing(self, storage: SqlStorage) -> None:
            job = new_job()
            transaction = storage.begin()

            with pytest.raises(AlreadyExists):
                transaction.add_jobs([job, job])
            transaction.rollback()

            assert storage.jobs.find(job.id) is None


class TestEvents:
    def test_come_back_as_they_were_added_oldest_first(self, storage: SqlStorage) -> None:
        events = [event(3), event(1), event(2)]

        with committed(storage) as transaction:
            transaction.add_events(events)

        assert list(storage.events()) == [events[1], events[2], events[0]]

    def test_let_go_of_the_connection_when_nobody_reads_on(self, storage: SqlStorage) -> None:
        with committed(storage) as transaction:
            transaction.add_events([event(1), event(2)])

        reading = storage.events()
        next(iter(reading))
        reading.close()  # type: ignore[attr-defined]

        assert checked_out(storage) == 0


class TestConnectionOf:
    def test_gives_the_connection_of_the_transaction(self, storage: SqlStorage) -> None:
        with unit_of_work(storage) as uow:
            uow.repository(Ware, str).add(Ware("W-1"))
            connection_of(uow).execute(
                sa.text("INSERT INTO shop_ware (id, name, version) VALUES ('W-2', 'by hand', 1)")
            )
            uow.commit()

        assert loaded(storage, Ware, "W-1") is not None
        assert loaded(storage, Ware, "W-2") is not None

    def test_is_rolled_back_with_the_unit_of_work(self, storage: SqlStorage) -> None:
        with unit_of_work(storage) as uow:
            connection_of(uow).execute(
                sa.text("INSERT INTO shop_ware (id, name, version) VALUES ('W-2', 'by hand', 1)")
            )

        assert loaded(storage, Ware, "W-2") is None

    class WhenTheAdapterIsAnother:
        def test_says_that_there_is_none(self) -> None:
            with unit_of_work(MemoryStorage(ManualClock())) as uow, pytest.raises(MisuseError, match="another adapter"):
                connection_of(uow)

    class WhenItIsNoUnitOfWorkOfCorelib:
        def test_says_that_there_is_none(self) -> None:
            with pytest.raises(MisuseError, match="has no SQLAlchemy connection"):
                connection_of(object())  # type: ignore[arg-type]


class TestPersistentFailure:
    def test_chains_the_error_of_the_driver(self, storage: SqlStorage) -> None:
        stored(storage, Ware("W-1"))

        with pytest.raises(PersistentFailure) as caught:
            stored(storage, Ware("W-1"))

        assert isinstance(caught.value.__cause__, sa.exc.IntegrityError)
