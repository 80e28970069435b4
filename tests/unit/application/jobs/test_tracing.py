from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve, frozen
from tests.unit.fakes import workshop

from corelib.adapters.memory import MemorySpan, MemoryTracer
from corelib.application.jobs.description import job
from corelib.application.jobs.runner import JobRunner
from corelib.application.unit_of_work import TransactionalUnitOfWork
from corelib.domain.flow_steps import chain, step
from corelib.domain.unique_job import UniqueJob
from corelib.errors import MisuseError
from corelib.ports.unit_of_work import UnitOfWork


@frozen
class Film:
    id: str


@job(queue="video")
def render(film: Film) -> None:
    """Render it."""


@job(queue="video", attempts=2)
def fail(film: Film) -> None:
    raise ZeroDivisionError


@job(queue="video", unique=UniqueJob("id"))
def index(film: Film) -> None:
    """Index it."""


@job(queue="video")
def follow_up(film: Film, uow: UnitOfWork) -> None:
    uow.jobs.enqueue(render, film)


class Studio:
    """A runner and units of work that are traced, over one store in memory."""

    def __init__(self) -> None:
        shop = workshop(jobs=[render, fail, index, follow_up])
        self.tracer = MemoryTracer()
        self.shop = shop
        self.around = evolve(shop.around, tracer=self.tracer)
        self.runner = JobRunner(shop.storage.jobs, shop.around.jobs, shop.runner._handlers, self.around)

    def unit_of_work(self) -> TransactionalUnitOfWork:
        return TransactionalUnitOfWork(self.around)

    def seen(self) -> list[tuple[str, str]]:
        return [(span.kind, span.name) for span in self.tracer.spans]


class TestTracing:
    class WhenJobsAreEnqueued:
        def test_has_a_span_for_each_call(self) -> None:
            studio = Studio()

            with studio.unit_of_work() as uow:
                one = uow.jobs.enqueue(render, Film("a"))
                many = uow.jobs.enqueue_many(render, [Film("b"), Film("c")])
                uow.commit()

            assert [(span.kind, span.queue, list(span.job_ids)) for span in studio.tracer.spans] == [
                ("enqueue", "video", [one]),
                ("enqueue", "video", many),
            ]

        def test_names_the_span_in_each_job(self) -> None:
            studio = Studio()

            with studio.unit_of_work() as uow:
                uow.jobs.enqueue_many(render, [Film("b"), Film("c")])
                uow.commit()

            (span,) = studio.tracer.spans
            assert [stored.trace for stored in studio.shop.storage.jobs.list()] == [span.trace, span.trace]

        def test_tells_which_job_stands_for_a_unique_one(self) -> None:
            studio = Studio()

            with studio.unit_of_work() as uow:
                first = uow.jobs.enqueue(index, Film("a"))
                uow.commit()
            with studio.unit_of_work() as uow:
                uow.jobs.enqueue(index, Film("a"))
                uow.commit()

            assert [list(span.job_ids) for span in studio.tracer.spans] == [[first], [first]]

        def test_tells_the_error_that_refuses_one(self) -> None:
            studio = Studio()

            with pytest.raises(MisuseError), studio.unit_of_work() as uow:
                uow.jobs.enqueue(render, "no film")

            (span,) = studio.tracer.spans
            assert (span.error, list(span.job_ids)) == (MisuseError, [])

    class WhenAFlowIsEnqueued:
        def test_has_a_span_for_each_job(self) -> None:
            studio = Studio()

            with studio.unit_of_work() as uow:
                uow.jobs.enqueue_flow(chain(step(render, Film("a")), step(index, Film("b"))))
                uow.commit()

            traces = {stored.id: stored.trace for stored in studio.shop.storage.jobs.list()}
            assert {span.job_ids[0]: span.trace for span in studio.tracer.spans} == traces
            assert sorted(span.name for span in studio.tracer.spans) == ["index", "render"]

    class WhenAJobIsRun:
        @pytest.mark.parametrize(
            ("handler", "outcome", "error"), [(render, "succeeded", None), (fail, "retried", ZeroDivisionError)]
        )
        def test_tells_how_it_ended(
            self, handler: Callable[..., object], outcome: str, error: type[Exception] | None
        ) -> None:
            studio = Studio()
            job_id = studio.shop.enqueue(handler, Film("a"))  # type: ignore[arg-type]

            studio.runner.run(job_id)

            (span,) = studio.tracer.spans
            assert (span.kind, span.attempt, span.outcome, span.error) == ("run", 1, outcome, error)

        def test_is_the_parent_of_what_its_handler_enqueues(self) -> None:
            studio = Studio()
            job_id = studio.shop.enqueue(follow_up, Film("a"))

            studio.runner.run(job_id)

            enqueuing, running = studio.tracer.spans
            assert (enqueuing.parent, enqueuing.trace_id) == (running.span_id, running.trace_id)

        def test_tells_that_its_payload_could_not_be_read(self) -> None:
            studio = Studio()
            job_id = studio.shop.enqueue(render, Film("a"))
            claim = studio.shop.storage.jobs.claim(job_id)
            assert claim is not None

            studio.runner.run_claimed(evolve(claim, job=evolve(claim.job, payload="[]")))

            span: MemorySpan = studio.tracer.spans[0]
            assert (span.outcome, span.error and span.error.__name__) == ("parked", "ValidationFailed")
