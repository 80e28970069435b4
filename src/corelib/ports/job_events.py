"""Who is told what happens to jobs, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from corelib.domain.job_event_record import StoredJobEvent
from corelib.domain.job_events import JobEvent


class JobEventListener(Protocol):
    """Takes what a store has done with jobs, in this process."""

    def __call__(self, events: Sequence[JobEvent], /) -> None:
        """Take events that belong together, in their order, once their transaction is committed.

        It is called by the thread that has committed, which waits for it: so it is quick, never raises, and asks
        nothing of the store.
        """
        ...


class JobEventLog(Protocol):
    """The job events that a storage has recorded, for readers in other processes, also those that begin later.

    They are in the order in which their transactions became known to be over: no event ever appears before one that
    somebody has read, so that whoever reads on after the last cursor misses none. Events of one transaction stay
    together, in their order; those of one job are in the order in which they happened.
    """

    def read(self, *, after: str | None = None, limit: int = 100) -> Sequence[StoredJobEvent]:
        """Return the events behind a cursor, oldest first.

        An event is held back while a transaction that began to write earlier has not ended.

        Args:
            after: the cursor of an event that was read, or one of `end`; None begins with the oldest that is kept.
            limit: at most so many, 1 or more.

        Raises:
            InvalidCursor: if it is no cursor.
            JobEventsPurged: if events behind the cursor are not kept any more.
        """
        ...

    def end(self) -> str:
        """Return the cursor behind which only events come that nobody can read yet."""
        ...

    def purge(self, *, older_than: timedelta, limit: int = 1000) -> int:
        """Remove the oldest events if they are older, in one short transaction; return how many.

        Args:
            older_than: their age, by the clock of the store.
            limit: at most so many; call again until the answer is 0.
        """
        ...
