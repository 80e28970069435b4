from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("opentelemetry.sdk")

from attrs import evolve
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased
from opentelemetry.trace import SpanKind, StatusCode, TraceState

from corelib.adapters.opentelemetry import OpenTelemetryTracer
from corelib.domain.context import Context
from corelib.domain.identifiers import new_id
from corelib.domain.job import Job, JobState

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
JOB = Job(
    id=new_id(),
    name="render",
    queue="video",
    payload="{}",
    context=Context("c-1"),
    state=JobState.RUNNING,
    attempts=2,
    max_attempts=3,
    timeout=timedelta(minutes=1),
    enqueued_at=NOW,
    due_at=NOW,
)


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> TracerProvider:
    made = TracerProvider()
    made.add_span_processor(SimpleSpanProcessor(exporter))
    return made


@pytest.fixture
def tracer(provider: TracerProvider) -> OpenTelemetryTracer:
    return OpenTelemetryTracer(provider)


def only(exporter: InMemorySpanExporter) -> ReadableSpan:
    (span,) = exporter.get_finished_spans()
    return span


class TestOpenTelemetryTracer:
    """What is particular to OpenTelemetry; the behaviour itself is in the contract of `Tracer`."""

    def test_names_a_producer_as_the_conventions_say(
        self, tracer: OpenTelemetryTracer, exporter: InMemorySpanExporter
    ) -> None:
        job_id = new_id()

        with tracer.enqueuing("render", "video") as span:
            span.enqueued([job_id])

        found = only(exporter)
        assert (found.name, found.kind, found.status.status_code) == (
            "enqueue video",
            SpanKind.PRODUCER,
            StatusCode.UNSET,
        )
        assert dict(found.attributes or {}) == {
            "messaging.system": "corelib",
            "messaging.operation.name": "enqueue",
            "messaging.operation.type": "send",
            "messaging.destination.name": "video",
            "messaging.message.id": str(job_id),
            "corelib.job.name": "render",
        }

    def test_names_a_consumer_as_the_conventions_say(
        self, tracer: OpenTelemetryTracer, exporter: InMemorySpanExporter
    ) -> None:
        with tracer.running(JOB) as span:
            span.ended("succeeded")

        found = only(exporter)
        assert (found.name, found.kind, found.status.status_code) == ("run video", SpanKind.CONSUMER, StatusCode.UNSET)
        assert dict(found.attributes or {}) == {
            "messaging.system": "corelib",
            "messaging.operation.name": "run",
            "messaging.operation.type": "process",
            "messaging.destination.name": "video",
            "messaging.message.id": str(JOB.id),
            "messaging.message.conversation_id": "c-1",
            "corelib.job.name": "render",
            "corelib.job.attempt": 2,
            "corelib.job.max_attempts": 3,
            "corelib.job.outcome": "succeeded",
        }

    def test_links_a_run_to_what_enqueued_it(self, tracer: OpenTelemetryTracer, exporter: InMemorySpanExporter) -> None:
        with tracer.enqueuing("render", "video") as span:
            job = evolve(JOB, trace=span.trace)

        with tracer.running(job):
            pass

        enqueuing, running = exporter.get_finished_spans()
        assert [link.context.span_id for link in running.links] == [enqueuing.context.span_id]
        assert all(link.context.is_remote for link in running.links)

    def test_marks_a_run_as_failed(self, tracer: OpenTelemetryTracer, exporter: InMemorySpanExporter) -> None:
        with tracer.running(JOB) as span:
            span.failed(ZeroDivisionError("secret-title"))
            span.ended("dead")

        found = only(exporter)
        assert found.status.status_code is StatusCode.ERROR
        assert (found.attributes or {})["error.type"] == "ZeroDivisionError"
        assert found.events == ()

    def test_lets_what_the_handler_traces_be_a_part_of_the_run(
        self, tracer: OpenTelemetryTracer, provider: TracerProvider, exporter: InMemorySpanExporter
    ) -> None:
        with tracer.running(JOB), provider.get_tracer("host").start_as_current_span("call"):
            pass

        call, running = exporter.get_finished_spans()
        assert call.parent is not None
        assert call.parent.span_id == running.context.span_id

    def test_is_a_part_of_what_the_caller_traces(
        self, tracer: OpenTelemetryTracer, provider: TracerProvider, exporter: InMemorySpanExporter
    ) -> None:
        with provider.get_tracer("host").start_as_current_span("request"), tracer.enqueuing("render", "video"):
            pass

        enqueuing, request = exporter.get_finished_spans()
        assert enqueuing.parent is not None
        assert enqueuing.parent.span_id == request.context.span_id

    @pytest.mark.parametrize(("value", "kept"), [("short", True), ("x" * 250, True)])
    def test_carries_the_state_of_the_trace(self, tracer: OpenTelemetryTracer, value: str, kept: bool) -> None:
        assert (f"vendor={value}" in trace_with_state(tracer, {"vendor": value})) is kept

    def test_leaves_out_a_state_that_is_too_long(self, tracer: OpenTelemetryTracer) -> None:
        told = trace_with_state(tracer, {f"vendor{number}": "x" * 200 for number in range(4)})

        assert len(told) == 55

    def test_carries_that_a_trace_is_not_sampled(self) -> None:
        tracer = OpenTelemetryTracer(TracerProvider(sampler=ParentBased(ALWAYS_OFF)))

        with tracer.enqueuing("render", "video") as span:
            assert span.trace is not None
            assert int(span.trace[-2:], 16) & 1 == 0

    def test_records_nothing_where_the_host_has_no_sdk(self) -> None:
        code = (
            "from corelib.adapters.opentelemetry import OpenTelemetryTracer\n"
            "with OpenTelemetryTracer().enqueuing('render', 'video') as span:\n"
            "    print(span.trace)"
        )

        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

        assert ended.stdout == "None\n"


def trace_with_state(tracer: OpenTelemetryTracer, state: dict[str, str]) -> str:
    """Enqueue within a remote trace that has a state, and return what is stored."""
    remote = trace.SpanContext(
        trace_id=1,
        span_id=2,
        is_remote=True,
        trace_flags=trace.TraceFlags(1),
        trace_state=TraceState(list(state.items())),
    )
    with (
        trace.use_span(trace.NonRecordingSpan(remote)),
        tracer.enqueuing("render", "video") as span,
    ):
        return span.trace or ""
