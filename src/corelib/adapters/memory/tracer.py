"""A tracer that keeps its spans, for tests."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from attrs import define, field

from corelib.domain.job import Job

_TRACE = re.compile(r"00-(?P<trace>(?!0{32})[0-9a-f]{32})-(?P<span>(?!0{16})[0-9a-f]{16})-[0-9a-f]{2}(?: .*)?")


@define(eq=False)
class MemorySpan:
    """A span as it was told.

    Args:
        kind: `enqueue` or `run`.
        name: of the job.
        queue: of the job.
        trace_id: 32 hexadecimal digits, the same for all spans that belong together.
        span_id: 16 hexadecimal digits.
        parent: identifier of the span that this one is a part of.
        job_ids: of the jobs that were made, or of the one that was run.
        attempt: of a run.
        outcome: of a run.
        error: class of the error that ended it.
    """

    kind: str
    name: str
    queue: str
    trace_id: str
    parent: str | None = None
    job_ids: Sequence[UUID] = ()
    attempt: int | None = None
    outcome: str | None = None
    error: type[BaseException] | None = None
    span_id: str = field(factory=lambda: secrets.token_hex(8))

    @property
    def trace(self) -> str:
        """Return the value of a header `traceparent`."""
        return f"00-{self.trace_id}-{self.span_id}-01"

    def enqueued(self, job_ids: Sequence[UUID]) -> None:
        """Keep the jobs."""
        self.job_ids = tuple(job_ids)

    def ended(self, outcome: str) -> None:
        """Keep the outcome."""
        self.outcome = outcome

    def failed(self, error: BaseException) -> None:
        """Keep the class of the error."""
        self.error = type(error)


class MemoryTracer:
    """Keeps the contract of `corelib.ports.tracer.Tracer`."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._ended: list[MemorySpan] = []
        self._current: ContextVar[MemorySpan | None] = ContextVar("corelib_memory_span", default=None)

    @property
    def spans(self) -> list[MemorySpan]:
        """Return the spans that have ended, in the order in which they did."""
        with self._guard:
            return list(self._ended)

    @contextmanager
    def enqueuing(self, name: str, queue: str) -> Iterator[MemorySpan]:
        """Give a span to the block."""
        around = self._current.get()
        trace_id, parent = (secrets.token_hex(16), None) if around is None else (around.trace_id, around.span_id)
        with self._kept(MemorySpan("enqueue", name, queue, trace_id, parent)) as span:
            yield span

    @contextmanager
    def running(self, job: Job) -> Iterator[MemorySpan]:
        """Give a span to the block."""
        found = _TRACE.fullmatch(job.trace or "")
        trace_id, parent = (secrets.token_hex(16), None) if found is None else (found["trace"], found["span"])
        span = MemorySpan("run", job.name, job.queue, trace_id, parent, job_ids=(job.id,), attempt=job.attempts)
        with self._kept(span):
            yield span

    @contextmanager
    def _kept(self, span: MemorySpan) -> Iterator[MemorySpan]:
        token = self._current.set(span)
        try:
            yield span
        except BaseException as error:
            span.failed(error)
            raise
        finally:
            self._current.reset(token)
            with self._guard:
                self._ended.append(span)
