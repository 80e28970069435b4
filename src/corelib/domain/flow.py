"""Flows as values: jobs that wait for one another, as they are enqueued and as a store tells about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from attrs import evolve, field, frozen

from corelib.domain.flow_place import FlowPlace
from corelib.domain.job import Job, NewJob


@frozen
class EnqueuedFlow:
    """What enqueuing a flow answers.

    Args:
        id: of the flow.
        jobs: the identifiers of its jobs, in the order in which the flow was written down.
        last: of those that no other job waits for.
    """

    id: UUID
    jobs: Sequence[UUID] = field(repr=False)
    last: Sequence[UUID] = field(repr=False)


@frozen
class NewFlow:
    """A flow as it is enqueued: jobs with places in it.

    Args:
        id: of the flow.
        jobs: in the order of their positions.
    """

    id: UUID
    jobs: Sequence[NewJob]

    @property
    def gates(self) -> Mapping[int, int]:
        """Return how many jobs lead to each gate."""
        places = [job.place for job in self.jobs if job.place is not None]
        return dict(sorted(Counter(place.leads_to for place in places if place.leads_to is not None).items()))

    @property
    def answer(self) -> EnqueuedFlow:
        """Return what the caller of its enqueuing gets."""
        last = [job.id for job in self.jobs if job.place is None or job.place.leads_to is None]
        return EnqueuedFlow(self.id, [job.id for job in self.jobs], last)

    def moved(self, flow_id: UUID, *, gates: int, positions: int) -> NewFlow:
        """Return the same jobs as part of another flow, which has so many gates and jobs already."""

        def moved(place: FlowPlace) -> FlowPlace:
            return evolve(
                place,
                flow_id=flow_id,
                position=place.position + positions,
                waits_at=None if place.waits_at is None else place.waits_at + gates,
                leads_to=None if place.leads_to is None else place.leads_to + gates,
            )

        jobs = [job if job.place is None else evolve(job, place=moved(job.place)) for job in self.jobs]
        return NewFlow(flow_id, jobs)


@frozen
class FlowStatus:
    """A flow as the store has it.

    Args:
        id: of the flow.
        jobs: how many it has, those included that were deleted.
        unfinished: how many of them have not ended.
        failed: how many have ended otherwise than by success.
        enqueued_at: when its transaction wrote it.
        finished_at: when the last of its jobs ended; None before.
    """

    id: UUID
    jobs: int
    unfinished: int
    failed: int
    enqueued_at: datetime
    finished_at: datetime | None = None


REMOVED = "Not run, since a job before it was deleted before it had succeeded"
"""Why a job is cancelled that waited for one that is not there any more."""


def reason_to_skip(name: str, job_id: UUID, state: str, error: str | None) -> str:
    """Return why a job is cancelled that waited for another one, which has ended like this."""
    said = f": {error}" if error else ""
    return f"Not run, since the job {name} ({job_id}) before it is {state}{said}"


def only_for(job: Job, others: Iterable[Job]) -> list[Job]:
    """Return those of the jobs of a flow that only this job waits for, directly or through others."""
    return _only_for({job.id}, list(others))


def _only_for(wanted: Collection[UUID], jobs: Sequence[Job]) -> list[Job]:
    waiting: dict[int, set[UUID]] = {}
    leading: dict[int, list[Job]] = {}
    for job in jobs:
        if job.place is not None and job.place.waits_at is not None:
            waiting.setdefault(job.place.waits_at, set()).add(job.id)
        if job.place is not None and job.place.leads_to is not None:
            leading.setdefault(job.place.leads_to, []).append(job)
    found, known = [], set(wanted)
    closed = [gate for gate, ids in waiting.items() if ids <= known]
    while closed:
        for job in leading.pop(closed.pop(), ()):
            known.add(job.id)
            found.append(job)
            gate = None if job.place is None else job.place.waits_at
            if gate is not None and waiting[gate] <= known:
                closed.append(gate)
    return found
