"""Jobs and events as rows."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from corelib.adapters.sqlalchemy.clock import utc_in, utc_now
from corelib.adapters.sqlalchemy.tables import job
from corelib.domain.context import Context
from corelib.domain.event import RecordedEvent
from corelib.domain.job import Job, JobState, NewJob
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

COMPLETE = (
    sa.update(job)
    .where(job.c.id == sa.bindparam("job_id"), job.c.token == sa.bindparam("held"))
    .values(
        state=JobState.SUCCEEDED.value,
        token=sa.null(),
        lease_until=sa.null(),
        wake_at=sa.null(),
        finished_at=utc_now(),
    )
)
"""Mark a held job as succeeded; parameters `job_id` and `held`, the claim's token."""


def row_of(new: NewJob) -> dict[str, object]:
    """Return the parameters that insert a job."""
    return {
        "id": new.id,
        "name": new.name,
        "queue": new.queue,
        "payload": new.payload,
        **_context_row(new.context),
        "state": JobState.PENDING.value,
        "attempts": 0,
        "max_attempts": new.max_attempts,
        "lease_ms": milliseconds(new.lease),
        "delay_ms": milliseconds(new.delay),
        "quiet_ms": milliseconds(new.delay or ANNOUNCED_FOR),
    }


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
        lease=timedelta(milliseconds=row.lease_ms),
        enqueued_at=row.enqueued_at,
        due_at=row.due_at,
        lease_until=row.lease_until,
        finished_at=row.finished_at,
        error=row.error,
    )


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
