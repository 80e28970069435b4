"""The rows of jobs, found by identifier, by queue and state, and the pending ones of a queue by their order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from heapq import heappop, heappush
from uuid import UUID

from attrs import define, field

from corelib.domain.job import Job, JobAttempt, JobState
from corelib.domain.job_progress import JobLogLine

Place = tuple[int, datetime, UUID]
"""Where a pending job stands in its queue; lower ones are run first."""


@define(eq=False)
class Row:
    """What the row of a database has; its table is told when the job changes."""

    _job: Job
    token: UUID | None
    wake_at: datetime | None
    attempts: list[JobAttempt] = field(factory=list)
    log: list[JobLogLine] = field(factory=list)
    start_delay: timedelta | None = None
    counted: bool = False
    skipped: bool = False
    changed: Callable[[Row, Job], None] | None = field(default=None, init=False, repr=False)

    @property
    def job(self) -> Job:
        """Return the job as it is now."""
        return self._job

    @job.setter
    def job(self, job: Job) -> None:
        before, self._job = self._job, job
        if self.changed is not None:
            self.changed(self, before)


class JobTable:
    """All rows. A claim costs about the same however many jobs there are, as it does with the index of a database."""

    def __init__(self) -> None:
        self._by_id: dict[UUID, Row] = {}
        self._by_state: defaultdict[JobState, defaultdict[str, dict[UUID, Row]]] = defaultdict(
            lambda: defaultdict(dict)
        )
        # Places that jobs have left stay in the heaps until they are come across.
        self._pending: defaultdict[str, list[Place]] = defaultdict(list)

    def __setitem__(self, job_id: UUID, row: Row) -> None:
        self._by_id[job_id] = row
        row.changed = self._moved
        self._enter(row)

    def __getitem__(self, job_id: UUID) -> Row:
        return self._by_id[job_id]

    def __delitem__(self, job_id: UUID) -> None:
        row = self._by_id.pop(job_id)
        row.changed = None
        self._leave(row.job)

    def __contains__(self, job_id: UUID) -> bool:
        return job_id in self._by_id

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, job_id: UUID) -> Row | None:
        """Return a row, or None."""
        return self._by_id.get(job_id)

    def values(self) -> list[Row]:
        """Return all rows."""
        return list(self._by_id.values())

    def in_state(self, state: JobState) -> list[Row]:
        """Return the rows in a state."""
        return [row for rows in self._by_state[state].values() for row in rows.values()]

    def number(self, state: JobState, queue: str | None = None) -> int:
        """Return how many rows are in a state, of one queue or of all."""
        if queue is not None:
            return len(self._by_state[state][queue])
        return sum(len(rows) for rows in self._by_state[state].values())

    def pending(self, queue: str) -> Generator[Row, None, None]:
        """Go through the pending jobs of a queue, the best first; close the iterator where it is left early."""
        heap, seen = self._pending[queue], dict[UUID, Place]()
        try:
            while heap:
                place = heappop(heap)
                row = self._by_id.get(place[2])
                if row is not None and place[2] not in seen and _place_of(row.job) == place and _waits(row.job, queue):
                    seen[place[2]] = place
                    yield row
        finally:
            for place in seen.values():
                heappush(heap, place)

    def _moved(self, row: Row, before: Job) -> None:
        job = row.job
        if (before.state, before.queue) != (job.state, job.queue):
            self._leave(before)
            self._enter(row)
        elif job.state is JobState.PENDING and _place_of(before) != _place_of(job):
            heappush(self._pending[job.queue], _place_of(job))

    def _enter(self, row: Row) -> None:
        job = row.job
        self._by_state[job.state][job.queue][job.id] = row
        if job.state is JobState.PENDING:
            heappush(self._pending[job.queue], _place_of(job))

    def _leave(self, job: Job) -> None:
        self._by_state[job.state][job.queue].pop(job.id, None)


def _place_of(job: Job) -> Place:
    return -job.priority, job.due_at, job.id


def _waits(job: Job, queue: str) -> bool:
    return job.state is JobState.PENDING and job.queue == queue
