"""Flows of stored jobs as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy import job_rows
from corelib.adapters.sqlalchemy.clock import utc_now
from corelib.adapters.sqlalchemy.flow_progress import WAITING, FlowProgress
from corelib.adapters.sqlalchemy.job_table import THIS, JobTable
from corelib.adapters.sqlalchemy.tables import flow, gate, job, uncounted
from corelib.domain.flow import FlowStatus, NewFlow, only_for
from corelib.domain.job import FINAL_STATES, Job, JobState
from corelib.domain.job_event_making import what_became_of


class SqlJobFlows(JobTable):
    """Keeps the contract of `corelib.ports.job_flows.JobFlows`."""

    def find_flow(self, flow_id: UUID) -> FlowStatus | None:
        """Read a row."""
        with self._read() as connection:
            row = connection.execute(sa.select(flow).where(flow.c.id == flow_id)).first()
        return None if row is None else _status_of(row)

    def list_flows(self, *, unfinished: bool = False, limit: int = 100) -> Sequence[FlowStatus]:
        """Read rows."""
        newest = sa.select(flow).order_by(flow.c.enqueued_at.desc(), flow.c.id.desc()).limit(limit)
        wanted = newest.where(flow.c.finished_at.is_(None)) if unfinished else newest
        with self._read() as connection:
            return [_status_of(row) for row in connection.execute(wanted)]

    def children(self, job_id: UUID) -> Sequence[Job]:
        """Read the jobs that lead to the gate that a job waits at."""
        return self._related(job_id, waits=True)

    def followers(self, job_id: UUID) -> Sequence[Job]:
        """Read the jobs that wait at the gate that a job leads to."""
        return self._related(job_id, waits=False)

    def cancel_flow(self, flow_id: UUID) -> int:
        """Cancel what waits in one transaction, and the others in as many as they are."""
        return self._cancel_all(flow_id, self._of_flow(flow_id))

    def settle_flows(self, *, limit: int = 500) -> int:
        """Count what was not counted, oldest identifiers first."""
        wanted = sa.select(job.c.id).where(uncounted).order_by(job.c.id).limit(limit)
        with self._told() as told:
            job_ids = told.connection.execute(self._dialect.skip_locked(wanted, job)).scalars().all()
            return FlowProgress(told.connection, self._dialect, told=told).count(job_ids)

    def cancel(self, job_id: UUID) -> JobState | None:
        """Cancel a job whose turn has come, or ask its run to stop, in one statement; or else a step that waits."""
        with self._told() as told:
            rows = told.rows(_CANCEL, {"job_id": job_id}, what_became_of, otherwise=(job.c.state, job.c.flow_id))
            row = rows[0] if rows else None
            if row is not None and row.flow_id is not None:
                FlowProgress(told.connection, self._dialect, told=told).count([job_id])
        return self._cancel_step(job_id) if row is None else JobState(row.state)

    def find(self, job_id: UUID) -> Job | None:
        """Return a job, or None."""
        with self._read() as connection:
            row = connection.execute(sa.select(job).where(job.c.id == job_id)).first()
        return None if row is None else job_rows.job_of(row)

    def _cancel_all(self, flow_id: UUID, jobs: Sequence[Job]) -> int:
        """Cancel jobs of a flow that have not ended: those that wait, those that nobody has locked, then one by one."""
        unended = [found for found in jobs if found.state not in FINAL_STATES and found.cancel_requested_at is None]
        waiting = [found.id for found in unended if found.state is JobState.WAITING]
        others = [found.id for found in unended if found.state is not JobState.WAITING]
        done = {*self._cancel_waiting(flow_id, waiting), *self._cancel_unlocked(others)}
        return len(done) + sum(self.cancel(found.id) is not None for found in unended if found.id not in done)

    def _cancel_unlocked(self, job_ids: Sequence[UUID]) -> Sequence[UUID]:
        """Cancel jobs whose turn has come, passing over those that somebody is changing."""
        if not job_ids:
            return ()
        meant = sa.and_(self._dialect.listed(job.c.id, "job_ids"), _CANCELLABLE)
        statement = self._picked(sa.update(job), sa.select(job.c.id).where(meant), meant).values(**_VALUES)
        with self._told() as told:
            ids = [row.id for row in told.rows(statement, {"job_ids": list(job_ids)}, what_became_of)]
            FlowProgress(told.connection, self._dialect, told=told).count(ids)
        return ids

    def _cancel_waiting(self, flow_id: UUID, job_ids: Sequence[UUID]) -> Sequence[UUID]:
        """Cancel steps that wait, under the lock of their flow; whoever opens their gate holds that."""
        if not job_ids:
            return ()
        statement = sa.update(job).where(self._dialect.listed(job.c.id, "job_ids"), WAITING).values(_CANCELLED)
        with self._told() as told:
            progress = FlowProgress(told.connection, self._dialect, told=told)
            progress.lock(flow_id)
            ids = [row.id for row in told.rows(statement, {"job_ids": list(job_ids)}, what_became_of)]
            progress.count(ids)
        return ids

    def _cancel_step(self, job_id: UUID) -> JobState | None:
        """Cancel a step that waits, and what only it waits for."""
        own = self.find(job_id)
        if own is None or own.place is None or own.state in FINAL_STATES:
            return None
        if not self._cancel_waiting(own.place.flow_id, [job_id]):
            return self.cancel(job_id)  # its turn has come meanwhile
        self._cancel_all(own.place.flow_id, only_for(own, self._of_flow(own.place.flow_id)))
        return JobState.CANCELLED

    def _of_flow(self, flow_id: UUID) -> list[Job]:
        statement = sa.select(job).where(job.c.flow_id == flow_id).order_by(job.c.flow_position)
        with self._read() as connection:
            return [job_rows.job_of(row) for row in connection.execute(statement)]

    def _related(self, job_id: UUID, *, waits: bool) -> Sequence[Job]:
        with self._read() as connection:
            own = connection.execute(_FIND_PLACE, {"job_id": job_id}).first()
            number = None if own is None else own.waits_at if waits else own.leads_to
            if own is None or number is None:
                return []
            column = job.c.leads_to if waits else job.c.waits_at
            related = sa.select(job).where(job.c.flow_id == own.flow_id, column == number)
            return [job_rows.job_of(row) for row in connection.execute(related.order_by(job.c.flow_position))]


def flow_inserts(new: NewFlow) -> Sequence[tuple[sa.Insert, Sequence[Mapping[str, object]]]]:
    """Return the statements that insert a flow and its gates, with their rows; its jobs come after them."""
    gates = [
        {"flow_id": new.id, "number": number, "remaining": leading, "failed": 0}
        for number, leading in new.gates.items()
    ]
    count = len(new.jobs)
    row = {"id": new.id, "jobs": count, "gates": len(gates), "unfinished": count, "failed": 0}
    inserts: list[tuple[sa.Insert, Sequence[Mapping[str, object]]]] = [(_INSERT, [row])]
    return [*inserts, (sa.insert(gate), gates)] if gates else inserts


def delete_empty(connection: Connection, flow_ids: Sequence[UUID]) -> None:
    """Delete those of some flows that have ended and have no job any more."""
    for flow_id in sorted(set(flow_ids)):
        connection.execute(_DELETE_EMPTY, {"of_flow": flow_id})


def _status_of(row: sa.Row[tuple[Any, ...]]) -> FlowStatus:
    return FlowStatus(row.id, row.jobs, row.unfinished, row.failed, row.enqueued_at, row.finished_at)


_INSERT = sa.insert(flow).values(enqueued_at=utc_now())
_FIND_PLACE = sa.select(job.c.flow_id, job.c.waits_at, job.c.leads_to).where(THIS)
_runs = job.c.state == JobState.RUNNING.value
_CANCELLABLE: sa.ColumnElement[bool] = job.c.state.in_(
    [JobState.PENDING.value, JobState.PARKED.value, JobState.RUNNING.value]
)
_VALUES: Mapping[str, Any] = {
    "state": sa.case((_runs, job.c.state), else_=JobState.CANCELLED.value),
    "cancel_requested_at": utc_now(),
    "finished_at": sa.case((_runs, sa.null()), else_=utc_now()),
    "wake_at": sa.case((_runs, job.c.wake_at), else_=sa.null()),
}
_CANCEL = sa.update(job).where(THIS, _CANCELLABLE).values(**_VALUES)
_CANCELLED = {"state": JobState.CANCELLED.value, "cancel_requested_at": utc_now(), "finished_at": utc_now()}
_DELETE_EMPTY = sa.delete(flow).where(
    flow.c.id == sa.bindparam("of_flow"),
    flow.c.finished_at.is_not(None),
    sa.not_(sa.exists(sa.select(sa.literal_column("1")).where(job.c.flow_id == flow.c.id))),
)
FREE_TO_PURGE: sa.ColumnElement[bool] = sa.or_(
    job.c.flow_id.is_(None),
    sa.not_(
        sa.exists(sa.select(sa.literal_column("1")).where(flow.c.id == job.c.flow_id, flow.c.finished_at.is_(None)))
    ),
)
"""A job is in no flow, or in one that has ended."""
