"""How long jobs are kept after they have ended, and how many of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from attrs import field, frozen

from corelib.domain.job import FINAL_STATES, JobState
from corelib.errors import InvalidSetting, MisuseError


@frozen
class Keep:
    """Which ended jobs stay: those that ended not long ago, the newest ones, or those of which both is true.

    Args:
        age: since a job has ended; None for no limit, 0 removes it with the next round.
        newest: so many, by the order in which they were enqueued; None for no limit.

    Raises:
        InvalidSetting: for a negative time or number.

    Example:
        >>> Keep(timedelta(days=7), newest=1000).newest
        1000
    """

    age: timedelta | None = None
    newest: int | None = None

    def __attrs_post_init__(self) -> None:
        if self.age is not None and self.age < timedelta(0):
            raise InvalidSetting(f"Ended jobs cannot be kept for {self.age}.", hint="Say 0 or more.")
        if self.newest is not None and self.newest < 0:
            raise InvalidSetting(f"The newest {self.newest} jobs cannot be kept.", hint="Say 0 or more.")


def _keep(given: Keep | timedelta | None) -> Keep | None:
    return Keep(given) if isinstance(given, timedelta) else given


@frozen
class Retention:
    """How long jobs of a kind stay in the store after they have come to a final state.

    Args:
        succeeded: None keeps them for ever; 0 removes them with the next round; `Keep(...)` may limit their number.
        cancelled: likewise; by default as those that have succeeded.
        dead: likewise, for the dead letters; by default for ever, since somebody is to look at them.

    Raises:
        InvalidSetting: for a negative time.

    Example:
        >>> Retention(timedelta(days=7), dead=Keep(newest=500)).cancelled
        Keep(age=datetime.timedelta(days=7), newest=None)
    """

    succeeded: Keep | None = field(default=None, converter=_keep)
    cancelled: Keep | None = field(kw_only=True, converter=_keep)
    dead: Keep | None = field(default=None, kw_only=True, converter=_keep)

    @cancelled.default
    def _default_cancelled(self) -> Keep | None:
        return self.succeeded

    def __iter__(self) -> Iterator[tuple[JobState, Keep]]:
        """Go through the states whose jobs are removed, each with what stays."""
        kept = {JobState.SUCCEEDED: self.succeeded, JobState.CANCELLED: self.cancelled, JobState.DEAD: self.dead}
        return iter([(state, keep) for state, keep in kept.items() if keep is not None])

    @property
    def shortest(self) -> timedelta | None:
        """Return for how long a job stays at least; None if all stay for ever, 0 if others may take its place."""
        spans = [timedelta(0) if keep.newest is not None else keep.age for _, keep in self]
        return min((span for span in spans if span is not None), default=None)


def check_purge(state: JobState, beyond: int) -> None:
    """Refuse to purge what has not ended, or to leave less than nothing.

    Raises:
        MisuseError: in these cases.
    """
    if state not in FINAL_STATES:
        raise MisuseError(f"Jobs that are {state.value} are not purged.", hint="Name a final state.")
    if beyond < 0:
        raise MisuseError(f"Purging cannot leave {beyond} jobs alone.", hint="Say 0 or more.")
