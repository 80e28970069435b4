"""Enqueuing of durable jobs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol
from uuid import UUID


class JobQueue(Protocol):
    """Takes jobs that are to run after the unit of work commits."""

    def enqueue(self, handler: Callable[..., None], payload: object, *, delay: timedelta = timedelta(0)) -> UUID:
        """Enqueue a run of `handler` with this payload, in the transaction of the unit of work.

        Nothing is enqueued unless the unit of work commits.

        Args:
            handler: a function that `@job` describes.
            payload: an instance of the payload class that the handler's first parameter is annotated with.
            delay: how long to wait, counted from now by the clock of the store.

        Returns:
            The job's identifier.

        Raises:
            MisuseError: if the function is not described by `@job`, the payload is of another class, or the delay is
                negative.
            UnboundHandler: if this host has not registered the job.
            ValidationFailed: if the payload cannot be written as JSON.
        """
        ...
