"""Traces: what enqueued a job and what its runs did, as spans that belong together."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol
from uuid import UUID

from corelib.domain.job import Job


class EnqueueSpan(Protocol):
    """The span of one enqueuing, of one job or of many."""

    @property
    def trace(self) -> str | None:
        """Return what is stored with each job, so that its runs find this span; at most 600 characters of ASCII.

        It is the value of a header `traceparent` (W3C, "Trace Context"); behind a blank there may be that of
        `tracestate`. None if there is nothing to be found.
        """
        ...

    def enqueued(self, job_ids: Sequence[UUID]) -> None:
        """Say which jobs were made."""
        ...


class RunSpan(Protocol):
    """The span of one run."""

    def ended(self, outcome: str) -> None:
        """Say how the run ended, as `succeeded`, `retried` or `dead`; said once, at the end."""
        ...

    def failed(self, error: BaseException) -> None:
        """Say which error ended the run.

        Only its class is recorded: messages of errors quote payloads, and a trace is read by more people than the row
        of the job, which has the message.
        """
        ...


class Tracer(Protocol):
    """Records spans, or does nothing. It is called for every job, by many threads, and never raises."""

    def enqueuing(self, name: str, queue: str) -> AbstractContextManager[EnqueueSpan]:
        """Give the span of an enqueuing to the block, as a part of what the caller's thread traces at the moment.

        An error that the block raises ends the span with the error's class.

        Args:
            name: of the job.
            queue: that it will wait in.
        """
        ...

    def running(self, job: Job) -> AbstractContextManager[RunSpan]:
        """Give the span of a run to the block; what the block traces is a part of it.

        It belongs to the span that `Job.trace` names. If that names none, or is no trace, it begins a trace.
        """
        ...
