from __future__ import annotations

from datetime import UTC, datetime

import pytest
from attrs import frozen

from corelib.adapters.memory import MemoryLogger
from corelib.application.jobs.description import job
from corelib.application.jobs.job_events import bind_job_event_handler, on_job
from corelib.domain.identifiers import new_id
from corelib.domain.job_events import AttemptFailed, AttemptTimedOut, JobDead, JobEvent, JobSucceeded
from corelib.errors import MisuseError, UnboundHandler
from corelib.ports.logger import Logger

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@frozen
class Label:
    text: str


@frozen
class Page:
    number: int


@job()
def print_label(label: Label) -> None: ...


@job()
def reprint_label(label: Label) -> None: ...


@job(queue="pages")
def print_page(page: Page) -> None: ...


def happened(kind: type[JobEvent], name: str = "print_label", queue: str = "default") -> JobEvent:
    error = {"error": "boom"} if issubclass(kind, AttemptFailed) else {}
    return kind(job_id=new_id(), name=name, queue=queue, attempt=1, at=NOON, correlation_id="c", **error)


def watch(event: JobEvent) -> None: ...


def watch_failures(event: AttemptFailed) -> None: ...


@on_job(print_label)
def watch_labels(event: JobEvent) -> None: ...


@on_job(queue="pages")
def watch_pages(event: JobEvent) -> None: ...


@on_job(print_label, reprint_label)
def watch_with_payload(event: JobSucceeded, label: Label, log: Logger) -> None: ...


@on_job(print_label, print_page)
def watch_with_one_of_two_payloads(event: JobSucceeded, label: Label) -> None: ...


def watch_with_any_payload(event: JobSucceeded, label: Label) -> None: ...


def watch_something_else(event: Label) -> None: ...


class TestJobEventHandlers:
    class WhenTheyAreNotLimited:
        def test_take_events_of_all_jobs(self) -> None:
            handler = bind_job_event_handler(watch, {})

            assert handler.takes(happened(JobDead, "print_label"))
            assert handler.takes(happened(JobSucceeded, "print_page", "pages"))

        def test_take_subclasses_of_their_event_and_no_others(self) -> None:
            handler = bind_job_event_handler(watch_failures, {})

            assert handler.takes(happened(AttemptFailed))
            assert handler.takes(happened(AttemptTimedOut))
            assert not handler.takes(happened(JobDead))

    class WhenTheyAreLimited:
        def test_take_events_of_the_jobs_that_are_named(self) -> None:
            handler = bind_job_event_handler(watch_labels, {})

            assert handler.takes(happened(JobDead, "print_label"))
            assert not handler.takes(happened(JobDead, "reprint_label"))

        def test_take_events_of_the_queue_that_is_named(self) -> None:
            handler = bind_job_event_handler(watch_pages, {})

            assert handler.takes(happened(JobDead, "print_page", "pages"))
            assert not handler.takes(happened(JobDead, "print_page", "other"))

        def test_may_ask_for_the_payload(self) -> None:
            handler = bind_job_event_handler(watch_with_payload, {Logger: MemoryLogger()})

            assert handler.wants_payload

        def test_do_not_have_to(self) -> None:
            assert not bind_job_event_handler(watch_labels, {}).wants_payload

    class WhenTheyCannotBeCalled:
        @pytest.mark.parametrize("handler", [watch_with_any_payload, watch_with_one_of_two_payloads])
        def test_are_refused_if_the_payload_is_not_of_one_class(self, handler: object) -> None:
            with pytest.raises(UnboundHandler, match="label: Label, which nobody supplies"):
                bind_job_event_handler(handler, {})

        def test_are_refused_if_they_take_no_job_event(self) -> None:
            with pytest.raises(UnboundHandler, match="is to be told of jobs, but takes a Label"):
                bind_job_event_handler(watch_something_else, {})


class TestOnJob:
    def test_leaves_the_function_as_it_is(self) -> None:
        assert watch_labels(happened(JobDead)) is None

    def test_refuses_to_name_nothing(self) -> None:
        with pytest.raises(MisuseError, match="names neither a job nor a queue"):
            on_job()

    def test_refuses_what_is_not_a_job(self) -> None:
        with pytest.raises(MisuseError, match="watch is not a job"):
            on_job(watch)
