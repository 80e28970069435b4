"""Keeping, parking and cancelling runs, and the history of attempts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.sql.dml import ReturningUpdate

from corelib.adapters.sqlalchemy import job_reports, job_rows
from corelib.adapters.sqlalchemy.clock import utc_now
from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.failures import translated
from corelib.adapters.sqlalchemy.job_attempts import record, recorded
from corelib.adapters.sqlalchemy.job_rows import in_milliseconds, milliseconds
from corelib.adapters.sqlalchemy.job_table import ENDED, HELD, NOT_BEGUN, OLDEST_FIRST, JobTable
from corelib.adapters.sqlalchemy.job_telling import JobTelling
from corelib.adapters.sqlalchemy.tables import job
from corelib.domain.job import AttemptOutcome, Claim, Job, JobAttempt, JobState, history_of
from corelib.domain.job_event_making import attempt_ended, parked
from corelib.domain.job_progress import JobLogLine, RunReport
from corelib.ports.storage import Terms

# A handler may be the one writer: a heartbeat that waited for it would let time-outs pass unnoticed.
_PROMPT = Terms(lock_timeout=timedelta(seconds=1))
_PARKED = job.c.state == JobState.PARKED.value


class SqlJobRuns(JobTable):
    """Keeps the contract of `corelib.ports.job_runs.JobRuns`."""

    def __init__(self, engine: Engine, dialect: SqlDialect, telling: JobTelling | None = None) -> None:
        super().__init__(engine, dialect, telling)
        self._beat = self._beat_statement()

    def heartbeat(self, claims: Collection[Claim], *, lease: timedelta) -> Mapping[UUID, bool]:
        """Move the ends of all leases in one statement that passes over locked rows."""
        if not claims:
            return {}
        values = {
            "held_ids": [claim.job.id for claim in claims],
            "held_tokens": [claim.token for claim in claims],
            "beat_ms": milliseconds(lease),
        }
        with self._transaction() as connection:
            if self._dialect.one_writer:
                self._dialect.set_terms(connection, _PROMPT)
            rows = connection.execute(self._beat, values).all()
        return {row.token: row.cancel_requested_at is not None for row in rows}

    def report(self, reports: Sequence[RunReport], *, patient: bool = False) -> set[UUID]:
        """Write all reports in one transaction."""
        if not reports:
            return set()
        with self._told() as told:
            if not patient:
                self._dialect.set_terms(told.connection, _PROMPT)
            kept = [report for report in reports if job_reports.write(told.connection.execute, report)]
            for report in kept:
                told.note_report(report)
        return {report.claim.token for report in kept}

    def log(self, job_id: UUID, *, limit: int = 1000) -> Sequence[JobLogLine]:
        """Return the last lines of a job."""
        with self._read() as connection:
            return job_reports.log_of(connection, job_id, limit)

    def end_cancelled(self, claim: Claim, *, error: str) -> bool:
        """Mark a claimed job as cancelled and record the attempt."""
        return self._end(_END_CANCELLED, claim, outcome=AttemptOutcome.CANCELLED, error=error)

    def park(self, claim: Claim, *, reason: str) -> bool:
        """Put a claimed job aside."""
        return self._settle(_PARK, claim, {"reason": job_rows.fitting(reason)}, parked)

    def parked(self, names: Collection[str], *, batch: int = 500) -> Iterator[Job]:
        """Go through the parked jobs with a cursor of the server."""
        if not names:
            return
        statement = sa.select(job).where(_PARKED, self._dialect.listed(job.c.name, "names")).order_by(*OLDEST_FIRST)
        with (
            self._read() as connection,
            translated(self._dialect),
            connection.execution_options(yield_per=batch).execute(statement, {"names": list(names)}) as rows,
        ):
            for row in rows:
                yield job_rows.job_of(row)

    def unpark(self, job_ids: Sequence[UUID]) -> int:
        """Let parked jobs be pending and due now."""
        if not job_ids:
            return 0
        statement = (
            sa.update(job)
            .where(self._dialect.listed(job.c.id, "parked_ids"), _PARKED)
            .values(state=JobState.PENDING.value, due_at=utc_now(), wake_at=utc_now(), error=sa.null())
        )
        return self._execute(statement, {"parked_ids": list(job_ids)})

    def attempts(self, job_id: UUID) -> Sequence[JobAttempt]:
        """Return the attempts of a job: those that are recorded, and what the job itself tells about the last."""
        with self._read() as connection:
            row = connection.execute(sa.select(job).where(job.c.id == job_id)).first()
            return [] if row is None else history_of(job_rows.job_of(row), recorded(connection, job_id))

    def _end(
        self,
        statement: sa.Update,
        claim: Claim,
        *,
        outcome: AttemptOutcome,
        error: str,
        traceback: str | None = None,
        **values: object,
    ) -> bool:
        """End a run with an error, and record the attempt in the same transaction."""
        values |= {"job_id": claim.job.id, "held": claim.token, "error": job_rows.fitting(error)}
        with self._told() as told:
            kept = told.change(statement, values, lambda job, at: attempt_ended(job, outcome, error, at)) == 1
            if kept:
                record(told.connection, claim.job.id, outcome=outcome, error=error, traceback=traceback)
                self._count_in_flow(told, claim.job)
        return kept

    def _beat_statement(self) -> ReturningUpdate[Any]:
        held = sa.and_(
            self._dialect.listed(job.c.id, "held_ids"),
            self._dialect.listed(job.c.token, "held_tokens"),
            sa.or_(job.c.run_until.is_(None), job.c.run_until > utc_now()),
        )
        return (
            self._picked(sa.update(job), sa.select(job.c.id).where(held), held)
            .values(lease_until=in_milliseconds("beat_ms"), wake_at=in_milliseconds("beat_ms"))
            .returning(job.c.token, job.c.cancel_requested_at)
        )


_END_CANCELLED = (
    sa.update(job)
    .where(HELD)
    .values(state=JobState.CANCELLED.value, finished_at=utc_now(), error=sa.bindparam("error"), **ENDED)
)
_PARK = (
    sa.update(job).where(HELD).values(state=JobState.PARKED.value, error=sa.bindparam("reason"), **NOT_BEGUN, **ENDED)
)
