"""Enqueuing of durable jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from corelib.domain.flow import EnqueuedFlow
from corelib.domain.flow_steps import Flow


class JobQueue(Protocol):
    """Takes jobs that are to run after the unit of work commits."""

    def enqueue(
        self,
        handler: Callable[..., object],
        payload: object,
        *,
        delay: timedelta = timedelta(0),
        priority: int | None = None,
        at: datetime | None = None,
        unique_key: str | None = None,
    ) -> UUID:
        """Enqueue a run of `handler` with this payload, in the transaction of the unit of work.

        Nothing is enqueued unless the unit of work commits. A payload that is too large for a row is put into the
        host's `ObjectStorage` now; without a commit it is left there until the next sweep.

        A unique job is looked for and written at once. Until this unit of work ends, another one that enqueues the same
        key waits for it, and the job that was there, if it waits, does not start: when it does, it sees what this unit
        of work has committed. So enqueue it after calls of outside services.

        Args:
            handler: a function that `@job` describes.
            payload: an instance of the payload class that the handler's first parameter is annotated with.
            delay: how long to wait, counted from now by the clock of the store.
            priority: from -100 to 100; by default that of `@job`.
            at: the instant to wait for, instead; one that is over means now.
            unique_key: the key of a unique job, instead of what its rule makes of the payload. For a job without such a
                rule it is that of `UniqueJob()`: one until it has ended, and that is kept.

        Returns:
            The job's identifier; of a unique job that was kept or replaced, the identifier of that one.

        Raises:
            MisuseError: if the function is not described by `@job`, the payload is of another class, the delay is
                negative, the instant has no offset, both are given, or the priority is out of range.
            UnboundHandler: if this host has not registered the job.
            ValidationFailed: if the payload cannot be written as JSON.
            PayloadTooLarge: if it is too large for a row, and the host has no `ObjectStorage`.
            JobExists: if there is a job with its key, and its rule is to refuse another.
            TransientFailure: if a unit of work that has enqueued the same key does not end in time.
        """
        ...

    def enqueue_many(
        self,
        handler: Callable[..., object],
        payloads: Iterable[object],
        *,
        delay: timedelta = timedelta(0),
        at: datetime | None = None,
        priority: int | None = None,
    ) -> list[UUID]:
        """Enqueue a run for each payload, in the order in which they come, with few statements for all of them.

        Unique jobs are looked for one by one. All, or none if one payload is refused.

        Returns:
            The identifiers, in the order of the payloads.

        Raises:
            CorelibError: as `enqueue` does.
        """
        ...

    def enqueue_flow(self, flow: Flow) -> EnqueuedFlow:
        """Enqueue jobs that wait for one another, with few statements for all of them.

        They exist as a whole or not at all. Those with nothing before them are pending, the others wait (see
        `corelib.domain.flow_steps` and `JobFlows`).

        Args:
            flow: what `chain`, `group` or `step` returned.

        Raises:
            MisuseError: if it has no step; else as `enqueue` does.
            JobExists: if there is a job with the key of a unique one, whatever its rule says.
            CorelibError: as `enqueue` does.
        """
        ...
