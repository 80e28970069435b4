"""How flows move on: jobs that have ended are counted, and what they release is pending, in the same transaction.

Whoever moves a flow on locks its row first. So of two jobs that end at the same moment, the second counts when the
first is committed, and exactly one of them opens the gate. The order of locks is: jobs whose turn has come, then the
flow, then its gates and the jobs that wait. Flows are locked in the order of their identifiers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy import job_rows
from corelib.adapters.sqlalchemy.clock import utc_in, utc_now
from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.job_rows import (
    COUNTED_FAILED,
    COUNTED_SKIPPED,
    COUNTED_SUCCEEDED,
    in_milliseconds,
    milliseconds,
)
from corelib.adapters.sqlalchemy.job_telling import ToldTransaction
from corelib.adapters.sqlalchemy.tables import flow, gate, job, skipped
from corelib.domain.flow import REMOVED, reason_to_skip
from corelib.domain.job import JobRef, JobState
from corelib.domain.job_event_making import what_became_of
from corelib.ports.job_store import ANNOUNCED_FOR

Rows = Sequence[sa.Row[Any]]


class FlowProgress:
    """Counts the jobs of flows within a transaction that has ended or revived them.

    Args:
        connection: of the transaction.
        dialect: of its engine.
        told: notes which jobs are cancelled by the ends of others, for those who are told.
        announced: whether the caller announces what is released; otherwise the relay does, with its next round.
    """

    def __init__(
        self,
        connection: Connection,
        dialect: SqlDialect,
        *,
        announced: bool = False,
        told: ToldTransaction | None = None,
    ) -> None:
        self._told = told
        self._connection = connection
        self._dialect = dialect
        self._quiet_ms = milliseconds(ANNOUNCED_FOR) if announced else 0
        self.released: list[JobRef] = []

    def count(self, job_ids: Sequence[UUID]) -> int:
        """Count those of some jobs of flows that have ended and were not counted; return how many."""
        if not job_ids:
            return 0
        meant = self._dialect.listed(job.c.id, "job_ids")
        statement = sa.update(job).where(meant, _ENDED, job.c.counted_as.is_(None)).values(counted_as=_END)
        rows = self._rows(statement.returning(*_PLACE, job.c.counted_as), job_ids=list(job_ids))
        for flow_id, ended in _by_flow(rows):
            self._move(flow_id, ended)
        return len(rows)

    def revive(self, rows: Rows) -> None:
        """Count jobs that are to run again as not ended, and let those wait again that were cancelled because of them.

        Args:
            rows: of jobs that were counted as failed, as `PLACE` has them.
        """
        for flow_id, revived in _by_flow(rows):
            self._connection.execute(self._uncount(), {"job_ids": [row.id for row in revived]})
            self._revive(flow_id, revived)

    def lock(self, flow_id: UUID) -> None:
        """Wait until nobody else moves the flow on; it ends with the transaction."""
        self._connection.execute(_CHANGE_FLOW, {"of_flow": flow_id, "more": 0, "more_failed": 0})

    def _move(self, flow_id: UUID, ended: Rows) -> None:
        self._change_flow(flow_id, -len(ended), _failed_of(ended))
        skipped = 0
        while ended:
            opened: list[sa.Row[Any]] = []
            for number, leading in _by_gate(ended):
                opened.extend(self._pass(flow_id, number, -len(leading), _failed_of(leading)))
            ended = opened
            skipped += len(ended)
        if skipped:
            self._change_flow(flow_id, -skipped, skipped)

    def _pass(self, flow_id: UUID, number: int, remaining: int, failed: int) -> Rows:
        """Count jobs at their gate; if it opens, return the jobs behind it that are cancelled by that."""
        now = self._change_gate(flow_id, number, remaining, failed)
        if now.remaining:
            return ()
        skipped: Rows = ()
        if now.failed:
            skipped = self._skipped(of_flow=flow_id, at_gate=number, error=self._reason(flow_id, number))
        for row in self._rows(_RELEASE, of_flow=flow_id, at_gate=number, quiet_ms=self._quiet_ms):
            if row.start_delay_ms == 0:
                self.released.append(JobRef(row.id, row.queue))
        return skipped

    def _skipped(self, **values: object) -> Rows:
        if self._told is None:
            return self._rows(_SKIP.returning(*PLACE), **values)
        return self._told.rows(_SKIP, values, what_became_of, otherwise=PLACE)

    def _reason(self, flow_id: UUID, number: int) -> str:
        found = self._connection.execute(_FAILED_FIRST, {"of_flow": flow_id, "gate_before": number}).first()
        if found is None:
            return REMOVED
        if found.counted_as == COUNTED_SKIPPED:
            return str(found.error)
        return job_rows.fitting(reason_to_skip(found.name, found.id, found.state, found.error))

    def _revive(self, flow_id: UUID, revived: Rows) -> None:
        self._change_flow(flow_id, len(revived), -len(revived))
        others = 0
        while revived:
            behind: list[sa.Row[Any]] = []
            for number, leading in _by_gate(revived):
                now = self._change_gate(flow_id, number, len(leading), -len(leading))
                if not now.failed:
                    behind.extend(self._rows(_WAIT_AGAIN, of_flow=flow_id, at_gate=number))
            revived = behind
            others += len(revived)
        if others:
            self._change_flow(flow_id, others, -others)

    def _change_flow(self, flow_id: UUID, more: int, failed: int) -> None:
        self._connection.execute(_CHANGE_FLOW, {"of_flow": flow_id, "more": more, "more_failed": failed})

    def _change_gate(self, flow_id: UUID, number: int, remaining: int, failed: int) -> sa.Row[Any]:
        values = {"of_flow": flow_id, "of_gate": number, "more": remaining, "more_failed": failed}
        return self._connection.execute(_CHANGE_GATE, values).one()

    def _uncount(self) -> sa.Update:
        return sa.update(job).where(self._dialect.listed(job.c.id, "job_ids")).values(counted_as=sa.null())

    def _rows(self, statement: sa.Executable, **values: object) -> Rows:
        return self._connection.execute(statement, values).all()


def _by_flow(rows: Rows) -> Iterable[tuple[UUID, Rows]]:
    """Return the rows of each flow, in the order of flows that everybody keeps to."""
    inside = sorted((row for row in rows if row.flow_id is not None), key=lambda row: row.flow_id)
    return [(flow_id, list(found)) for flow_id, found in groupby(inside, key=lambda row: row.flow_id)]


def _by_gate(rows: Rows) -> Iterable[tuple[int, Rows]]:
    leading = sorted((row for row in rows if row.leads_to is not None), key=lambda row: row.leads_to)
    return [(number, list(found)) for number, found in groupby(leading, key=lambda row: row.leads_to)]


def _failed_of(rows: Rows) -> int:
    return Counter(row.counted_as == COUNTED_SUCCEEDED for row in rows)[False]


def _more(name: str) -> sa.BindParameter[int]:
    return sa.bindparam(name, type_=sa.Integer)


_PLACE = (job.c.id, job.c.flow_id, job.c.leads_to)
PLACE: Sequence[sa.ColumnElement[Any]] = (*_PLACE, job.c.counted_as)
"""What an update of jobs returns for `FlowProgress.revive`."""

_OF_FLOW = job.c.flow_id == sa.bindparam("of_flow")
_BEHIND = sa.and_(_OF_FLOW, job.c.waits_at == sa.bindparam("at_gate"))
WAITING: sa.ColumnElement[bool] = job.c.state == sa.literal_column(f"'{JobState.WAITING.value}'")
"""Written out, as the filter of an index has it."""

# Not the filter of the index of uncounted jobs: whoever read that would wait for others who are ending jobs.
_ENDED = job.c.finished_at.is_not(None)
_END = sa.case((job.c.state == JobState.SUCCEEDED.value, COUNTED_SUCCEEDED), else_=COUNTED_FAILED)
_unfinished = flow.c.unfinished + _more("more")
_CHANGE_FLOW = (
    sa.update(flow)
    .where(flow.c.id == sa.bindparam("of_flow"))
    .values(
        unfinished=_unfinished,
        failed=flow.c.failed + _more("more_failed"),
        finished_at=sa.case((_unfinished > 0, sa.null()), else_=sa.func.coalesce(flow.c.finished_at, utc_now())),
    )
)
_CHANGE_GATE = (
    sa.update(gate)
    .where(gate.c.flow_id == sa.bindparam("of_flow"), gate.c.number == sa.bindparam("of_gate"))
    .values(remaining=gate.c.remaining + _more("more"), failed=gate.c.failed + _more("more_failed"))
    .returning(gate.c.remaining, gate.c.failed)
)
_FAILED_FIRST = (
    sa.select(job.c.id, job.c.name, job.c.state, job.c.error, job.c.counted_as)
    .where(
        _OF_FLOW,
        job.c.leads_to == sa.bindparam("gate_before"),
        job.c.counted_as.in_([COUNTED_FAILED, COUNTED_SKIPPED]),
    )
    .order_by(job.c.flow_position)
    .limit(1)
)
_SKIP = (
    sa.update(job)
    .where(_BEHIND, WAITING, job.c.runs_always.is_(None))
    .values(
        state=JobState.CANCELLED.value,
        finished_at=utc_now(),
        error=sa.bindparam("error"),
        counted_as=COUNTED_SKIPPED,
    )
)
_own_time = job.c.start_delay_ms.is_(None)
_delayed = utc_in(job.c.start_delay_ms)
_RELEASE = (
    sa.update(job)
    .where(_BEHIND, WAITING)
    .values(
        state=JobState.PENDING.value,
        due_at=sa.case((_own_time, job.c.due_at), else_=_delayed),
        wake_at=sa.case(
            (_own_time, job.c.due_at), (job.c.start_delay_ms == 0, in_milliseconds("quiet_ms")), else_=_delayed
        ),
    )
    .returning(job.c.id, job.c.queue, job.c.start_delay_ms)
)
_WAIT_AGAIN = (
    sa.update(job)
    .where(_BEHIND, skipped)
    .values(
        state=JobState.WAITING.value,
        finished_at=sa.null(),
        error=sa.null(),
        counted_as=sa.null(),
        cancel_requested_at=sa.null(),
    )
    .returning(*_PLACE)
)
