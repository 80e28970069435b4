"""Jobs and events as rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from corelib.adapters.sqlalchemy.clock import utc_in, utc_now
from corelib.adapters.sqlalchemy.tables import job
from corelib.domain.context import Context
from corelib.domain.event import RecordedEvent
from corelib.domain.flow_place import FlowPlace
from corelib.domain.job import Job, JobResult, JobState, NewJob, Progress
from corelib.ports.job_store import ANNOUNCED_FOR

LONGEST_ERROR = 1000
"""As SQL Server counts: in UTF-16 units, of which a character may need two."""


def fitting(error: str) -> str:
    """Return as much of a text as its column takes."""
    return error.encode("utf-16-le", "replace")[: 2 * LONGEST_ERROR].decode("utf-16-le", "ignore")


def milliseconds(duration: timedelta) -> int:
    """Return a duration in whole milliseconds."""
    return duration // timedelta(milliseconds=1)


def in_milliseconds(parameter: str) -> utc_in:
    """Return the SQL expression for the instant that is as far from now as the parameter says."""
    return utc_in(sa.bindparam(parameter, type_=sa.BigInteger))


INSERT = sa.insert(job).values(
    enqueued_at=utc_now(), due_at=in_milliseconds("delay_ms"), wake_at=in_milliseconds("quiet_ms")
)
"""Insert a pending job; parameters as `row_of` gives them."""

INSERT_AT = sa.insert(job).values(
    enqueued_at=utc_now(), due_at=sa.bindparam("starts_at"), wake_at=sa.bindparam("starts_at")
)
"""Insert a job that waits for an instant; parameters as `row_of` gives them."""

INSERT_WAITING = sa.insert(job).values(enqueued_at=utc_now(), due_at=utc_now(), wake_at=sa.null())
"""Insert a job that waits at a gate; parameters as `row_of` gives them."""

INSERT_WAITING_AT = sa.insert(job).values(enqueued_at=utc_now(), due_at=sa.bindparam("starts_at"), wake_at=sa.null())
"""Insert a job that waits at a gate, and then for an instant."""

IN_TIME: sa.ColumnElement[bool] = sa.or_(job.c.run_until.is_(None), job.c.run_until > utc_now())
"""The time-out of a run is not over yet."""

COUNTED_SUCCEEDED, COUNTED_FAILED, COUNTED_SKIPPED = "succeeded", "failed", "skipped"
"""How the end of a job was counted in its flow."""

SUCCEEDED: dict[str, Any] = {
    "state": JobState.SUCCEEDED.value,
    "token": sa.null(),
    "lease_until": sa.null(),
    "wake_at": sa.null(),
    "finished_at": utc_now(),
}

COMPLETE = (
    sa.update(job)
    .where(job.c.id == sa.bindparam("job_id"), job.c.token == sa.bindparam("held"), IN_TIME)
    .values(**SUCCEEDED)
    .returning(job.c.flow_id)
)
"""Mark a held job as succeeded in time; parameters `job_id` and `held`, the claim's token."""

COMPLETE_WITH_RESULT = COMPLETE.values(result=sa.bindparam("returned", type_=sa.UnicodeText))
"""The same with what the handler returned, parameter `returned`."""

COMPLETE_WITH_OBJECT = COMPLETE_WITH_RESULT.values(result_key=sa.bindparam("returned_key"))
"""The same where an object holds that; parameter `returned_key` besides."""


def completion(job_id: UUID, token: UUID, result: JobResult | None) -> tuple[sa.UpdateBase, dict[str, object]]:
    """Return the statement that completes a held job, and its parameters; it returns a row if the claim held."""
    values: dict[str, object] = {"job_id": job_id, "held": token}
    if result is None:
        return COMPLETE, values
    values |= {"returned": result.text, "returned_key": result.key}
    return (COMPLETE_WITH_RESULT if result.key is None else COMPLETE_WITH_OBJECT), values


def row_of(new: NewJob) -> dict[str, object]:
    """Return the parameters that insert a job; columns that stay NULL are left out, except those of the context."""
    row: dict[str, object] = {
        "id": new.id,
        "name": new.name,
        "queue": new.queue,
        "payload": new.payload,
        "payload_version": new.payload_version,
        **_context_row(new.context),
        "state": JobState.WAITING.value if new.waits else JobState.PENDING.value,
        "attempts": 0,
        "max_attempts": new.max_attempts,
        "lease_ms": milliseconds(new.timeout),
        **_start_row(new),
        "priority": new.priority,
    }
    if new.payload_key is not None:
        row["payload_key"] = new.payload_key
    if new.trace is not None:
        row["trace"] = new.trace
    if new.unique is not None:
        row["unique_key"] = new.unique.digest
    if new.place is not None:
        row |= _place_row(new.place)
    if new.limit_key is not None:
        row["limit_key"] = new.limit_key
    return row


