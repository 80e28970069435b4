from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from attrs import frozen
from tests.unit.fakes import Workshop, workshop

from corelib.adapters.memory import MemoryLogger
from corelib.application.context import current_context
from corelib.application.jobs.description import job
from corelib.application.jobs.job_events import bind_job_event_handler, on_job
from corelib.application.jobs.subscribers import JobEventTools, JobSubscribers
from corelib.domain.identifiers import new_id
from corelib.domain.job_events import JobDead, JobEvent, JobSucceeded
from corelib.errors import NotFound
from corelib.ports.unit_of_work import UnitOfWork

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LONG_ENOUGH = 10  # seconds that no test ever waits, unless what it waits for is broken


@frozen
class Label:
    text: str


@job()
def print_label(label: Label) -> None: ...


def succeeded(attempt: int = 1, name: str = "print_label") -> JobSucceeded:
    return JobSucceeded(job_id=new_id(), name=name, queue="default", attempt=attempt, at=NOON, correlation_id="c-1")


def dead() -> JobDead:
    return JobDead(job_id=new_id(), name="print_label", queue="default", attempt=1, at=NOON, correlation_id="c-1")


def gone(event: JobEvent) -> object:
    raise NotFound("job", str(event.job_id))


@contextmanager
def telling(
    *handlers: Callable[..., None],
    shop: Workshop | None = None,
    log: MemoryLogger | None = None,
    payload_of: Callable[[JobEvent], object] = gone,
    room: int = 100,
) -> Iterator[JobSubscribers]:
    shop = shop or workshop(jobs=[print_label])
    bound = [bind_job_event_handler(handler, {}) for handler in handlers]
    tools = JobEventTools(shop.handler_unit_of_work, payload_of)
    subscribers = JobSubscribers(bound, tools, log or shop.log, room=room)
    yield subscribers
    subscribers.close(timedelta(seconds=LONG_ENOUGH))


class Noting:
    """A handler that notes the attempts of the events, and in which threads it was told of them."""

    def __init__(self) -> None:
        self.attempts: list[int] = []
        self.threads: set[str] = set()

    def __call__(self, event: JobSucceeded) -> None:
        self.attempts.append(event.attempt)
        self.threads.add(threading.current_thread().name)


