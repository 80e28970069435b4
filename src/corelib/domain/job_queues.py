"""Queues as values: what limits them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from attrs import field, frozen, validators

from corelib.domain.job import JobState
from corelib.errors import InvalidSetting

UNFINISHED: tuple[JobState, ...] = (JobState.PENDING, JobState.RUNNING, JobState.PARKED, JobState.DEAD)
"""States of jobs with which something is still to be done."""


def _a_millisecond_at_least(_: object, __: object, value: timedelta) -> None:
    if value < timedelta(milliseconds=1):
        raise ValueError(f"'per' is {value}, but must be a millisecond or more.")


@frozen
class Rate:
    """How many jobs may begin within a time, over all workers.

    The window opens with the first job; when it is over, the next job opens another one. So within any time of that
    length there are at most twice as many.

    Args:
        limit: jobs, 1 or more.
        per: length of the window.
    """

    limit: int = field(validator=validators.ge(1))
    per: timedelta = field(default=timedelta(seconds=1), validator=_a_millisecond_at_least)


By = str | Sequence[str] | Callable[..., object]
"""What of a payload is a key: the name of a field, several of them, or a function of the payload."""


@frozen
class PerKey:
    """Limits for the jobs of a queue whose payloads have the same key, over all workers.

    Jobs of other keys do not wait for them.

    Args:
        by: what of the payload is the key. Keys of other tenants are other keys.
        concurrency: how many of them run at a time; None means no limit.
        rate: how many of them begin within a time; None means no limit.

    Raises:
        InvalidSetting: if there is no limit.

    Example:
        >>> PerKey("customer_id", concurrency=1, rate=Rate(10, per=timedelta(minutes=1))).concurrency
        1
    """

    by: By
    concurrency: int | None = field(default=None, validator=validators.optional(validators.ge(1)), kw_only=True)
    rate: Rate | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.concurrency is None and self.rate is None:
            raise InvalidSetting("Jobs of a key have no limit.", hint="Say concurrency=, rate=, or both.")


@frozen
class Queue:
    """What a host says about a queue of its jobs.

    Args:
        name: lower-case letters, digits, `-` and `_`.
        concurrency: how many of its jobs run at a time, over all workers; None means no limit.
        rate: how many may begin within a time, over all workers; None means no limit.
        key_concurrency: how many with the same key run at a time, likewise; `@job(per_key=...)` says what the key is.
        key_rate: how many with the same key may begin within a time, likewise.
    """

    name: str = field(validator=validators.matches_re(r"[a-z0-9][a-z0-9_-]{0,60}"))
    concurrency: int | None = field(default=None, validator=validators.optional(validators.ge(1)))
    rate: Rate | None = None
    key_concurrency: int | None = field(default=None, validator=validators.optional(validators.ge(1)))
    key_rate: Rate | None = None

    @property
    def declaration(self) -> str:
        """Return its limits as a text that changes whenever they do."""
        limits = f"{self.concurrency or ''};{_text_of(self.rate)}"
        if self.key_concurrency is None and self.key_rate is None:
            return limits
        return f"{limits};{self.key_concurrency or ''};{_text_of(self.key_rate)}"


def _text_of(rate: Rate | None) -> str:
    return "" if rate is None else f"{rate.limit}/{rate.per // timedelta(milliseconds=1)}"


@frozen
class QueueStatus:
    """A queue as the store has it.

    Args:
        name: of the queue.
        paused_at: since when nobody claims its jobs; None if they are claimed.
        concurrency: as in `Queue`.
        rate: as in `Queue`.
        key_concurrency: as in `Queue`.
        key_rate: as in `Queue`.
    """

    name: str
    paused_at: datetime | None = None
    concurrency: int | None = None
    rate: Rate | None = None
    key_concurrency: int | None = None
    key_rate: Rate | None = None


def _none() -> Mapping[JobState, int]:
    return dict.fromkeys(UNFINISHED, 0)


@frozen
class QueueDepth:
    """How many jobs of a queue are still to be done.

    Args:
        queue: its name.
        jobs: how many there are in each of the states `UNFINISHED`.
        due: how many of the pending ones could start now.
        oldest_due: since when the oldest of these is due; nothing if there is none.
    """

    queue: str
    jobs: Mapping[JobState, int] = field(factory=_none)
    due: int = 0
    oldest_due: timedelta = timedelta(0)

    @classmethod
    def together(cls, queue: str, depths: Iterable[QueueDepth]) -> QueueDepth:
        """Return what several queues have together, under one name."""
        all_of = list(depths)
        jobs = {state: sum(depth.jobs.get(state, 0) for depth in all_of) for state in UNFINISHED}
        oldest = max((depth.oldest_due for depth in all_of), default=timedelta(0))
        return cls(queue, jobs, sum(depth.due for depth in all_of), oldest)