def inserts(jobs: Sequence[NewJob]) -> Iterable[tuple[sa.Insert, list[dict[str, object]]]]:
    """Return statements with the rows that they insert: one for all jobs, unless some have what others have not."""
    groups: dict[tuple[object, ...], tuple[sa.Insert, list[dict[str, object]]]] = {}
    for new in jobs:
        given = (new.due_at, new.payload_key, new.unique, new.trace, new.limit_key)
        kind = tuple(value is not None for value in given), _kind_of(new.place)
        if kind not in groups:
            groups[kind] = (_insert(new), [])
        groups[kind][1].append(row_of(new))
    return list(groups.values())


def _insert(new: NewJob) -> sa.Insert:
    if new.waits:
        return INSERT_WAITING if new.due_at is None else INSERT_WAITING_AT
    return INSERT if new.due_at is None else INSERT_AT


def _kind_of(place: FlowPlace | None) -> object:
    return place and (place.waits_at is None, place.leads_to is None, place.always)


def _place_row(place: FlowPlace) -> dict[str, object]:
    row: dict[str, object] = {"flow_id": place.flow_id, "flow_position": place.position, "flow_stage": place.stage}
    if place.waits_at is not None:
        row["waits_at"] = place.waits_at
    if place.leads_to is not None:
        row["leads_to"] = place.leads_to
    if place.always:
        row["runs_always"] = 1
    return row


def _start_row(new: NewJob) -> dict[str, object]:
    if new.due_at is not None:
        return {"starts_at": new.due_at}
    if new.waits:
        return {"start_delay_ms": milliseconds(new.delay)}
    return {"delay_ms": milliseconds(new.delay), "quiet_ms": milliseconds(new.delay or ANNOUNCED_FOR)}


def job_of(row: sa.Row[tuple[object, ...]]) -> Job:
    """Build a job from a row of all columns of its table."""
    return Job(
        id=row.id,
        name=row.name,
        queue=row.queue,
        payload=row.payload,
        context=_context_of(row),
        state=JobState(row.state),
        attempts=row.attempts,
        max_attempts=row.max_attempts,
        timeout=timedelta(milliseconds=row.lease_ms),
        enqueued_at=row.enqueued_at,
        due_at=row.due_at,
        lease_until=row.lease_until,
        finished_at=row.finished_at,
        error=row.error,
        payload_version=row.payload_version,
        payload_key=row.payload_key,
        trace=row.trace,
        worker=row.worker,
        started_at=row.started_at,
        run_until=row.run_until,
        cancel_requested_at=row.cancel_requested_at,
        priority=row.priority,
        progress=_progress_of(row),
        limit_key=row.limit_key,
        result=None if row.result is None else JobResult(row.result, row.result_key),
        place=None if row.flow_id is None else place_of(row),
    )


def place_of(row: sa.Row[tuple[object, ...]]) -> FlowPlace:
    """Build the place of a job in its flow."""
    return FlowPlace(
        flow_id=row.flow_id,
        position=row.flow_position,
        waits_at=row.waits_at,
        leads_to=row.leads_to,
        always=bool(row.runs_always),
        stage=row.flow_stage or 0,
    )


def _progress_of(row: sa.Row[tuple[object, ...]]) -> Progress | None:
    """Return what the last run has told, if it has told something."""
    if row.progress_at is None:
        return None
    return Progress(row.progress_done, row.progress_total, row.progress_text or None, row.progress_at)


def event_row(event: RecordedEvent) -> dict[str, object]:
    """Return the parameters that insert an event."""
    return {
        "id": event.id,
        "name": event.name,
        "payload": event.payload,
        **_context_row(event.context),
        "recorded_at": event.recorded_at,
    }


def event_of(row: sa.Row[tuple[object, ...]]) -> RecordedEvent:
    """Build an event from a row of all columns of its table."""
    return RecordedEvent(
        id=row.id, name=row.name, payload=row.payload, context=_context_of(row), recorded_at=row.recorded_at
    )


def _context_row(context: Context) -> dict[str, object]:
    return {
        "correlation_id": context.correlation_id,
        "causation_id": context.causation_id,
        "principal": context.principal,
        "tenant": context.tenant,
        "deadline": context.deadline,
    }


def _context_of(row: sa.Row[tuple[object, ...]]) -> Context:
    return Context(
        correlation_id=row.correlation_id,
        causation_id=row.causation_id,
        principal=row.principal,
        tenant=row.tenant,
        deadline=row.deadline,
    )
