"""Flows in memory: whatever ends a job counts it, in the same step."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from uuid import UUID

from attrs import define, evolve, field

from corelib.adapters.memory.job_rows import MemoryJobRows
from corelib.adapters.memory.job_table import Row
from corelib.domain.flow import REMOVED, FlowStatus, NewFlow, only_for, reason_to_skip
from corelib.domain.flow_place import FlowPlace
from corelib.domain.job import FINAL_STATES, Job, JobRef, JobState
from corelib.domain.job_event_making import what_became_of
from corelib.ports.clock import Clock
from corelib.ports.job_store import ANNOUNCED_FOR


@define
class Gate:
    """How many jobs that lead here have not ended, and how many have failed."""

    remaining: int
    failed: int = 0


@define
class FlowRow:
    """A flow, its gates, and its jobs in their order."""

    status: FlowStatus
    gates: dict[int, Gate] = field(factory=dict)
    jobs: list[UUID] = field(factory=list)
    waiting_at: dict[int, list[UUID]] = field(factory=dict)

    def add(self, flow: NewFlow) -> None:
        """Take jobs in."""
        self.gates.update({number: Gate(leading) for number, leading in flow.gates.items()})
        for job in flow.jobs:
            self.jobs.append(job.id)
            if job.place is not None and job.place.waits_at is not None:
                self.waiting_at.setdefault(job.place.waits_at, []).append(job.id)


class MemoryJobFlows(MemoryJobRows):
    """Keeps the contract of `corelib.ports.job_flows.JobFlows`."""

    def __init__(self, clock: Clock, lock: threading.RLock) -> None:
        super().__init__(clock, lock)
        self._flows: dict[UUID, FlowRow] = {}
        self._releasing: list[JobRef] | None = None  # of a transaction that is being applied, which announces them

    def find_flow(self, flow_id: UUID) -> FlowStatus | None:
        """Return how far a flow is."""
        with self._lock:
            flow = self._flows.get(flow_id)
            return None if flow is None else flow.status

    def list_flows(self, *, unfinished: bool = False, limit: int = 100) -> Sequence[FlowStatus]:
        """Return flows, the newest first."""
        with self._lock:
            found = [flow.status for flow in self._flows.values()]
        wanted = [flow for flow in found if flow.unfinished or not unfinished]
        return sorted(wanted, key=lambda flow: flow.id, reverse=True)[:limit]

    def children(self, job_id: UUID) -> Sequence[Job]:
        """Return the jobs that a job waits for."""
        with self._lock:
            place = self._place(job_id)
            gate = None if place is None else place.waits_at
            return [] if place is None or gate is None else self._at(place.flow_id, leads_to=gate)

    def followers(self, job_id: UUID) -> Sequence[Job]:
        """Return the jobs that wait for a job."""
        with self._lock:
            place = self._place(job_id)
            gate = None if place is None else place.leads_to
            return [] if place is None or gate is None else self._at(place.flow_id, waits_at=gate)

    def cancel_flow(self, flow_id: UUID) -> int:
        """Cancel what has not ended."""
        with self._lock:
            jobs = [row.job for row in self._in_flow(flow_id)]
            unended = [job for job in jobs if job.state not in FINAL_STATES and job.cancel_requested_at is None]
            self._cancel_all([job.id for job in unended])
            return len(unended)

    def settle_flows(self, *, limit: int = 500) -> int:  # noqa: ARG002 - nothing ends a job without counting it
        """Return 0: whatever ends a job counts it."""
        return 0

    def add_flow(self, flow: NewFlow) -> None:
        """Store a committed flow, without its jobs."""
        with self._lock:
            count = len(flow.jobs)
            row = self._flows[flow.id] = FlowRow(FlowStatus(flow.id, count, count, 0, self._clock.now()))
            row.add(flow)

    def _grown(self, place: FlowPlace | None, flow: NewFlow) -> NewFlow:
        """Return jobs with the numbers that they have in a flow to which they are added."""
        if place is None:
            return flow
        row = self._flows[place.flow_id]
        return flow.moved(place.flow_id, gates=max(row.gates, default=-1) + 1, positions=len(row.jobs))

    def _let_wait(self, row: Row, added: NewFlow, *, always: bool) -> None:
        """Add jobs to a flow, and let a job wait at the first of their gates."""
        count, place = len(added.jobs), row.job.place
        if place is None:
            self.add_flow(added)
            place = FlowPlace(added.id, count)
            self._flows[added.id].jobs.append(row.job.id)
            count = 1
        else:
            self._flows[added.id].add(added)
        flow = self._flows[added.id]
        flow.status = evolve(flow.status, jobs=flow.status.jobs + count, unfinished=flow.status.unfinished + count)
        gate = min(added.gates)
        flow.waiting_at.setdefault(gate, []).append(row.job.id)
        row.job = evolve(row.job, place=evolve(place, waits_at=gate, always=always, stage=place.stage + 1))

    def _finish(self, row: Row, state: JobState, *, error: str | None = None) -> None:
        super()._finish(row, state, error=error)
        self._count(row)

    def _count(self, *rows: Row) -> None:
        """Count jobs that have ended at the gates that they lead to, and those that this ends."""
        ended = [row for row in rows if row.job.place is not None and not row.counted]
        for row in ended:  # grows
            row.counted = True
            gate = self._moved_on(row, unfinished=-1, failed=_failed(row))
            if gate is not None and not gate.remaining:
                ended.extend(self._open(row, failed=bool(gate.failed)))

    def _open(self, last: Row, *, failed: bool) -> list[Row]:
        """Release the jobs behind the gate that a job leads to, or cancel them, and return those."""
        skipped = []
        for row in self._behind(last):
            if row.job.state is JobState.WAITING and failed and not _always(row.job):
                self._skip(row)
                skipped.append(row)
            elif row.job.state is JobState.WAITING:
                self._release(row)
        return skipped

    def _skip(self, row: Row) -> None:
        failed = [each for each in self._there(self._before(row)) if _failed(each)]
        error = self._reason(failed[0]) if failed else REMOVED
        row.skipped = True
        super()._finish(row, JobState.CANCELLED, error=error)
        self._tell(what_became_of(row.job, self._clock.now()))

    def _reason(self, row: Row) -> str | None:
        job = row.job
        return job.error if row.skipped else reason_to_skip(job.name, job.id, job.state.value, job.error)

    def _before(self, row: Row) -> list[UUID]:
        return [job.id for job in self.children(row.job.id)]

    def _release(self, row: Row) -> None:
        now = self._clock.now()
        due = now + row.start_delay if row.start_delay is not None else row.job.due_at
        row.job = evolve(row.job, state=JobState.PENDING, due_at=due)
        row.wake_at = due
        if row.start_delay is not None and not row.start_delay:
            row.wake_at = now + ANNOUNCED_FOR if self._releasing is not None else now
            if self._releasing is not None:
                self._releasing.append(row.job.ref)

    def _take_back_from_flow(self, revived: Row) -> None:
        """Count a job that is to run again as one that has not ended, and those that were cancelled because of it."""
        again = [revived] if revived.counted else []
        for row in again:  # grows
            gate = self._moved_on(row, unfinished=1, failed=-_failed(row))
            row.counted = row.skipped = False
            if row is not revived:
                job = row.job
                row.job = evolve(job, state=JobState.WAITING, finished_at=None, error=None, cancel_requested_at=None)
            if gate is not None and not gate.failed:
                again.extend(each for each in self._behind(row) if each.skipped)

    def _moved_on(self, row: Row, *, unfinished: int, failed: int) -> Gate | None:
        """Change the counts of a job's flow and of the gate that it leads to, and return the gate."""
        place = row.job.place
        if place is None:
            return None
        flow = self._flows[place.flow_id]
        left = flow.status.unfinished + unfinished
        finished_at = None if left else self._clock.now()
        flow.status = evolve(flow.status, unfinished=left, failed=flow.status.failed + failed, finished_at=finished_at)
        if place.leads_to is None:
            return None
        gate = flow.gates[place.leads_to]
        gate.remaining += unfinished
        gate.failed += failed
        return gate

    def _has_to_wait(self, job: Job) -> bool:
        """Return whether a job has not begun, and others before it have not ended."""
        place = job.place
        if place is None or place.waits_at is None or job.attempts:
            return False
        return self._flows[place.flow_id].gates[place.waits_at].remaining > 0

    def _forget(self, row: Row) -> None:
        """Delete a job; in a flow, one that has not ended counts as cancelled."""
        place = row.job.place
        if place is not None and row.job.state not in FINAL_STATES:
            self._finish(row, JobState.CANCELLED, error=row.job.error)
        del self._rows[row.job.id]
        if place is not None and self._may_be_purged(row.job) and not self._in_flow(place.flow_id):
            del self._flows[place.flow_id]

    def _cancel_with_what_it_waits_for(self, row: Row) -> None:
        place = row.job.place
        before = [] if place is None else only_for(row.job, (each.job for each in self._in_flow(place.flow_id)))
        self._cancel_all([row.job.id, *(job.id for job in before)])

    def _cancel_all(self, job_ids: Sequence[UUID]) -> None:
        """Cancel those that have not begun, those that wait first, and ask the others to stop."""
        rows = [row for row in self._there(job_ids) if row.job.state not in FINAL_STATES]
        for row in rows:
            row.job = evolve(row.job, cancel_requested_at=self._clock.now())
        waiting = [row for row in rows if row.job.state is JobState.WAITING]
        for row in waiting:
            super()._finish(row, JobState.CANCELLED)
            self._tell(what_became_of(row.job, self._clock.now()))
        self._count(*waiting)
        for row in rows:
            if row.job.state not in (*FINAL_STATES, JobState.RUNNING):
                self._finish(row, JobState.CANCELLED)
                self._tell(what_became_of(row.job, self._clock.now()))

    def _may_be_purged(self, job: Job) -> bool:
        return job.place is None or self._flows[job.place.flow_id].status.finished_at is not None

    def _place(self, job_id: UUID) -> FlowPlace | None:
        row = self._rows.get(job_id)
        return None if row is None else row.job.place

    def _in_flow(self, flow_id: UUID) -> list[Row]:
        flow = self._flows.get(flow_id)
        return [] if flow is None else self._there(flow.jobs)

    def _behind(self, row: Row) -> list[Row]:
        """Return the jobs that wait, or have waited, for a job."""
        place = row.job.place
        if place is None or place.leads_to is None:
            return []
        there = self._there(self._flows[place.flow_id].waiting_at.get(place.leads_to, ()))
        # One that has begun, and then waits for jobs that it has added, is at another gate.
        return [each for each in there if each.job.place is not None and each.job.place.waits_at == place.leads_to]

    def _there(self, job_ids: Sequence[UUID]) -> list[Row]:
        return [row for row in map(self._rows.get, job_ids) if row is not None]

    def _at(self, flow_id: UUID, **wanted: int) -> list[Job]:
        ((name, gate),) = wanted.items()
        return [row.job for row in self._in_flow(flow_id) if getattr(row.job.place, name) == gate]


def _always(job: Job) -> bool:
    return job.place is not None and job.place.always


def _failed(row: Row) -> int:
    return int(row.job.state is not JobState.SUCCEEDED)
