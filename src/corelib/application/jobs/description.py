"""`@job` describes a function; it registers nothing and connects to nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import TypeVar

from attrs import field, frozen, validators

from corelib.application.binding import message_class
from corelib.domain.backoff import Backoff
from corelib.errors import MisuseError

F = TypeVar("F", bound=Callable[..., None])
_MARK = "__corelib_job__"


@frozen
class JobDescription:
    """What is known about a job before any host runs it.

    Args:
        handler: the described function.
        name: under which the job is stored; renaming the function does not change it if it is given.
        queue: which workers take it.
        attempts: how many runs it gets in all.
        backoff: how long to wait after a failed run.
        timeout: how long one run may hold the job; a worker that dies loses it after this time at the latest.
    """

    handler: Callable[..., None]
    name: str = field(validator=validators.min_len(1))
    queue: str = field(validator=validators.matches_re(r"[a-z0-9][a-z0-9_-]{0,60}"))
    attempts: int = field(validator=validators.ge(1))
    backoff: Backoff
    timeout: timedelta

    @cached_property
    def payload(self) -> type:
        """Return the class of the handler's first parameter."""
        return message_class(self.handler)

    def check_payload(self, payload: object) -> None:
        """Make sure that a payload is of the class that the handler takes.

        Raises:
            MisuseError: if it is not.
        """
        if type(payload) is not self.payload:
            raise MisuseError(
                f"The job {self.name} takes a {self.payload.__name__}, not a {type(payload).__name__}.",
            )


def job(
    *,
    queue: str = "default",
    attempts: int = 1,
    backoff: Backoff | None = None,
    timeout: timedelta = timedelta(minutes=1),
    name: str | None = None,
) -> Callable[[F], F]:
    """Describe a function as the handler of a durable job.

    The function's first parameter is the payload, an attrs class. It may further ask for the `UnitOfWork` whose commit
    also marks the job as done, for the `JobRun`, and for any port of the host. The function stays what it is: tests
    call it directly.

    Args:
        queue: lower-case letters, digits, `-` and `_`.
        attempts: runs in all, at least 1; 3 means three runs.
        backoff: waiting time between runs; by default exponential from one second.
        timeout: after which another worker may take the job over.
        name: under which jobs are stored; by default the function's name.

    Example:
        >>> from attrs import frozen
        >>> @frozen
        ... class Greeting:
        ...     name: str
        >>> @job(queue="mail", attempts=3)
        ... def greet(payload: Greeting) -> None: ...
        >>> description_of(greet).attempts
        3
    """

    def describe(function: F) -> F:
        description = JobDescription(
            handler=function,
            name=name or function.__name__,
            queue=queue,
            attempts=attempts,
            backoff=backoff or Backoff(),
            timeout=timeout,
        )
        setattr(function, _MARK, description)
        return function

    return describe


def description_of(handler: Callable[..., object]) -> JobDescription:
    """Return what `@job` said about a function.

    Raises:
        MisuseError: if the function is not described.
    """
    description = getattr(handler, _MARK, None)
    if not isinstance(description, JobDescription):
        name = getattr(handler, "__name__", repr(handler))
        raise MisuseError(f"{name} is not a job.", hint="Put @job(...) above it.")
    return description
