"""The contract of `corelib.ports.tracer.Tracer`."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from uuid import UUID

import pytest
from attrs import evolve, frozen

from corelib.domain.context import Context
from corelib.domain.identifiers import new_id
from corelib.domain.job import Job, JobState
from corelib.errors import NotFound
from corelib.ports.tracer import Tracer
from corelib.testing.contracts.suite import ContractSuite

TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
LONGEST = 600


@frozen
class SeenSpan:
    """A span as it can be read back.

    Args:
        kind: `enqueue` or `run`.
        name: of the job.
        queue: of the job.
        trace_id: the same for all spans that belong together.
        span_id: of this one.
        parent: of the span that it is a part of; None if it began a trace.
        job_id: of the job, if there is one.
        count: how many jobs were made, if not one.
        attempt: of a run.
        outcome: of a run.
        error: name of the class of the error, with or without its module; None if there was none.
        text: all that the span holds, as text.
    """

    kind: str
    name: str
    queue: str
    trace_id: str
    span_id: str
    parent: str | None = None
    job_id: UUID | None = None
    count: int | None = None
    attempt: int | None = None
    outcome: str | None = None
    error: str | None = None
    text: str = ""


ReadSpans = Callable[[], Sequence[SeenSpan]]


class TracerContract(ContractSuite):
    """Spans of enqueuing and running belong together."""

    port: ClassVar[str] = "Tracer"

    @pytest.fixture
    def tracer(self) -> Tracer:
        """Return a tracer that records everything."""
        raise NotImplementedError

    @pytest.fixture
    def ended(self) -> ReadSpans:
        """Return a function that reads back the spans that have ended, in that order."""
        raise NotImplementedError

    class WhenAJobIsEnqueued:
        def test_records_what_and_where(self, tracer: Tracer, ended: ReadSpans) -> None:
            job_id = new_id()

            with tracer.enqueuing("render", "video") as span:
                span.enqueued([job_id])

            (seen,) = ended()
            assert (seen.kind, seen.name, seen.queue, seen.job_id) == ("enqueue", "render", "video", job_id)
            assert (seen.parent, seen.error) == (None, None)

        def test_counts_many(self, tracer: Tracer, ended: ReadSpans) -> None:
            with tracer.enqueuing("render", "video") as span:
                span.enqueued([new_id(), new_id(), new_id()])

            (seen,) = ended()
            assert (seen.count, seen.job_id) == (3, None)

        def test_says_what_its_runs_find_it_by(self, tracer: Tracer, ended: ReadSpans) -> None:
            with tracer.enqueuing("render", "video") as span:
                trace = span.trace

            (seen,) = ended()
            assert trace is not None
            assert TRACEPARENT.fullmatch(trace.partition(" ")[0])
            assert trace.split("-")[1:3] == [seen.trace_id, seen.span_id]
            assert len(trace) <= LONGEST

        def test_records_only_the_class_of_an_error(self, tracer: Tracer, ended: ReadSpans) -> None:
            with pytest.raises(NotFound), tracer.enqueuing("render", "video"):
                raise NotFound("film", "secret-title")

            (seen,) = ended()
            assert seen.error is not None
            assert seen.error.endswith("NotFound")
            assert "secret-title" not in seen.text

    class WhenAJobIsRun:
        def test_records_what_and_how_it_ended(self, tracer: Tracer, ended: ReadSpans) -> None:
            job = a_running_job(attempts=2)

            with tracer.running(job) as span:
                span.ended("succeeded")

            (seen,) = ended()
            assert (seen.kind, seen.name, seen.queue) == ("run", "render", "video")
            assert (seen.job_id, seen.attempt, seen.outcome, seen.error) == (job.id, 2, "succeeded", None)

        def test_is_a_part_of_what_enqueued_it(self, tracer: Tracer, ended: ReadSpans) -> None:
            with tracer.enqueuing("render", "video") as span:
                job = a_running_job(trace=span.trace)

            with tracer.running(job):
                pass

            enqueuing, running = ended()
            assert (running.trace_id, running.parent) == (enqueuing.trace_id, enqueuing.span_id)

        def test_is_so_in_another_thread(self, tracer: Tracer, ended: ReadSpans) -> None:
            with tracer.enqueuing("render", "video") as span:
                job = a_running_job(trace=span.trace)

            with ThreadPoolExecutor(1) as threads:
                threads.submit(run, tracer, job).result()

            enqueuing, running = ended()
            assert (running.trace_id, running.parent) == (enqueuing.trace_id, enqueuing.span_id)

        def test_is_the_parent_of_what_it_enqueues(self, tracer: Tracer, ended: ReadSpans) -> None:
            with tracer.running(a_running_job()), tracer.enqueuing("render", "video"):
                pass

            enqueuing, running = ended()
            assert (enqueuing.trace_id, enqueuing.parent) == (running.trace_id, running.span_id)

        def test_is_no_part_of_what_its_thread_did_before(self, tracer: Tracer, ended: ReadSpans) -> None:
            with tracer.running(a_running_job()), tracer.running(a_running_job()):
                pass

            inner, outer = ended()
            assert inner.parent is None
            assert inner.trace_id != outer.trace_id

        @pytest.mark.parametrize(
            "trace",
            [
                None,
                "",
                "nonsense",
                "00-00000000000000000000000000000000-0000000000000000-01",
                "00-zz-zz-01 a=b",
                "x" * 600,
            ],
            ids=["none", "empty", "nonsense", "zeros", "no digits", "long"],
        )
        def test_begins_a_trace_where_none_is_named(self, tracer: Tracer, ended: ReadSpans, trace: str | None) -> None:
            with tracer.running(a_running_job(trace=trace)):
                pass

            (seen,) = ended()
            assert seen.parent is None

        def test_records_only_the_class_of_the_error_that_ended_it(self, tracer: Tracer, ended: ReadSpans) -> None:
            with tracer.running(a_running_job(payload='{"password":"secret-word"}')) as span:
                span.failed(NotFound("film", "secret-title"))
                span.ended("retried")

            (seen,) = ended()
            assert seen.error is not None
            assert seen.error.endswith("NotFound")
            assert seen.outcome == "retried"
            assert "secret" not in seen.text

        def test_records_the_class_of_an_error_that_nobody_expected(self, tracer: Tracer, ended: ReadSpans) -> None:
            with pytest.raises(ZeroDivisionError), tracer.running(a_running_job()):
                raise ZeroDivisionError("secret-title")

            (seen,) = ended()
            assert seen.error == "ZeroDivisionError"
            assert "secret-title" not in seen.text


def run(tracer: Tracer, job: Job) -> None:
    """Trace a run."""
    with tracer.running(job):
        pass


def a_running_job(**fields: object) -> Job:
    """Return a job as its runner has it; `fields` replace what it has by default."""
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    job = Job(
        id=new_id(),
        name="render",
        queue="video",
        payload="{}",
        context=Context("c-1"),
        state=JobState.RUNNING,
        attempts=1,
        max_attempts=3,
        timeout=timedelta(minutes=1),
        enqueued_at=now,
        due_at=now,
    )
    return evolve(job, **fields)  # type: ignore[arg-type]
