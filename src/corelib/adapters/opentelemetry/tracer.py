"""The tracer over OpenTelemetry's API: which SDK records, and where to, is the host's matter.

Names and attributes are those of OpenTelemetry's "Semantic conventions for messaging spans". They are not stable yet,
so that a later version may rename some.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from attrs import frozen
from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    Span,
    SpanKind,
    StatusCode,
    TracerProvider,
    get_current_span,
    get_tracer,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from corelib.domain.job import Job

SYSTEM = "corelib"
LONGEST_TRACE = 600
_PROPAGATOR = TraceContextTextMapPropagator()
_DONE = ("succeeded", "waits", "skipped")


class OpenTelemetryTracer:
    """Keeps the contract of `corelib.ports.tracer.Tracer`.

    The span of a run is a child of that of the enqueuing, and links to it: tools that leave out the parent of a job
    which waited for long still find it.

    Args:
        provider: makes the tracer; by default the global one, whenever that is set.
    """

    def __init__(self, provider: TracerProvider | None = None) -> None:
        self._tracer = get_tracer("corelib", tracer_provider=provider)

    @contextmanager
    def enqueuing(self, name: str, queue: str) -> Iterator[OpenTelemetryEnqueueSpan]:
        """Give a PRODUCER span."""
        with self._tracer.start_as_current_span(
            f"enqueue {queue}",
            kind=SpanKind.PRODUCER,
            attributes={**_attributes("enqueue", "send", queue), "corelib.job.name": name},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield OpenTelemetryEnqueueSpan(span)
            except BaseException as error:
                _fail(span, error)
                raise

    @contextmanager
    def running(self, job: Job) -> Iterator[OpenTelemetryRunSpan]:
        """Give a CONSUMER span."""
        producer = _producer_of(job)
        creation = get_current_span(producer).get_span_context()
        with self._tracer.start_as_current_span(
            f"run {job.queue}",
            context=producer,
            kind=SpanKind.CONSUMER,
            links=[Link(creation)] if creation.is_valid else [],
            attributes={
                **_attributes("run", "process", job.queue),
                "messaging.message.id": str(job.id),
                "messaging.message.conversation_id": job.context.correlation_id,
                "corelib.job.name": job.name,
                "corelib.job.attempt": job.attempts,
                "corelib.job.max_attempts": job.max_attempts,
            },
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield OpenTelemetryRunSpan(span)
            except BaseException as error:
                _fail(span, error)
                raise


@frozen
class OpenTelemetryEnqueueSpan:
    """Keeps the contract of `corelib.ports.tracer.EnqueueSpan`."""

    _span: Span

    @property
    def trace(self) -> str | None:
        """Return the context of this span; a `tracestate` that is too long is left out."""
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        parent, state = carrier.get("traceparent"), carrier.get("tracestate")
        if parent is None:
            return None
        both = f"{parent} {state}" if state else parent
        return both if len(both) <= LONGEST_TRACE and both.isascii() else parent

    def enqueued(self, job_ids: Sequence[UUID]) -> None:
        """Add the identifier of one job, or how many there are."""
        if len(job_ids) == 1:
            self._span.set_attribute("messaging.message.id", str(job_ids[0]))
        else:
            self._span.set_attribute("messaging.batch.message_count", len(job_ids))


@frozen
class OpenTelemetryRunSpan:
    """Keeps the contract of `corelib.ports.tracer.RunSpan`."""

    _span: Span

    def ended(self, outcome: str) -> None:
        """Add the outcome."""
        self._span.set_attribute("corelib.job.outcome", outcome)
        if outcome not in _DONE:
            self._span.set_status(StatusCode.ERROR, outcome)

    def failed(self, error: BaseException) -> None:
        """Add the class of the error."""
        _fail(self._span, error)


def _attributes(operation: str, kind: str, queue: str) -> dict[str, str]:
    return {
        "messaging.system": SYSTEM,
        "messaging.operation.name": operation,
        "messaging.operation.type": kind,
        "messaging.destination.name": queue,
    }


def _fail(span: Span, error: BaseException) -> None:
    name = type(error).__qualname__
    module = type(error).__module__
    span.set_attribute("error.type", name if module == "builtins" else f"{module}.{name}")
    span.set_status(StatusCode.ERROR, type(error).__name__)


def _producer_of(job: Job) -> Context:
    """Return what the stored trace names, and nothing of what this thread traces at the moment."""
    parent, _, state = (job.trace or "").partition(" ")
    return _PROPAGATOR.extract({"traceparent": parent, "tracestate": state} if parent else {}, context=Context())
