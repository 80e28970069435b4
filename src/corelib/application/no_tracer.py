"""The tracer of hosts that trace nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from uuid import UUID

from corelib.domain.job import Job
from corelib.ports.tracer import EnqueueSpan, RunSpan


class _NoSpan:
    """Keeps nothing."""

    trace: str | None = None

    def enqueued(self, job_ids: Sequence[UUID]) -> None:
        """Do nothing."""

    def ended(self, outcome: str) -> None:
        """Do nothing."""

    def failed(self, error: BaseException) -> None:
        """Do nothing."""


_NOTHING: nullcontext[_NoSpan] = nullcontext(_NoSpan())


class NoTracer:
    """Keeps the contract of `corelib.ports.tracer.Tracer` by doing nothing, at the price of a call."""

    def enqueuing(self, name: str, queue: str) -> AbstractContextManager[EnqueueSpan]:  # noqa: ARG002 - the protocol's signature
        """Trace nothing."""
        return _NOTHING

    def running(self, job: Job) -> AbstractContextManager[RunSpan]:  # noqa: ARG002 - the protocol's signature
        """Trace nothing."""
        return _NOTHING


NO_TRACER: NoTracer = NoTracer()
