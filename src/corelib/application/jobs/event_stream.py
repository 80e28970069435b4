"""Reading recorded job events, once or for as long as somebody wants to."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta

from corelib.domain.job_event_record import StoredJobEvent
from corelib.errors import TransientFailure
from corelib.ports.job_events import JobEventLog

HALF_A_SECOND = timedelta(milliseconds=500)
PORTION = 500


class JobEventStream:
    """The job events that the processes of a host have recorded, if its `App` says for how long to keep them.

    Args:
        log: where they are.
        keep: for how long they are kept; None if the app does not record any.
    """

    def __init__(self, log: JobEventLog, keep: timedelta | None = None) -> None:
        self._log = log
        self.keep: timedelta | None = keep

    def read(self, *, after: str | None = None, limit: int = 100) -> Sequence[StoredJobEvent]:
        """Return the events behind a cursor, oldest first (see `JobEventLog.read`)."""
        return self._log.read(after=after, limit=limit)

    def end(self) -> str:
        """Return the cursor behind which only events come that nobody can read yet."""
        return self._log.end()

    def follow(
        self,
        *,
        after: str | None = None,
        poll: timedelta = HALF_A_SECOND,
        stopping: threading.Event | None = None,
    ) -> Iterator[StoredJobEvent]:
        """Go through the events behind a cursor, and then wait for those to come.

        Store the cursor of what was worked on, and go on behind it after a restart: then nothing is missed, and what
        was not stored yet comes again. While the store does not answer, it is asked again.

        Args:
            after: the cursor of an event that was read, or `end()`; None begins with the oldest that is kept.
            poll: pause before the store is asked again when there was nothing new.
            stopping: ends it when set.

        Raises:
            InvalidCursor, JobEventsPurged: as `read` does.
        """
        stopping = stopping or threading.Event()
        while not stopping.is_set():
            portion = self._portion(after)
            for stored in portion:
                yield stored
                after = stored.cursor
            if not portion:
                stopping.wait(poll.total_seconds())

    def _portion(self, after: str | None) -> Sequence[StoredJobEvent]:
        try:
            return self._log.read(after=after, limit=PORTION)
        except TransientFailure:
            return ()
