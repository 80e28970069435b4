"""What runs tell about themselves, as rows: the progress in the row of the job, lines in a table of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection, CursorResult

from corelib.adapters.sqlalchemy.clock import utc_now
from corelib.adapters.sqlalchemy.job_rows import in_milliseconds, milliseconds
from corelib.adapters.sqlalchemy.tables import job, job_log
from corelib.domain.job_progress import JobLogLine, RunReport

Execute = Callable[..., CursorResult[Any]]

_HELD = sa.and_(job.c.id == sa.bindparam("job_id"), job.c.token == sa.bindparam("held"))
_PROGRESS = (
    sa.update(job)
    .where(_HELD)
    .values(
        progress_done=sa.bindparam("done"),
        progress_total=sa.null(),
        progress_text=sa.bindparam("told"),
        progress_at=utc_now(),
    )
)
_PROGRESS_OF_TOTAL = _PROGRESS.values(progress_total=sa.bindparam("total"))
_IS_HELD = sa.select(job.c.id).where(_HELD)
_LINES = sa.insert(job_log).from_select(
    ["job_id", "run", "number", "attempt", "logged_at", "text"],
    sa.select(
        job.c.id,
        job.c.token,
        sa.cast(sa.bindparam("number", type_=sa.Integer), sa.Integer),
        job.c.attempts,
        in_milliseconds("ago_ms"),
        sa.cast(sa.bindparam("line", type_=sa.UnicodeText), job_log.c.text.type),
    ).where(_HELD),
)
"""Insert lines. ODBC asks the server for the types of parameters of many rows, which CAST tells it.

Of a parameter that stands alone in a SELECT no type can be told, and pyodbc then takes 255 characters at most.
"""


def write(execute: Execute, report: RunReport) -> bool:
    """Write a report within a transaction, and return whether the claim holds the job.

    A total that there is not is written as NULL, not sent as a parameter: ODBC has to ask the server for its type.
    """
    claim: dict[str, object] = {"job_id": report.claim.job.id, "held": report.claim.token}
    progress = report.progress
    if progress is None:
        holds = execute(_IS_HELD, claim).first() is not None
    else:
        values = {**claim, "done": progress.done, "told": progress.text or ""}
        if progress.total is not None:
            values["total"] = progress.total
        holds = execute(_PROGRESS if progress.total is None else _PROGRESS_OF_TOTAL, values).rowcount == 1
    if holds and report.lines:
        execute(
            _LINES,
            [
                {**claim, "number": line.number, "ago_ms": -milliseconds(line.ago), "line": line.text}
                for line in report.lines
            ],
        )
    return holds


def log_of(connection: Connection, job_id: UUID, limit: int) -> Sequence[JobLogLine]:
    """Return the last lines of a job, run by run."""
    found = connection.execute(
        sa.select(job_log)
        .where(job_log.c.job_id == job_id)
        .order_by(job_log.c.attempt.desc(), job_log.c.logged_at.desc(), job_log.c.number.desc())
        .limit(limit)
    )
    by_run: dict[UUID, list[sa.Row[Any]]] = {}
    for row in found:
        by_run.setdefault(row.run, []).append(row)
    runs = sorted(by_run.values(), key=lambda rows: (rows[0].attempt, min(row.logged_at for row in rows)))
    lines = chain.from_iterable(sorted(rows, key=lambda row: row.number) for rows in runs)
    return [JobLogLine(row.job_id, row.attempt, row.logged_at, row.text) for row in lines]
