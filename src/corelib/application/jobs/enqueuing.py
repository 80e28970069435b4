"""From a handler and a payload to a job that can be stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from attrs import evolve, frozen

from corelib.application.context import current_context, new_context
from corelib.application.jobs.description import JobDescription
from corelib.application.jobs.payload_keys import chosen_of
from corelib.application.jobs.payloads import Payloads
from corelib.application.jobs.registry import JobRegistry
from corelib.application.no_tracer import NO_TRACER
from corelib.domain.context import Context
from corelib.domain.flow_place import FlowPlace
from corelib.domain.identifiers import new_id
from corelib.domain.job import HIGHEST_PRIORITY, LOWEST_PRIORITY, NewJob
from corelib.domain.limit_key import limit_key
from corelib.domain.lossy_job import LossyJob
from corelib.domain.unique_job import OnConflict, UniqueJob, unique_key
from corelib.errors import MisuseError
from corelib.ports.codec import Codec
from corelib.ports.tracer import Tracer

NOW = timedelta(0)


@frozen
class Wanted:
    """What is asked for beside handler and payload; see `JobQueue.enqueue`.

    Raises:
        MisuseError: for a negative delay, a priority out of range, an instant without an offset, or both of them.
    """

    delay: timedelta = NOW
    at: datetime | None = None
    priority: int | None = None
    unique_key: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.delay < NOW:
            raise MisuseError(f"A job cannot be enqueued with the negative delay {self.delay}.")
        if self.priority is not None and not LOWEST_PRIORITY <= self.priority <= HIGHEST_PRIORITY:
            raise MisuseError(f"The priority {self.priority} is not from {LOWEST_PRIORITY} to {HIGHEST_PRIORITY}.")
        if self.at is None:
            return
        if self.delay:
            raise MisuseError("A job was enqueued with a delay and for an instant.", hint="Take one of them.")
        if self.at.utcoffset() is None:
            raise MisuseError(
                f"A job cannot be enqueued for {self.at}, which has no offset.", hint="Take datetime(..., tzinfo=UTC)."
            )


AT_ONCE = Wanted()


@frozen
class Enqueuing:
    """Makes jobs of payloads.

    Args:
        registry: describes the host's jobs.
        codec: writes payloads.
        payloads: puts away those that are too large.
        tracer: records the enqueuing of jobs of flows, each by itself.
    """

    registry: JobRegistry
    codec: Codec
    payloads: Payloads
    tracer: Tracer = NO_TRACER

    def jobs(
        self,
        handler: Callable[..., object],
        payloads: Iterable[object],
        wanted: Wanted = AT_ONCE,
        *,
        trace: str | None = None,
    ) -> list[NewJob]:
        """Return a job for each payload.

        Args:
            handler: described by `@job`.
            payloads: of its class.
            wanted: what is asked for beside that.
            trace: names the span of the enqueuing.

        Raises:
            MisuseError, UnboundHandler, ValidationFailed, PayloadTooLarge: as `JobQueue.enqueue` says.
        """
        description = self.registry.description(handler)
        context = current_context() or new_context()
        return [self._job(description, payload, context, wanted, trace) for payload in payloads]

    def job(self, handler: Callable[..., object], payload: object, wanted: Wanted, place: FlowPlace) -> NewJob:
        """Return a job for a place in a flow; raises as `jobs` does."""
        description = self.registry.description(handler)
        context = current_context() or new_context()
        with self.tracer.enqueuing(description.name, description.queue) as span:
            made = self._job(description, payload, context, wanted, span.trace)
            span.enqueued([made.id])
        unique = made.unique
        if unique is not None:
            unique = evolve(unique, rule=evolve(unique.rule, on_conflict=OnConflict.REFUSE, longest_wait=None))
        return evolve(made, place=place, unique=unique)

    def lossy(
        self, handler: Callable[..., object], payloads: Iterable[object], wanted: Wanted = AT_ONCE
    ) -> list[LossyJob] | None:
        """Return a job without a row for each payload; None if the jobs of this handler have rows.

        Raises:
            MisuseError, UnboundHandler, ValidationFailed, PayloadTooLarge: as `JobQueue.enqueue` says.
        """
        description = self.registry.description(handler)
        if description.durable:
            return None
        if wanted != AT_ONCE:
            raise MisuseError(
                f"The job {description.name} is not durable, so it can neither wait, nor have a priority or a key.",
                hint="Leave out durable=False, or the rest.",
            )
        context = current_context() or new_context()
        return [self._lossy(description, payload, context) for payload in payloads]

    def _lossy(self, description: JobDescription, payload: object, context: Context) -> LossyJob:
        description.check_payload(payload)
        text = self.codec.encode(payload)
        self.payloads.check_size(description.name, text)
        return LossyJob(new_id(), description.name, description.queue, text, context, description.version)

    def _job(
        self, description: JobDescription, payload: object, context: Context, wanted: Wanted, trace: str | None
    ) -> NewJob:
        description.check_payload(payload)
        if not description.durable:
            raise MisuseError(
                f"The job {description.name} is not durable, and a row was to be made of it.",
                hint="Enqueue it by itself, or leave out durable=False.",
            )
        job_id, text, rule = new_id(), self.codec.encode(payload), _rule(description, wanted)
        unique, delay = None, wanted.delay
        if rule is not None:
            chosen = wanted.unique_key
            if chosen is None:
                chosen = chosen_of(description.name, payload, text, rule.by, purpose="unique")
            unique = unique_key(description.name, context.tenant, chosen, rule)
            delay = delay if wanted.at is not None else max(delay, rule.wait)
        if description.batch is not None and wanted.at is None:
            delay = max(delay, description.batch.wait)
        stored, key = self.payloads.stored(description.name, job_id, text)
        return NewJob(
            id=job_id,
            name=description.name,
            queue=description.queue,
            payload=stored,
            context=context,
            max_attempts=description.attempts,
            timeout=description.timeout,
            delay=delay,
            due_at=wanted.at,
            payload_version=description.version,
            payload_key=key,
            trace=trace,
            unique=unique,
            limit_key=limit_key_of(description, payload, text, context),
            priority=description.priority if wanted.priority is None else wanted.priority,
        )


def _rule(description: JobDescription, wanted: Wanted) -> UniqueJob | None:
    """Return the rule of the job; a key without one has the plainest."""
    if description.unique is None and wanted.unique_key is not None:
        return UniqueJob()
    return description.unique


def limit_key_of(description: JobDescription, payload: object, text: str, context: Context) -> str | None:
    """Return the key by which the limits of the queue count a job; None if it has none.

    Args:
        description: of the job.
        payload: as its handler takes it.
        text: the same as JSON.
        context: whose tenant counts.

    Raises:
        MisuseError: if the payload has no such field.
    """
    if description.per_key is None:
        return None
    by = description.per_key.by
    return limit_key(context.tenant, chosen_of(description.name, payload, text, by, purpose="limited"))
