from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import pytest
from attrs import define, frozen
from tests.unit.fakes import BrokenTransport, JsonCodec, Workshop, workshop

from corelib.adapters.memory import InlineWorker, ManualClock, MemoryLocks, MemoryObjectStorage, MemoryStorage
from corelib.application.binding import bind
from corelib.application.bus import CommandBus
from corelib.application.context import current_context
from corelib.application.host import Host
from corelib.application.jobs.announcer import Announcer
from corelib.application.jobs.description import job
from corelib.application.jobs.housekeeping import Housekeeping
from corelib.application.jobs.payloads import Payloads
from corelib.application.jobs.relay import Relay
from corelib.application.jobs.scheduler import Scheduler
from corelib.application.jobs.schedules import Schedules
from corelib.domain.aggregate import Aggregate
from corelib.domain.context import Context
from corelib.domain.job import JobState
from corelib.domain.message import Command
from corelib.errors import AlreadyExists, MisuseError, SchemaMissing, ServerUnreachable
from corelib.ports.storage import Isolation, Terms, Transaction
from corelib.ports.transport import JobTransport
from corelib.ports.unit_of_work import UnitOfWork


@define(eq=False)
class Kit(Aggregate):
    id: str


@frozen
class AddKit(Command[str]):
    id: str


@frozen
class Label:
    text: str


@job()
def print_label(label: Label, uow: UnitOfWork) -> None:
    uow.repository(Kit, str).add(Kit(label.text))


@job()
def print_two_labels(label: Label, uow: UnitOfWork) -> None:
    uow.jobs.enqueue(print_label, Label(f"{label.text}1"))
    uow.jobs.enqueue(print_label, Label(f"{label.text}2"))


def add_kit(command: AddKit, uow: UnitOfWork) -> str:
    uow.repository(Kit, str).add(Kit(command.id))
    context = current_context()
    return f"{command.id} in {context.correlation_id if context else 'none'}"


def no_cron(expression: str) -> NoReturn:
    raise AssertionError(f"nothing here has the cron expression {expression}")


def host_of(
    shop: Workshop, *, transport: JobTransport | None = None, closing: list[Callable[[], None]] | None = None
) -> Host:
    bus = CommandBus(
        [bind(add_kit, {}, (UnitOfWork,))],
        unit_of_work=shop.handler_unit_of_work,
        units=shop.units,
        codec=JsonCodec(),
        log=shop.log,
    )
    relay = Relay(shop.storage.jobs, shop.transport, shop.log)
    announcer, schedules = Announcer(shop.transport, shop.log), shop.storage.schedules
    return Host(
        surroundings=shop.around,
        locks=MemoryLocks(),
        transport=transport or shop.transport,
        runner=shop.runner,
        bus=bus,
        units=shop.units,
        schedules=Schedules(schedules, shop.around.jobs, JsonCodec(), no_cron, announcer, owner="shop"),
        scheduler=Scheduler(schedules, shop.around.jobs, no_cron, announcer, shop.log),
        make_worker=lambda: InlineWorker(shop.transport, shop.runner, relay),
        declare=lambda: None,
        housekeeping=Housekeeping(shop.storage.jobs, [], MemoryLocks(), shop.log),
        closing=closing or [],
    )


SECOND = timedelta(seconds=1)


class NotingStorage:
    """Notes the terms of each transaction."""

    def __init__(self, sound: MemoryStorage, begun: list[Terms]) -> None:
        self._sound = sound
        self._begun = begun

    def begin(self, terms: Terms) -> Transaction:
        self._begun.append(terms)
        return self._sound.begin(terms)


class UncreatedStorage:
    """A store without tables."""

    def __init__(self, _: object) -> None: ...

    def check(self) -> None:
        raise SchemaMissing("There are no tables.")


