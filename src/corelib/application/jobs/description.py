"""`@job` describes a function; it registers nothing and connects to nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cached_property
from typing import TypeVar

from attrs import field, frozen, validators

from corelib.application.binding import message_class, takes_batch
from corelib.application.jobs.batch import Batch
from corelib.application.jobs.upcasting import NO_UPCASTERS, Upcaster, check_upcasters
from corelib.domain.backoff import Backoff
from corelib.domain.job import HIGHEST_PRIORITY, LOWEST_PRIORITY
from corelib.domain.job_queues import PerKey, Rate
from corelib.domain.retention import Keep, Retention
from corelib.domain.unique_job import UniqueJob
from corelib.errors import MisuseError, UnboundHandler

F = TypeVar("F", bound=Callable[..., object])
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
        timeout: how long one run may take.
        non_retryable: errors after which no attempt follows.
        priority: of the due jobs of a queue, those with a higher one are run first.
        concurrency: how many jobs of the queue run at a time, over all workers; None says nothing about it.
        rate: how many jobs of the queue begin within a time, over all workers; None says nothing about it.
        per_key: limits for the jobs of the queue whose payloads have the same key; None says nothing about it.
        retention: how long jobs are kept after they have ended; None keeps them for ever.
        unique: which enqueued jobs are one; None means that every enqueuing is a job.
        batch: how many jobs one call of the handler gets; None means one.
        version: of the payload's class, from 1.
        upcast: by version, what makes a payload of the next one of it.
        durable: whether it is a row; otherwise the broker's message is all there is of it.
    """

    handler: Callable[..., object]
    name: str = field(validator=validators.min_len(1))
    queue: str = field(validator=validators.matches_re(r"[a-z0-9][a-z0-9_-]{0,60}"))
    attempts: int = field(validator=validators.ge(1))
    backoff: Backoff
    timeout: timedelta = field(validator=validators.gt(timedelta(0)))
    non_retryable: tuple[type[Exception], ...] = ()
    priority: int = field(default=0, validator=[validators.ge(LOWEST_PRIORITY), validators.le(HIGHEST_PRIORITY)])
    concurrency: int | None = field(default=None, validator=validators.optional(validators.ge(1)))
    rate: Rate | None = None
    per_key: PerKey | None = None
    retention: Retention | None = None
    unique: UniqueJob | None = None
    batch: Batch | None = None
    version: int = field(default=1, validator=validators.ge(1))
    upcast: Mapping[int, Upcaster] = field(default=NO_UPCASTERS, hash=False)
    durable: bool = True

    def __attrs_post_init__(self) -> None:
        check_upcasters(self.name, self.version, self.upcast)
        self._check_retention()
        self._check_durable()

    @cached_property
    def payload(self) -> type:
        """Return the class of the handler's first parameter; of a batch, that of its payloads.

        Raises:
            UnboundHandler: if a batch is described and none is taken, or the other way round.
        """
        if takes_batch(self.handler) is not (self.batch is not None):
            raise UnboundHandler(
                f"The job {self.name} does not say twice whether its handler gets batches.",
                hint="Take a JobBatch[Payload] with @job(batch=Batch(...)), and a payload without.",
            )
        return message_class(self.handler)

    def _check_retention(self) -> None:
        """A window of unique jobs is measured by the row of the last one."""
        window = None if self.unique is None else self.unique.window
        kept = None if self.retention is None else self.retention.shortest
        if window is not None and kept is not None and kept < window:
            raise MisuseError(
                f"Jobs {self.name} are kept for {kept}, but unique for {window}.",
                hint="Keep them for at least as long as they are unique, and limit their age, not their number.",
            )

    def _check_durable(self) -> None:
        """Refuse what only a row can keep."""
        if self.durable:
            return
        needs = {
            "attempts": self.attempts > 1,
            "backoff": self.backoff != Backoff(),
            "non_retryable": bool(self.non_retryable),
            "priority": self.priority != 0,
            "concurrency": self.concurrency is not None,
            "rate": self.rate is not None,
            "per_key": self.per_key is not None,
            "retention": self.retention is not None,
            "batch": self.batch is not None,
            "unique": self.unique is not None,
        }
        asked = [name for name, is_asked in needs.items() if is_asked]
        if asked:
            raise MisuseError(
                f"The job {self.name} is not durable, so it cannot have {', '.join(asked)}: these need a row.",
                hint="Leave out durable=False, or the rest.",
            )

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
    non_retryable: tuple[type[Exception], ...] = (),
    name: str | None = None,
    priority: int = 0,
    concurrency: int | None = None,
    rate: Rate | None = None,
    per_key: PerKey | None = None,
    retention: Retention | Keep | timedelta | None = None,
    unique: UniqueJob | None = None,
    batch: Batch | None = None,
    version: int = 1,
    upcast: Mapping[int, Upcaster] = NO_UPCASTERS,
    durable: bool = True,
) -> Callable[[F], F]:
    """Describe a function as the handler of a durable job.

    The function's first parameter is the payload, an attrs class. It may further ask for the `UnitOfWork` whose commit
    also marks the job as done, for the `JobRun`, and for any port of the host. The function stays what it is: tests
    call it directly.

    Args:
        queue: lower-case letters, digits, `-` and `_`.
        attempts: runs in all, at least 1; 3 means three runs.
        backoff: waiting time between runs; by default exponential from one second.
        timeout: how long one run may take. After that its unit of work is rolled back and cannot be committed, and
            the attempt has failed. A handler that hangs is not stopped by that: see "Jobs: states and timing".
        non_retryable: errors after which the job is dead at once, whatever attempts are left; `ValidationFailed` and
            `NonRetryableError` are always among them.
        name: under which jobs are stored; by default the function's name.
        priority: from -100 to 100; of the due jobs of a queue, those with a higher one are run first.
        concurrency: how many jobs of the queue run at a time, over all workers and all jobs of that queue.
        rate: how many jobs of the queue begin within a time, likewise.
        per_key: limits for the jobs of the queue whose payloads have the same key, over all workers:
            `PerKey("customer_id", concurrency=1, rate=Rate(10, per=timedelta(minutes=1)))`. Other keys do not
            wait.
        retention: how long jobs are kept after they have ended; by default for ever. A time is that of jobs that have
            succeeded or were cancelled; `Retention(timedelta(days=7), dead=timedelta(days=90))` says more. Workers
            remove what was kept for so long, in small portions.
        batch: how many jobs one call of the handler gets, as `Batch(size=100)`; the handler then takes a
            `JobBatch[Payload]` in the place of a payload.
        unique: which enqueued jobs are one, as `UniqueJob(by="video_id")`, `debounce(...)` or `throttle(...)`.
        version: of the payload's class; count it up with every change that older payloads do not fit.
        upcast: for each older version that may still be stored, a function from its JSON object to that of the next
            version: `{1: add_currency, 2: split_name}`. It is called when a payload is read, may change what it gets,
            and returns the new one.
        durable: False for a job that may be lost, and may sometimes run twice: it has no row, its message carries the
            payload, and it is sent after the commit. It runs once, whatever comes of that. See "Jobs that may be lost".

    Raises:
        MisuseError: if the upcasters leave a version out, jobs are kept for a shorter time than they are unique, or
            something that needs a row is asked for a job that has none.
        InvalidSetting: if jobs are to be kept for a negative time.

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
            non_retryable=non_retryable,
            priority=priority,
            concurrency=concurrency,
            rate=rate,
            per_key=per_key,
            retention=Retention(retention) if isinstance(retention, timedelta | Keep) else retention,
            unique=unique,
            batch=batch,
            version=version,
            upcast=upcast,
            durable=durable,
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
