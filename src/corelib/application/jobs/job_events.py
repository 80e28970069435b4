"""`@on_job` says of which jobs a function is told; it registers nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from attrs import frozen

from corelib.application.binding import BoundHandler, bind, message_class
from corelib.application.jobs.description import JobDescription, description_of
from corelib.domain.job_events import JobEvent
from corelib.errors import MisuseError, UnboundHandler
from corelib.ports.unit_of_work import UnitOfWork

F = TypeVar("F", bound=Callable[..., None])
_MARK = "__corelib_on_job__"


@frozen
class JobSelection:
    """Which jobs are meant: those that agree with everything that is given.

    Args:
        jobs: their descriptions; none means all.
        queue: in which they wait; None means any.
    """

    jobs: tuple[JobDescription, ...] = ()
    queue: str | None = None

    def has(self, event: JobEvent) -> bool:
        """Return whether the job of an event is meant."""
        if self.queue is not None and event.queue != self.queue:
            return False
        return not self.jobs or any(event.name == description.name for description in self.jobs)

    @property
    def payloads(self) -> set[type]:
        """Return the classes of the payloads of the jobs that are named."""
        return {description.payload for description in self.jobs}


ALL: JobSelection = JobSelection()


def on_job(*jobs: Callable[..., object], queue: str | None = None) -> Callable[[F], F]:
    """Limit a handler of job events to some jobs, or to a queue; without it, the handler is told of all jobs.

    The handler's first parameter is the event, annotated with its class; of a class with subclasses it gets those as
    well. It may further ask for the job's payload by its class, if the jobs that are named have the same, for a
    `UnitOfWork` of its own, which is committed when it returns, and for any port of the host. Hand it to
    `App(job_events=[...])`.

    Args:
        jobs: functions described by `@job`.
        queue: the queue of the jobs.

    Raises:
        MisuseError: if neither is given, or a function is not described by `@job`.

    Example:
        >>> from attrs import frozen
        >>> from corelib import JobSucceeded, Logger, job
        >>> @frozen
        ... class Greeting:
        ...     name: str
        >>> @job()
        ... def greet(payload: Greeting) -> None: ...
        >>> @on_job(greet)
        ... def completed(event: JobSucceeded, payload: Greeting, log: Logger) -> None:
        ...     log.info("greeted", name=payload.name, took=event.duration)
    """
    if not jobs and queue is None:
        raise MisuseError("@on_job() names neither a job nor a queue.", hint="Leave it out to be told of all jobs.")
    selection = JobSelection(tuple(description_of(job) for job in jobs), queue)

    def describe(function: F) -> F:
        setattr(function, _MARK, selection)
        return function

    return describe


@frozen
class JobEventHandler:
    """A handler of job events with its ports supplied.

    Args:
        bound: the handler.
        selection: the jobs of which it is told.
    """

    bound: BoundHandler
    selection: JobSelection

    def takes(self, event: JobEvent) -> bool:
        """Return whether it is told of an event."""
        return isinstance(event, self.bound.message) and self.selection.has(event)

    @property
    def wants_payload(self) -> bool:
        """Return whether it asks for the payload."""
        return any(self.bound.wants(kind) for kind in self.selection.payloads)


def bind_job_event_handler(handler: Callable[..., None], ports: Mapping[type, object]) -> JobEventHandler:
    """Supply a handler of job events with its ports.

    Raises:
        UnboundHandler: if its first parameter is not annotated with a class of job events, or another one asks for
            something that nobody supplies.
    """
    selection = getattr(handler, _MARK, ALL)
    message = message_class(handler)
    if not issubclass(message, JobEvent):
        raise UnboundHandler(
            f"{handler.__qualname__} is to be told of jobs, but takes a {message.__name__}.",
            hint="Annotate its first parameter with a job event, as JobSucceeded or JobDead.",
        )
    payloads = selection.payloads if len(selection.payloads) == 1 else set()
    return JobEventHandler(bind(handler, ports, (UnitOfWork, *payloads)), selection)