class TestHost:
    def test_executes_commands(self) -> None:
        host = host_of(workshop())

        result = host.execute(AddKit("K-1"), context=Context("c-1"))

        assert result == "K-1 in c-1"

    def test_submits_raw_commands(self) -> None:
        host = host_of(workshop())

        result = host.submit(AddKit, '{"id": "K-1"}', context=Context("c-1"))

        assert result == "K-1 in c-1"

    def test_enqueues_in_a_transaction_of_its_own(self) -> None:
        shop = workshop(jobs=[print_label])
        host = host_of(shop)

        with host.unit_of_work():
            job_id = host.enqueue(print_label, Label("K-1"))

        assert [(job.id, job.state) for job in host.jobs.list()] == [(job_id, JobState.PENDING)]
        assert [ref.id for ref in shop.announced()] == [job_id]

    def test_enqueues_as_units_of_work_do(self) -> None:
        host = host_of(workshop(jobs=[print_label]))
        instant = datetime(2999, 1, 1, tzinfo=UTC)

        first = host.enqueue(print_label, Label("K-1"), at=instant, unique_key="K")
        second = host.enqueue(print_label, Label("K-2"), delay=timedelta(hours=1), unique_key="K")

        assert first == second
        assert [job.due_at for job in host.jobs.list()] == [instant]

    def test_enqueues_many_in_one_transaction(self) -> None:
        shop = workshop(jobs=[print_label])
        host = host_of(shop)

        job_ids = host.enqueue_many(print_label, [Label(str(number)) for number in range(5)], delay=timedelta(hours=1))

        assert [job.id for job in host.jobs.list()] == job_ids
        assert shop.announced() == []

    def test_enqueues_none_of_many_if_one_is_wrong(self) -> None:
        host = host_of(workshop(jobs=[print_label]))

        with pytest.raises(MisuseError):
            host.enqueue_many(print_label, [Label("1"), Kit("2")])

        assert list(host.jobs.list()) == []

    def test_sweeps_payloads_that_no_job_needs(self) -> None:
        clock = ManualClock()
        objects = MemoryObjectStorage(clock)
        objects.put("corelib-payloads/host/lost", b"{}")
        host = host_of(workshop(payloads=Payloads(objects), clock=clock))
        clock.advance(timedelta(hours=2))

        swept = host.sweep_payloads(), host.sweep_payloads(older_than=timedelta(hours=1))

        assert swept == (0, 1)

    def test_hands_out_units_of_work(self) -> None:
        host = host_of(workshop())
        host.execute(AddKit("K-1"))

        with host.unit_of_work() as uow:
            found = uow.repository(Kit, str).find("K-1")

        assert found is not None

    def test_hands_out_units_of_work_on_terms(self) -> None:
        host = host_of(workshop())

        with host.unit_of_work(read_only=True) as uow:
            uow.repository(Kit, str).add(Kit("K-1"))
            with pytest.raises(MisuseError, match="read-only"):
                uow.commit()

    def test_hands_terms_to_the_store(self) -> None:
        begun: list[Terms] = []
        host = host_of(workshop(storage=lambda memory: NotingStorage(memory, begun)))

        with host.unit_of_work(isolation=Isolation.SNAPSHOT, statement_timeout=SECOND, lock_timeout=2 * SECOND):
            pass
        with host.unit_of_work():
            pass
        host.run(lambda uow: None, isolation=Isolation.SERIALIZABLE)

        assert begun == [
            Terms(isolation=Isolation.SNAPSHOT, statement_timeout=SECOND, lock_timeout=2 * SECOND),
            Terms(),
            Terms(isolation=Isolation.SERIALIZABLE),
        ]

    @pytest.mark.parametrize("timeout", ["statement_timeout", "lock_timeout"])
    def test_refuses_a_timeout_that_is_not_positive(self, timeout: str) -> None:
        host = host_of(workshop())

        with pytest.raises(MisuseError, match=f"The {timeout} 0:00:00 is not positive"):
            host.unit_of_work(**{timeout: timedelta(0)})

    class WhenItRunsWork:
        def test_commits_it_and_returns_its_result(self) -> None:
            host = host_of(workshop())

            result = host.run(lambda uow: add_kit(AddKit("K-1"), uow))

            assert result == "K-1 in none"
            with host.unit_of_work() as uow:
                assert uow.repository(Kit, str).find("K-1") is not None

        def test_does_not_let_it_commit_by_itself(self) -> None:
            host = host_of(workshop())

            with pytest.raises(MisuseError, match="does not commit"):
                host.run(lambda uow: uow.commit())

        def test_does_it_once_for_a_key(self) -> None:
            host = host_of(workshop())
            host.run(lambda uow: None, idempotency_key="once")

            with pytest.raises(AlreadyExists, match="'once'"):
                host.run(lambda uow: None, idempotency_key="once")

        def test_refuses_a_key_where_nothing_is_written(self) -> None:
            host = host_of(workshop())

            with pytest.raises(MisuseError, match="read-only"):
                host.run(lambda uow: None, read_only=True, idempotency_key="once")

    def test_hands_out_its_parts(self) -> None:
        shop = workshop()
        host = host_of(shop)

        assert (host.storage, host.jobs, host.log) == (shop.storage, shop.storage.jobs, shop.log)
        assert isinstance(host.worker(), InlineWorker)

    class WhenJobsAreDue:
        def test_runs_them_and_those_that_they_enqueue(self) -> None:
            shop = workshop(jobs=[print_label, print_two_labels])
            host = host_of(shop)
            shop.enqueue(print_two_labels, Label("x"))

            runs = host.run_due_jobs()

            assert runs == 3
            assert host.jobs.count()[JobState.SUCCEEDED] == 3

    class WhenItIsChecked:
        def test_accepts_a_store_and_a_broker_that_answer(self) -> None:
            host = host_of(workshop())

            host.check()

        def test_raises_what_is_wrong_with_the_store(self) -> None:
            host = host_of(workshop(storage=UncreatedStorage))

            with pytest.raises(SchemaMissing):
                host.check()

        def test_raises_what_is_wrong_with_the_broker(self) -> None:
            host = host_of(workshop(), transport=BrokenTransport())

            with pytest.raises(ServerUnreachable):
                host.check()

    class WhenItIsClosed:
        def test_gives_back_in_reverse_order_and_once(self) -> None:
            closed: list[str] = []
            host = host_of(workshop(), closing=[lambda: closed.append("store"), lambda: closed.append("service")])

            host.close()
            host.close()

            assert closed == ["service", "store"]

        def test_is_so_at_the_end_of_its_block(self) -> None:
            closed: list[str] = []
            host = host_of(workshop(), closing=[lambda: closed.append("store")])

            with host as entered:
                open_within = not closed

            assert entered is host
            assert open_within
            assert closed == ["store"]
