"""A running job that waits for jobs which it has added."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy.job_flows import flow_inserts
from corelib.adapters.sqlalchemy.job_rows import IN_TIME
from corelib.adapters.sqlalchemy.job_table import HELD, NOT_BEGUN, UNHELD
from corelib.adapters.sqlalchemy.tables import flow, job
from corelib.domain.flow import NewFlow
from corelib.domain.job import JobState
from corelib.errors import JobCancelled, LeaseLost


def suspended(connection: Connection, job_id: UUID, token: UUID, new: NewFlow, *, always: bool) -> NewFlow:
    """Let a held job wait at the first gate of a flow whose jobs the caller inserts; return it with its numbers.

    Raises:
        LeaseLost: if the claim does not hold the job in time.
        JobCancelled: if somebody has asked to cancel it.
    """
    held = connection.execute(_HELD, {"job_id": job_id, "held": token}).first()
    if held is None:
        raise LeaseLost(f"The job {job_id} is not held by this run any more.")
    added = _added(connection, held.flow_id, new)
    place = {"in_flow": added.id, "at": min(added.gates), "position": len(new.jobs)}
    statement = _SUSPEND if held.flow_id is not None else _SUSPEND_INTO
    # Written as NULL, not sent as a parameter: ODBC has to ask the server for the type of a parameter without a value.
    statement = statement.values(runs_always=1 if always else sa.null())
    values = {"job_id": job_id, "held": token, **place}
    if held.flow_id is not None:
        del values["in_flow"], values["position"]
    if connection.execute(statement, values).rowcount != 1:
        raise JobCancelled(f"The job {job_id} was cancelled before it could wait for others.")
    return added


def _added(connection: Connection, flow_id: UUID | None, new: NewFlow) -> NewFlow:
    """Make room for jobs in a flow, or make the flow; the job that waits for them is one of it then."""
    if flow_id is None:
        [(insert, [row]), *gates] = flow_inserts(new)
        connection.execute(insert, {**row, "jobs": len(new.jobs) + 1, "unfinished": len(new.jobs) + 1})
        for statement, rows in gates:
            connection.execute(statement, rows)
        return new
    count = {"of_flow": flow_id, "more": len(new.jobs), "more_gates": len(new.gates)}
    now = connection.execute(_GROW, count).one()
    added = new.moved(flow_id, gates=now.gates - len(new.gates), positions=now.jobs - len(new.jobs))
    _, *gate_inserts = flow_inserts(added)
    for statement, rows in gate_inserts:
        connection.execute(statement, rows)
    return added


_HELD = sa.select(job.c.flow_id).where(HELD, IN_TIME)
_grown_gates = flow.c.gates + sa.bindparam("more_gates", type_=sa.Integer)
_more = sa.bindparam("more", type_=sa.Integer)
_GROW = (
    sa.update(flow)
    .where(flow.c.id == sa.bindparam("of_flow"))
    .values(jobs=flow.c.jobs + _more, unfinished=flow.c.unfinished + _more, gates=_grown_gates)
    .returning(flow.c.gates, flow.c.jobs)
)
_SUSPEND = (
    sa.update(job)
    .where(HELD, IN_TIME, job.c.cancel_requested_at.is_(None))
    .values(
        state=JobState.WAITING.value,
        wake_at=sa.null(),
        waits_at=sa.bindparam("at", type_=sa.Integer),
        flow_stage=sa.func.coalesce(job.c.flow_stage, 0) + 1,
        start_delay_ms=0,
        **NOT_BEGUN,
        **UNHELD,
    )
)
_SUSPEND_INTO = _SUSPEND.values(
    flow_id=sa.bindparam("in_flow", type_=sa.Uuid), flow_position=sa.bindparam("position", type_=sa.Integer)
)
