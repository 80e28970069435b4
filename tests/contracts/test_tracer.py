from __future__ import annotations

from typing import ClassVar
from uuid import UUID

import pytest

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from corelib.adapters.memory import MemorySpan, MemoryTracer
from corelib.adapters.opentelemetry import OpenTelemetryTracer
from corelib.ports.tracer import Tracer
from corelib.testing.contracts.tracer import ReadSpans, SeenSpan, TracerContract


class TestMemoryTracer(TracerContract):
    adapter: ClassVar[str] = "memory"

    @pytest.fixture
    def tracer(self) -> Tracer:
        return MemoryTracer()

    @pytest.fixture
    def ended(self, tracer: MemoryTracer) -> ReadSpans:
        return lambda: [_seen(span) for span in tracer.spans]


class TestOpenTelemetryTracer(TracerContract):
    adapter: ClassVar[str] = "opentelemetry"

    @pytest.fixture
    def exporter(self) -> InMemorySpanExporter:
        return InMemorySpanExporter()

    @pytest.fixture
    def tracer(self, exporter: InMemorySpanExporter) -> Tracer:
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        return OpenTelemetryTracer(provider)

    @pytest.fixture
    def ended(self, exporter: InMemorySpanExporter) -> ReadSpans:
        return lambda: [_exported(span) for span in exporter.get_finished_spans()]


def _seen(span: MemorySpan) -> SeenSpan:
    return SeenSpan(
        kind=span.kind,
        name=span.name,
        queue=span.queue,
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent=span.parent,
        job_id=span.job_ids[0] if len(span.job_ids) == 1 else None,
        count=len(span.job_ids) if len(span.job_ids) > 1 else None,
        attempt=span.attempt,
        outcome=span.outcome,
        error=None if span.error is None else span.error.__name__,
        text=repr(span),
    )


def _exported(span: ReadableSpan) -> SeenSpan:
    told = dict(span.attributes or {})
    job_id = told.get("messaging.message.id")
    return SeenSpan(
        kind=str(told["messaging.operation.name"]),
        name=str(told["corelib.job.name"]),
        queue=str(told["messaging.destination.name"]),
        trace_id=f"{span.context.trace_id:032x}",
        span_id=f"{span.context.span_id:016x}",
        parent=None if span.parent is None else f"{span.parent.span_id:016x}",
        job_id=None if job_id is None else UUID(str(job_id)),
        count=told.get("messaging.batch.message_count"),  # type: ignore[arg-type]
        attempt=told.get("corelib.job.attempt"),  # type: ignore[arg-type]
        outcome=told.get("corelib.job.outcome"),  # type: ignore[arg-type]
        error=told.get("error.type"),  # type: ignore[arg-type]
        text=span.to_json(),
    )
