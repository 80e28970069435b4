from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from datetime import timedelta

import pytest
from attrs import define, frozen
from tests.unit.fakes import BrokenTransport, Workshop, workshop

from corelib.application.context import use_context
from corelib.application.jobs.description import job
from corelib.application.unit_of_work import TransactionalUnitOfWork
from corelib.domain.aggregate import Aggregate
from corelib.domain.context import Context
from corelib.domain.job import JobRef, JobState
from corelib.errors import (
    AlreadyExists,
    AmbiguousCommit,
    MisuseError,
    UnboundHandler,
    UnitOfWorkClosed,
    ValidationFailed,
)
from corelib.ports.storage import Storage, Terms, Transaction
from corelib.ports.unit_of_work import UnitOfWork


@frozen
class Renamed:
    kit_id: str
    name: str


@frozen
class Counted:
    names: int


@define(eq=False)
class Kit(Aggregate):
    id: str
    name: str = "old"

    def rename(self, name: str) -> None:
        self.name = name
        self.record(Renamed(self.id, name))


@define(eq=False)
class Tally(Aggregate):
    id: str
    names: int = 0

    def count(self) -> None:
        self.names += 1
        self.record(Counted(self.names))


@frozen
class Label:
    text: object


@job(queue="print", attempts=3, timeout=timedelta(seconds=7))
def print_label(label: Label) -> None: ...


@job()
def print_elsewhere(label: Label) -> None: ...


def no_job(label: Label) -> None: ...


def tally(event: Renamed, uow: UnitOfWork) -> None:
    tallies = uow.repository(Tally, str)
    found = tallies.find("T")
    if found is None:
        found = Tally("T")
        tallies.add(found)
    found.count()


def label_renamed(event: Renamed, uow: UnitOfWork) -> None:
    uow.jobs.enqueue(print_label, Label(event.name))


def tally_twice_in_vain(event: Renamed, uow: UnitOfWork) -> None:
    with suppress(ZeroDivisionError), uow.savepoint():
        tally(event, uow)
        raise ZeroDivisionError


def fail_on_renamed(event: Renamed) -> None:
    raise ZeroDivisionError


def names_in(shop: Workshop) -> dict[str, str]:
    with shop.unit_of_work() as uow:
        return {kit.id: kit.name for kit in uow.repository(Kit, str).stream()}


def add_and_crash(shop: Workshop) -> None:
    with shop.unit_of_work() as uow:
        uow.repository(Kit, str).add(Kit("K-1"))
        raise ZeroDivisionError


class NotedTransaction:
    """Notes how a transaction is ended."""

    def __init__(self, sound: Transaction, ends: list[str]) -> None:
        self._sound = sound
        self._ends = ends

    def __getattr__(self, name: str) -> object:
        return getattr(self._sound, name)

    def commit(self) -> None:
        self._ends.append("commit")
        self._sound.commit()

    def rollback(self) -> None:
        self._ends.append("rollback")
        self._sound.rollback()


class NotedStorage:
    """Hands out such transactions."""

    def __init__(self, sound: Storage, ends: list[str]) -> None:
        self._sound = sound
        self._ends = ends

    def begin(self, terms: Terms) -> NotedTransaction:
        return NotedTransaction(self._sound.begin(terms), self._ends)


class UnansweredTransaction(NotedTransaction):
    """Loses the answer to COMMIT."""

    def commit(self) -> None:
        raise AmbiguousCommit("The connection was lost.")


class UnansweredStorage(NotedStorage):
    """Hands out such transactions."""

    def __init__(self, sound: Storage) -> None:
        super().__init__(sound, [])

    def begin(self, terms: Terms) -> UnansweredTransaction:
        return UnansweredTransaction(self._sound.begin(terms), self._ends)


OPERATIONS: list[Callable[[TransactionalUnitOfWork], object]] = [
    lambda uow: uow.repository(Kit, str),
    lambda uow: uow.jobs.enqueue(print_label, Label("x")),
    lambda uow: uow.flush(),
    lambda uow: uow.commit(),
    lambda uow: uow.after_commit(print),
    lambda uow: uow.after_rollback(print),
    lambda uow: uow.remember("a key"),
    lambda uow: uow.savepoint().__enter__(),
]