class Held:
    """A handler that waits until the test lets it go on."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.let_go = threading.Event()
        self.told = 0

    def __call__(self, event: JobEvent) -> None:
        self.begun.set()
        self.let_go.wait(LONG_ENOUGH)
        self.told += 1


def fail(event: JobSucceeded) -> None:
    raise ZeroDivisionError("no such luck")


class TestJobSubscribers:
    class WhenEventsAreToldOf:
        def test_tells_them_in_their_order_on_a_thread_of_its_own(self) -> None:
            handler = Noting()

            with telling(handler) as subscribers:
                subscribers.publish([succeeded(1), succeeded(2)])
                subscribers.publish([succeeded(3)])
                assert subscribers.settle()

            assert handler.attempts == [1, 2, 3]
            assert handler.threads == {"corelib-job-events"}

        def test_tells_every_handler_that_takes_the_event(self) -> None:
            first, second = Noting(), Noting()

            with telling(first, second) as subscribers:
                subscribers.publish([succeeded(7), dead()])
                subscribers.settle()

            assert (first.attempts, second.attempts) == ([7], [7])

        def test_begins_no_thread_for_what_nobody_takes(self) -> None:
            before = threading.active_count()

            with telling(Noting()) as subscribers:
                subscribers.publish([dead()])
                during = threading.active_count()

            assert during == before

        def test_tells_within_the_context_of_the_job(self) -> None:
            found = []
            event = succeeded()

            def look(event: JobSucceeded) -> None:
                found.append(current_context())

            with telling(look) as subscribers:
                subscribers.publish([event])
                subscribers.settle()

            assert [(context.correlation_id, context.causation_id) for context in found] == [("c-1", str(event.job_id))]

        def test_gives_the_payload_to_whoever_asks_for_it(self) -> None:
            texts = []

            @on_job(print_label)
            def look(event: JobSucceeded, label: Label) -> None:
                texts.append(label.text)

            with telling(look, payload_of=lambda event: Label("Ada")) as subscribers:
                subscribers.publish([succeeded()])
                subscribers.settle()

            assert texts == ["Ada"]

        def test_commits_the_unit_of_work_of_a_handler(self) -> None:
            shop = workshop(jobs=[print_label])

            def follow_up(event: JobSucceeded, uow: UnitOfWork) -> None:
                uow.jobs.enqueue(print_label, Label("next"))

            with telling(follow_up, shop=shop) as subscribers:
                subscribers.publish([succeeded()])
                subscribers.settle()

            assert [stored.name for stored in shop.storage.jobs.list()] == ["print_label"]

    class WhenAHandlerFails:
        def test_tells_the_others_and_goes_on(self) -> None:
            handler, log = Noting(), MemoryLogger()

            with telling(fail, handler, log=log) as subscribers:
                subscribers.publish([succeeded(1), succeeded(2)])
                subscribers.settle()

            assert handler.attempts == [1, 2]
            assert [(line.level, line.event) for line in log.lines] == [("error", "job event handler failed")] * 2

        def test_rolls_its_unit_of_work_back(self) -> None:
            shop = workshop(jobs=[print_label])

            def follow_up(event: JobSucceeded, uow: UnitOfWork) -> None:
                uow.jobs.enqueue(print_label, Label("next"))
                raise ZeroDivisionError("no such luck")

            with telling(follow_up, shop=shop) as subscribers:
                subscribers.publish([succeeded()])
                subscribers.settle()

            assert shop.storage.jobs.list() == []

        def test_passes_over_a_payload_that_is_not_there_any_more(self) -> None:
            log = MemoryLogger()

            @on_job(print_label)
            def look(event: JobSucceeded, label: Label) -> None: ...

            with telling(look, log=log) as subscribers:
                subscribers.publish([succeeded()])
                subscribers.settle()

            assert [line.event for line in log.lines] == ["job event not told"]

    class WhenAHandlerIsSlow:
        def test_lets_whoever_publishes_go_on(self) -> None:
            handler = Held()

            with telling(handler) as subscribers:
                subscribers.publish([succeeded()])
                handler.begun.wait(LONG_ENOUGH)
                subscribers.publish([succeeded()])
                before = handler.told
                handler.let_go.set()

            assert before == 0
            assert handler.told == 2

        def test_leaves_out_what_has_no_room_and_says_so(self) -> None:
            handler, log = Held(), MemoryLogger()

            with telling(handler, log=log, room=2) as subscribers:
                subscribers.publish([succeeded()])
                handler.begun.wait(LONG_ENOUGH)
                subscribers.publish([succeeded() for _ in range(5)])
                handler.let_go.set()
                subscribers.settle()

            assert handler.told == 3
            assert [(line.event, line.fields["events"]) for line in log.lines] == [("job events left out", 3)]

        def test_does_not_settle_within_a_limit(self) -> None:
            handler = Held()

            with telling(handler) as subscribers:
                subscribers.publish([succeeded()])
                settled = subscribers.settle(timedelta(0))
                handler.let_go.set()

            assert not settled

    class WhenItIsClosed:
        def test_tells_what_waits_first(self) -> None:
            handler = Held()
            handler.let_go.set()

            with telling(handler) as subscribers:
                subscribers.publish([succeeded() for _ in range(50)])

            assert handler.told == 50

        def test_takes_no_more(self) -> None:
            handler = Noting()

            with telling(handler) as subscribers:
                subscribers.close()
                subscribers.publish([succeeded()])

            assert handler.attempts == []

        def test_gives_up_on_a_handler_that_hangs_and_says_what_is_lost(self) -> None:
            handler, log = Held(), MemoryLogger()

            with telling(handler, log=log) as subscribers:
                subscribers.publish([succeeded(), succeeded(), succeeded()])
                handler.begun.wait(LONG_ENOUGH)
                subscribers.close(timedelta(0))
                handler.let_go.set()

            assert [(line.event, line.fields["events"]) for line in log.lines][:1] == [("job events not told", 2)]

    class WhenAHandlerWaitsForItself:
        def test_does_not_wait(self) -> None:
            answers = []

            with telling(lambda_of(lambda: answers.append(subscribers.settle()))) as subscribers:
                subscribers.publish([succeeded()])
                subscribers.settle()

            assert answers == [False]


def lambda_of(call: Callable[[], None]) -> Callable[[JobEvent], None]:
    def handler(event: JobEvent) -> None:
        call()

    return handler


@pytest.fixture
def boot() -> Callable[..., object]:
    pytest.importorskip("cattrs")
    from corelib.bootstrap import bootstrap

    return bootstrap


class TestAHostWithJobEvents:
    def test_tells_its_handlers_what_its_runs_do(self, boot: Callable[..., object]) -> None:
        from corelib import App

        told = []

        @on_job(print_label)
        def look(event: JobEvent, label: Label) -> None:
            told.append((type(event).__name__, label.text))

        with boot(App("shop", jobs=[print_label], job_events=[look])) as host:
            host.enqueue(print_label, Label("Ada"))
            host.run_due_jobs()

        assert told == [("JobEnqueued", "Ada"), ("JobStarted", "Ada"), ("JobSucceeded", "Ada")]

    def test_runs_what_they_enqueue(self, boot: Callable[..., object]) -> None:
        from corelib import App

        @on_job(print_label)
        def follow_up(event: JobSucceeded, label: Label, uow: UnitOfWork) -> None:
            if label.text == "first":
                uow.jobs.enqueue(print_label, Label("next"))

        with boot(App("shop", jobs=[print_label], job_events=[follow_up])) as host:
            host.enqueue(print_label, Label("first"))
            runs = host.run_due_jobs()

        assert runs == 2
