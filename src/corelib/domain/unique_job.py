"""When two enqueued jobs are one: the rule, the key, and what became of an enqueuing under it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from enum import Enum
from hashlib import sha256

from attrs import field, frozen

from corelib.errors import InvalidSetting


class Until(Enum):
    """How long a unique job keeps others with its key out."""

    STARTED = "started"
    """While it waits, for its due time, a worker or the next attempt."""

    ENDED = "ended"
    """While it waits or runs, until it has succeeded or died."""


class OnConflict(Enum):
    """What an enqueuing does that meets a job with its key."""

    KEEP = "keep"
    """Keep the job that is there; its identifier is the answer."""

    REPLACE = "replace"
    """Put the new payload, context and due time into the job that waits; its identifier is the answer."""

    REFUSE = "refuse"
    """Raise `JobExists`."""


def _positive(_: object, attribute: object, value: timedelta | None) -> None:
    if value is not None and value <= timedelta(0):
        raise InvalidSetting(
            f"The {getattr(attribute, 'name', '')} of a unique job is {value}, which is not above zero."
        )


@frozen
class UniqueJob:
    """At most one job with a key. Of two transactions that enqueue one at the same moment, the second waits.

    Args:
        by: what of the payload is the key: the name of a field, several of them, or a function of the payload that
            returns texts, numbers or the like; None means the whole payload. Keys of other jobs and other tenants are
            other keys.
        until: how long the job keeps others out.
        window: keep them out for so long from its enqueuing instead, whatever became of the job.
        on_conflict: what a further enqueuing does.
        wait: least delay of every enqueuing, for a debounce.
        longest_wait: with REPLACE, the due time moves no further than so long after the first enqueuing.

    Raises:
        InvalidSetting: for a REPLACE of what may run or have run, which nobody can replace; for a time not above zero.
    """

    by: str | Sequence[str] | Callable[..., object] | None = None
    until: Until = field(default=Until.ENDED, kw_only=True)
    window: timedelta | None = field(default=None, validator=_positive, kw_only=True)
    on_conflict: OnConflict = field(default=OnConflict.KEEP, kw_only=True)
    wait: timedelta = field(default=timedelta(0), kw_only=True)
    longest_wait: timedelta | None = field(default=None, validator=_positive, kw_only=True)

    def __attrs_post_init__(self) -> None:
        replaces = self.on_conflict is OnConflict.REPLACE
        if replaces and (self.until is not Until.STARTED or self.window is not None):
            raise InvalidSetting(
                "A job that runs or has run cannot be replaced.",
                hint="With OnConflict.REPLACE take until=Until.STARTED and no window.",
            )
        if self.longest_wait is not None and not replaces:
            raise InvalidSetting(
                "Only a job that is replaced moves its due time.", hint="Leave longest_wait out, or take debounce()."
            )


def debounce(
    by: str | Sequence[str] | Callable[..., object] | None = None,
    *,
    wait: timedelta,
    longest_wait: timedelta | None = None,
) -> UniqueJob:
    """Return the rule by which a job runs once it was not enqueued for a while, with the last payload.

    Args:
        by: as in `UniqueJob`.
        wait: every enqueuing moves the due time to so long from now.
        longest_wait: but no further than so long after the first one; None means without limit.

    Example:
        >>> debounce("cart_id", wait=timedelta(seconds=5), longest_wait=timedelta(minutes=1)).until
        <Until.STARTED: 'started'>
    """
    if wait <= timedelta(0):
        raise InvalidSetting(f"A debounce waits for a time above zero, not {wait}.")
    return UniqueJob(by, until=Until.STARTED, on_conflict=OnConflict.REPLACE, wait=wait, longest_wait=longest_wait)


def throttle(by: str | Sequence[str] | Callable[..., object] | None = None, *, every: timedelta) -> UniqueJob:
    """Return the rule by which at most one job is enqueued in so much time; further ones are dropped.

    Args:
        by: as in `UniqueJob`.
        every: counted from the enqueuing of the last one that was taken.
    """
    return UniqueJob(by, window=every)


@frozen
class UniqueKey:
    """The key of one enqueuing.

    Args:
        digest: 64 hexadecimal digits, so that it is equal to another one whatever a column's collation says.
        rule: whose key it is.
    """

    digest: str
    rule: UniqueJob


def unique_key(job: str, tenant: str | None, key: str, rule: UniqueJob) -> UniqueKey:
    """Return the key of a job's name, its tenant and what was chosen of its payload, as text."""
    parts = (job, "" if tenant is None else f"tenant {tenant}", key)
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return UniqueKey(sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), rule)


class Outcome(Enum):
    """What became of an enqueuing under a key."""

    ADDED = "added"
    KEPT = "kept"
    REPLACED = "replaced"
    REFUSED = "refused"
