"""The history of attempts: a row for each that failed, written in the transaction that settles it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy import job_rows
from corelib.adapters.sqlalchemy.clock import utc_now
from corelib.adapters.sqlalchemy.tables import job, job_attempt
from corelib.domain.job import AttemptOutcome, JobAttempt

_COPIED = ("job_id", "attempt", "worker", "started_at", "ended_at", "outcome", "error", "traceback")
_RECORD = sa.insert(job_attempt).from_select(
    _COPIED,
    sa.select(
        job.c.id,
        job.c.attempts,
        job.c.worker,
        job.c.started_at,
        utc_now(),
        sa.bindparam("outcome", type_=job_attempt.c.outcome.type),
        sa.bindparam("message", type_=job_attempt.c.error.type),
        sa.cast(sa.bindparam("trace", type_=sa.UnicodeText), sa.UnicodeText),
    ).where(job.c.id == sa.bindparam("job_id")),
)
_ATTEMPTS = sa.select(job_attempt).where(job_attempt.c.job_id == sa.bindparam("job_id")).order_by(job_attempt.c.attempt)


def record(
    connection: Connection, job_id: UUID, *, outcome: AttemptOutcome, error: str, traceback: str | None = None
) -> None:
    """Record the last attempt of a job that this transaction has locked."""
    connection.execute(
        _RECORD,
        {"job_id": job_id, "outcome": outcome.value, "message": job_rows.fitting(error), "trace": traceback or ""},
    )


def recorded(connection: Connection, job_id: UUID) -> Sequence[JobAttempt]:
    """Return the recorded attempts of a job, the first one first."""
    return [
        JobAttempt(
            job_id=row.job_id,
            attempt=row.attempt,
            outcome=AttemptOutcome(row.outcome),
            worker=row.worker,
            started_at=row.started_at,
            ended_at=row.ended_at,
            error=row.error,
            traceback=row.traceback or None,
        )
        for row in connection.execute(_ATTEMPTS, {"job_id": job_id})
    ]
