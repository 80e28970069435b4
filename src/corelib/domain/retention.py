"""How long jobs are kept after they have ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from attrs import field, frozen

from corelib.domain.job import JobState
from corelib.errors import InvalidSetting


@frozen
class Retention:
    """How long jobs of a kind stay in the store after they have come to a final state.

    Args:
        succeeded: None keeps them for ever; 0 removes them with the next round.
        cancelled: likewise; by default as those that have succeeded.
        dead: likewise, for the dead letters; by default for ever, since somebody is to look at them.

    Raises:
        InvalidSetting: for a negative time.

    Example:
        >>> Retention(timedelta(days=7), dead=timedelta(days=90)).cancelled
        datetime.timedelta(days=7)
    """

    succeeded: timedelta | None = None
    cancelled: timedelta | None = field(kw_only=True)
    dead: timedelta | None = field(default=None, kw_only=True)

    @cancelled.default
    def _default_cancelled(self) -> timedelta | None:
        return self.succeeded

    def __attrs_post_init__(self) -> None:
        for state, kept in self:
            if kept < timedelta(0):
                raise InvalidSetting(f"Jobs that are {state.value} cannot be kept for {kept}.", hint="Say 0 or more.")

    def __iter__(self) -> Iterator[tuple[JobState, timedelta]]:
        """Go through the states whose jobs are removed, each with its time."""
        times = {JobState.SUCCEEDED: self.succeeded, JobState.CANCELLED: self.cancelled, JobState.DEAD: self.dead}
        return iter([(state, kept) for state, kept in times.items() if kept is not None])

    @property
    def shortest(self) -> timedelta | None:
        """Return the shortest of the times; None if all are kept for ever."""
        return min((kept for _, kept in self), default=None)
