"""Stored schedules."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from corelib.domain.job import Job, NewJob
from corelib.domain.schedule import DueSchedule, ScheduleSpec, ScheduleStatus


class ScheduleStore(Protocol):
    """Holds schedules and the jobs that they enqueued. Every call is one transaction of its own.

    What is due is judged by the clock of the store. Names are compared exactly.
    """

    def now(self) -> datetime:
        """Return the instant by the clock of the store, in UTC."""
        ...

    def put(self, spec: ScheduleSpec, *, revision: int, next_at: datetime | None, owner: str | None = None) -> bool:
        """Make a schedule, or replace what it is; pauses and its last occurrence stay.

        Args:
            spec: what it is from now on.
            revision: that of the schedule that is replaced; 0 if there is to be none of this name.
            next_at: its next occurrence; None if there is none.
            owner: the app that declares it.

        Returns:
            False if it has another revision by now, or was made or removed meanwhile; then nothing has changed.
        """
        ...

    def remove(self, name: str, *, owner: str | None = None) -> bool:
        """Remove a schedule; the jobs that it enqueued stay.

        Args:
            name: which one.
            owner: only if this app declares it; None for any.

        Returns:
            False if there is none.
        """
        ...

    def pause(self, name: str) -> bool:
        """Let it enqueue nothing; return False if there is none, or it is paused already."""
        ...

    def resume(self, name: str) -> bool:
        """Let a paused schedule go on; its policy decides about what it missed. Returns as `pause` does."""
        ...

    def find(self, name: str) -> ScheduleStatus | None:
        """Return a schedule, or None."""
        ...

    def list(self) -> Sequence[ScheduleStatus]:
        """Return all schedules by name."""
        ...

    def due(self, jobs: Collection[str], *, limit: int) -> Sequence[DueSchedule]:
        """Return schedules that are due and not paused, the one that waits longest first; nothing is locked.

        Args:
            jobs: only schedules of jobs with these names.
            limit: at most so many, 1 or more.
        """
        ...

    def fire(
        self, due: DueSchedule, jobs: Sequence[NewJob], *, next_at: datetime | None, last_at: datetime | None
    ) -> bool:
        """Move a schedule on, and enqueue the jobs of its occurrences in the same transaction.

        Of many who try at the same moment, one does it; nobody waits for another. A job whose identifier is there
        already has been enqueued before, and is left out.

        Args:
            due: as `due` returned it.
            jobs: of the occurrences; none if all were skipped.
            next_at: the occurrence after them.
            last_at: the newest of them; None leaves what there is.

        Returns:
            False if somebody else moves it or has moved it, or it was changed, paused or removed meanwhile; then
            nothing has changed.
        """
        ...

    def enqueue(self, name: str, job: NewJob) -> bool:
        """Enqueue a job for a schedule beside its occurrences; return False if there is no such schedule."""
        ...

    def runs(self, name: str, *, limit: int = 100) -> Sequence[Job]:
        """Return the jobs that a schedule enqueued, newest first, those of a removed one included."""
        ...