class TestTransactionalUnitOfWork:
    class WhenItCommits:
        def test_stores_what_was_added_and_changed(self) -> None:
            shop = workshop()
            with shop.unit_of_work() as uow:
                uow.repository(Kit, str).add(Kit("K-1"))
                uow.commit()

            with shop.unit_of_work() as uow:
                uow.repository(Kit, str).get("K-1").name = "new"
                uow.repository(Kit, str).add(Kit("K-2"))
                uow.commit()

            assert names_in(shop) == {"K-1": "new", "K-2": "old"}

        def test_stores_the_events_with_their_context_and_time(self) -> None:
            shop = workshop()
            shop.clock.advance(timedelta(hours=3))

            with use_context(Context("c-1")), shop.unit_of_work() as uow:
                kit = Kit("K-1")
                uow.repository(Kit, str).add(kit)
                kit.rename("new")
                uow.commit()

            (event,) = shop.storage.events()
            assert (event.name, event.payload) == ("Renamed", '{"kit_id": "K-1", "name": "new"}')
            assert (event.context, event.recorded_at) == (Context("c-1"), shop.clock.now())

        def test_ends_the_transaction_once(self) -> None:
            ends: list[str] = []

            with workshop(storage=lambda memory: NotedStorage(memory, ends)).unit_of_work() as uow:
                uow.commit()

            assert ends == ["commit"]

        def test_takes_each_event_once(self) -> None:
            shop = workshop()
            kit = Kit("K-1")

            with shop.unit_of_work() as uow:
                uow.repository(Kit, str).add(kit)
                kit.rename("new")
                uow.commit()

            assert kit.take_events() == ()

        def test_calls_the_hooks_in_their_order(self) -> None:
            shop = workshop()
            called: list[object] = []

            with shop.unit_of_work() as uow:
                uow.repository(Kit, str).add(Kit("K-1"))
                uow.after_commit(lambda: called.append(names_in(shop)))
                uow.after_commit(lambda: called.append("second"))
                assert called == []
                uow.commit()

            assert called == [{"K-1": "old"}, "second"]

        class WhenAHookFails:
            def test_logs_it_and_calls_the_others(self) -> None:
                shop = workshop()
                called: list[str] = []

                with shop.unit_of_work() as uow:
                    uow.repository(Kit, str).add(Kit("K-1"))
                    uow.after_commit(lambda: 1 / 0)
                    uow.after_commit(lambda: called.append("second"))
                    uow.commit()

                assert called == ["second"]
                assert shop.events_logged() == [("error", "after-commit hook failed")]
                assert isinstance(shop.log.lines[0].error, ZeroDivisionError)
                assert names_in(shop) == {"K-1": "old"}

    class WhenItIsLeftWithoutACommit:
        def test_stores_nothing(self) -> None:
            shop = workshop(jobs=[print_label])
            hooked: list[str] = []

            with shop.unit_of_work() as uow:
                kit = Kit("K-1")
                uow.repository(Kit, str).add(kit)
                kit.rename("new")
                uow.jobs.enqueue(print_label, Label("x"))
                uow.after_commit(lambda: hooked.append("called"))
                uow.flush()

            assert names_in(shop) == {}
            assert list(shop.storage.events()) == []
            assert list(shop.storage.jobs.list()) == []
            assert shop.announced() == []
            assert hooked == []

        def test_ends_the_transaction(self) -> None:
            ends: list[str] = []

            with workshop(storage=lambda memory: NotedStorage(memory, ends)).unit_of_work() as uow:
                uow.flush()

            assert ends == ["rollback"]

    class WhenItsBlockFails:
        def test_stores_nothing_and_passes_the_error_on(self) -> None:
            shop = workshop()

            with pytest.raises(ZeroDivisionError):
                add_and_crash(shop)

            assert names_in(shop) == {}

    class WhenItIsRolledBack:
        def test_stores_nothing_however_often_that_is_said(self) -> None:
            shop = workshop()

            with shop.unit_of_work() as uow:
                uow.repository(Kit, str).add(Kit("K-1"))
                uow.rollback()
                uow.rollback()

            assert names_in(shop) == {}

        def test_cannot_be_committed_any_more(self) -> None:
            with workshop().unit_of_work() as uow:
                uow.rollback()

                with pytest.raises(UnitOfWorkClosed, match="it has ended"):
                    uow.commit()

    class WhenTheStoreRefusesTheCommit:
        def test_stores_nothing_of_it(self) -> None:
            shop = workshop(jobs=[print_label])
            hooked: list[str] = []
            with shop.unit_of_work() as uow:
                uow.repository(Kit, str).add(Kit("K-1"))
                uow.commit()

            with shop.unit_of_work() as uow:
                uow.repository(Kit, str).add(Kit("K-0"))
                uow.repository(Kit, str).add(Kit("K-1", "other"))
                uow.jobs.enqueue(print_label, Label("x"))
                uow.after_commit(lambda: hooked.append("called"))
                with pytest.raises(AlreadyExists):
                    uow.commit()

            assert names_in(shop) == {"K-1": "old"}
            assert list(shop.storage.jobs.list()) == []
            assert shop.announced() == []
            assert hooked == []

        def test_has_ended(self) -> None:
            shop = workshop()
            with shop.unit_of_work() as uow:
                uow.repository(Kit, str).add(Kit("K-1"))
                uow.commit()

            with shop.unit_of_work() as uow:
                uow.repository(Kit, str).add(Kit("K-1"))
                with pytest.raises(AlreadyExists):
                    uow.commit()

                with pytest.raises(UnitOfWorkClosed, match="it has ended"):
                    uow.repository(Kit, str)

    class WhenTheStoreRefusesAFlush:
        def test_has_ended_and_stores_nothing(self) -> None:
            shop = workshop()
            with shop.unit_of_work() as uow:
                uow.repository(Kit, str).add(Kit("K-1"))
                uow.commit()

            with shop.unit_of_work() as uow:
                uow.repository(Kit, str).add(Kit("K-0"))
                uow.repository(Kit, str).add(Kit("K-1"))
                with pytest.raises(AlreadyExists):
                    uow.flush()

                with pytest.raises(UnitOfWorkClosed, match="it has ended"):
                    uow.commit()

            assert names_in(shop) == {"K-1": "old"}

    class WhenEventsAreHandled:
        def test_stores_what_the_handlers_do_with_the_change(self) -> None:
            shop = workshop(jobs=[print_label], events=[label_renamed])

            with shop.unit_of_work() as uow:
                kit = Kit("K-1")
                uow.repository(Kit, str).add(kit)
                kit.rename("new")
                uow.commit()

            (stored,) = shop.storage.jobs.list()
            assert stored.payload == '{"text": "new"}'

        def test_takes_the_events_that_the_handlers_cause_as_well(self) -> None:
            shop = workshop(events=[tally])

            with shop.unit_of_work() as uow:
                kit = Kit("K-1")
                uow.repository(Kit, str).add(kit)
                kit.rename("a")
                kit.rename("b")
                uow.commit()

            assert [event.name for event in shop.storage.events()] == ["Renamed", "Renamed", "Counted", "Counted"]

        class WhenAHandlerFails:
            def test_rolls_back_everything(self) -> None:
                shop = workshop(jobs=[print_label], events=[label_renamed, fail_on_renamed])

                with shop.unit_of_work() as uow:
                    kit = Kit("K-1")
                    uow.repository(Kit, str).add(kit)
                    kit.rename("new")
                    with pytest.raises(ZeroDivisionError):
                        uow.commit()

                assert names_in(shop) == {}
                assert list(shop.storage.events()) == []
                assert list(shop.storage.jobs.list()) == []

            def test_cannot_be_committed_without_its_events(self) -> None:
                shop = workshop(events=[fail_on_renamed])

                with shop.unit_of_work() as uow:
                    kit = Kit("K-1")
                    uow.repository(Kit, str).add(kit)
                    kit.rename("new")
                    with pytest.raises(ZeroDivisionError):
                        uow.commit()

                    with pytest.raises(UnitOfWorkClosed, match="it has ended"):
                        uow.commit()

    class WhenItIsNotOpen:
        @pytest.mark.parametrize("operation", OPERATIONS)
        def test_refuses_every_use_before_it_began(self, operation: Callable[..., object]) -> None:
            uow = workshop(jobs=[print_label]).unit_of_work()

            with pytest.raises(UnitOfWorkClosed, match="it has not begun: use it in a with block"):
                operation(uow)

        @pytest.mark.parametrize("operation", OPERATIONS)
        def test_refuses_every_use_after_the_commit(self, operation: Callable[..., object]) -> None:
            with workshop(jobs=[print_label]).unit_of_work() as uow:
                uow.commit()

                with pytest.raises(UnitOfWorkClosed, match="it is committed already"):
                    operation(uow)

        @pytest.mark.parametrize("operation", OPERATIONS)
        def test_refuses_every_use_after_its_block(self, operation: Callable[..., object]) -> None:
            with workshop(jobs=[print_label]).unit_of_work() as uow:
                pass

            with pytest.raises(UnitOfWorkClosed, match="it has ended"):
                operation(uow)

    class WhenTheCommitIsAmbiguous:
        def test_calls_no_hook(self) -> None:
            called: list[str] = []

            with workshop(storage=UnansweredStorage).unit_of_work() as uow:
                uow.after_commit(lambda: called.append("committed"))
                uow.after_rollback(lambda: called.append("rolled back"))
                with pytest.raises(AmbiguousCommit):
                    uow.commit()

            assert called == []

    class WhenASavepointFails:
        def test_has_ended_if_what_came_before_cannot_be_written(self) -> None:
            shop = workshop()
            with shop.unit_of_work() as uow:
                uow.repository(Kit, str).add(Kit("K-1"))
                uow.commit()

            with shop.unit_of_work() as uow:
                uow.repository(Kit, str).add(Kit("K-1"))
                with pytest.raises(AlreadyExists), uow.savepoint():
                    pass

                with pytest.raises(UnitOfWorkClosed, match="it has ended"):
                    uow.commit()

    class WhenAnEventHandlerUsesASavepoint:
        def test_undoes_what_its_block_did(self) -> None:
            shop = workshop(events=[tally_twice_in_vain])

            with shop.unit_of_work() as uow:
                kit = Kit("K-1")
                uow.repository(Kit, str).add(kit)
                kit.rename("new")
                uow.commit()

            with shop.unit_of_work() as uow:
                assert uow.repository(Tally, str).find("T") is None
            assert [event.name for event in shop.storage.events()] == ["Renamed"]

    class WhenItsBlockIsLeftInAnotherContext:
        def test_ends_all_the_same(self) -> None:
            uow = workshop().unit_of_work()
            copy_context().run(uow.__enter__)

            uow.__exit__(None, None, None)

            assert not uow.is_open

    class WhenItIsBegunTwice:
        def test_refuses_to_be_nested(self) -> None:
            with workshop().unit_of_work() as uow, pytest.raises(MisuseError, match="a second time"):
                uow.__enter__()

        def test_refuses_to_be_used_again(self) -> None:
            with workshop().unit_of_work() as uow:
                uow.commit()

            with pytest.raises(MisuseError, match="a second time"):
                uow.__enter__()

    class TestEnqueue:
        def test_stores_the_job_as_its_description_says(self) -> None:
            shop = workshop(jobs=[print_label])

            with use_context(Context("c-1", principal="ada")):
                job_id = shop.enqueue(print_label, Label("x"))

            stored = shop.storage.jobs.find(job_id)
            assert (stored.name, stored.queue, stored.payload) == ("print_label", "print", '{"text": "x"}')
            assert (stored.max_attempts, stored.timeout) == (3, timedelta(seconds=7))
            assert stored.context == Context("c-1", principal="ada")
            assert (stored.state, stored.attempts, stored.due_at) == (JobState.PENDING, 0, shop.clock.now())

        def test_wakes_the_workers_after_the_commit(self) -> None:
            shop = workshop(jobs=[print_label])

            with shop.unit_of_work() as uow:
                job_id = uow.jobs.enqueue(print_label, Label("x"))
                uow.flush()
                announced_before = shop.announced()
                uow.commit()

            assert announced_before == []
            assert shop.announced() == [JobRef(job_id, "print")]

        class WhenThereIsNoContext:
            def test_gives_the_job_a_new_one(self) -> None:
                shop = workshop(jobs=[print_label])

                jobs = [shop.enqueue(print_label, Label("x")), shop.enqueue(print_label, Label("x"))]

                contexts = {shop.storage.jobs.find(job_id).context.correlation_id for job_id in jobs}
                assert len(contexts) == 2

        class WhenItIsToWait:
            def test_is_due_later_and_wakes_nobody(self) -> None:
                shop = workshop(jobs=[print_label])

                job_id = shop.enqueue(print_label, Label("x"), delay=timedelta(hours=1))

                assert shop.storage.jobs.find(job_id).due_at == shop.clock.now() + timedelta(hours=1)
                assert shop.announced() == []

        class WhenTheBrokerIsDown:
            def test_stores_the_job_and_warns(self) -> None:
                shop = workshop(jobs=[print_label], transport=BrokenTransport())

                job_id = shop.enqueue(print_label, Label("x"))

                assert shop.storage.jobs.find(job_id).state is JobState.PENDING
                assert shop.events_logged() == [("warning", "jobs not announced")]

        class WhenItCannotBeRun:
            def test_refuses_a_function_that_is_no_job(self) -> None:
                with workshop().unit_of_work() as uow, pytest.raises(MisuseError, match="no_job is not a job"):
                    uow.jobs.enqueue(no_job, Label("x"))

            def test_refuses_a_job_that_the_host_does_not_know(self) -> None:
                with (
                    workshop(jobs=[print_label]).unit_of_work() as uow,
                    pytest.raises(UnboundHandler, match="'print_elsewhere' is not registered"),
                ):
                    uow.jobs.enqueue(print_elsewhere, Label("x"))

            def test_refuses_a_delay_that_lies_in_the_past(self) -> None:
                with (
                    workshop(jobs=[print_label]).unit_of_work() as uow,
                    pytest.raises(MisuseError, match="negative delay"),
                ):
                    uow.jobs.enqueue(print_label, Label("x"), delay=timedelta(microseconds=-1))

            def test_refuses_a_payload_of_another_class(self) -> None:
                with (
                    workshop(jobs=[print_label]).unit_of_work() as uow,
                    pytest.raises(MisuseError, match="print_label takes a Label, not a Kit"),
                ):
                    uow.jobs.enqueue(print_label, Kit("K-1"))

            def test_refuses_a_payload_that_cannot_be_written(self) -> None:
                with workshop(jobs=[print_label]).unit_of_work() as uow, pytest.raises(ValidationFailed):
                    uow.jobs.enqueue(print_label, Label(object()))


class TestHandlerUnitOfWork:
    def test_stores_everything_when_it_is_completed(self) -> None:
        shop = workshop()

        with shop.handler_unit_of_work() as uow:
            uow.repository(Kit, str).add(Kit("K-1"))
            uow.complete()

        assert names_in(shop) == {"K-1": "old"}

    def test_refuses_to_be_committed_by_the_handler(self) -> None:
        shop = workshop()

        with shop.handler_unit_of_work() as uow:
            uow.repository(Kit, str).add(Kit("K-1"))
            with pytest.raises(MisuseError, match="A handler does not commit its unit of work"):
                uow.commit()

        assert names_in(shop) == {}
