"""A clock that a test moves by hand."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from corelib.errors import MisuseError


class ManualClock:
    """Stands still until it is told to move.

    Args:
        start: the first instant, with a time zone.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        if start.tzinfo is None:
            raise MisuseError("A clock needs a start with a time zone.", hint="Pass tzinfo=UTC.")
        self._now = start.astimezone(UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the instant it stands at."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move forward.

        Raises:
            MisuseError: if `by` is negative: clocks of this port never go back.
        """
        if by < timedelta(0):
            raise MisuseError(f"A clock cannot go back by {-by}.")
        with self._lock:
            self._now += by
