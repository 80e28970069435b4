"""Jobs as tables for people, and as values for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from corelib.domain.job import Job, JobAttempt
from corelib.domain.job_progress import JobLogLine

_GAP = "  "
_LONGEST_ERROR = 60


def as_values(job: Job) -> dict[str, object]:
    """Return what a job is, without its payload."""
    return {
        "id": str(job.id),
        "name": job.name,
        "queue": job.queue,
        "state": job.state.value,
        "attempts": job.attempts,
        "max_attempts": job.max_attempts,
        "timeout_seconds": job.timeout.total_seconds(),
        "enqueued_at": _text(job.enqueued_at),
        "due_at": _text(job.due_at),
        "started_at": _text(job.started_at),
        "finished_at": _text(job.finished_at),
        "lease_until": _text(job.lease_until),
        "cancel_requested_at": _text(job.cancel_requested_at),
        "worker": job.worker,
        "correlation_id": job.context.correlation_id,
        "error": job.error,
        "progress": progress_values(job),
    }


def attempt_values(attempt: JobAttempt) -> dict[str, object]:
    """Return what an attempt is."""
    return {
        "attempt": attempt.attempt,
        "outcome": attempt.outcome.value,
        "started_at": _text(attempt.started_at),
        "ended_at": _text(attempt.ended_at),
        "worker": attempt.worker,
        "error": attempt.error,
        "traceback": attempt.traceback,
    }


def progress_values(job: Job) -> dict[str, object] | None:
    """Return how far the last run has come, if it has told that."""
    told = job.progress
    if told is None:
        return None
    return {
        "fraction": round(told.fraction, 4),
        "done": told.done,
        "total": told.total,
        "text": told.text,
        "at": _text(told.at),
    }


def line_values(line: JobLogLine) -> dict[str, object]:
    """Return what a line of a job's log is."""
    return {"attempt": line.attempt, "at": _text(line.at), "text": line.text}


def result_values(job: Job) -> dict[str, object]:
    """Return what its handler returned, as JSON text, or the key of the object that holds it."""
    if job.result is None:
        return {"result": None}
    return {"result": job.result.text} if job.result.key is None else {"result_key": job.result.key}


def as_row(job: Job) -> dict[str, object]:
    """Return what a list shows of a job."""
    error = job.error or ""
    return {
        "id": str(job.id),
        "name": job.name,
        "queue": job.queue,
        "state": job.state.value,
        "attempts": f"{job.attempts}/{job.max_attempts}",
        "progress": None if job.progress is None else f"{job.progress.fraction:.0%}",
        "due": _text(job.due_at),
        "error": error if len(error) <= _LONGEST_ERROR else error[: _LONGEST_ERROR - 3] + "...",
    }


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows of the same columns below their heads; an empty text without rows."""
    if not rows:
        return ""
    lines = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    texts = [_GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join(texts).lstrip("\n")


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat(timespec="milliseconds")
