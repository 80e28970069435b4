"""Which events follow from what a store did with a job: one place for all stores."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypedDict
from uuid import UUID

from corelib.domain.job import AttemptOutcome, Job, JobState, NewJob, Progress
from corelib.domain.job_events import (
    AttemptFailed,
    AttemptStalled,
    AttemptTimedOut,
    JobDead,
    JobEnqueued,
    JobEvent,
    JobHandedBack,
    JobParked,
    JobProgressed,
    JobRetried,
    JobStarted,
    JobSucceeded,
    JobWasCancelled,
)

_FAILED = {AttemptOutcome.TIMED_OUT: AttemptTimedOut, AttemptOutcome.STALLED: AttemptStalled}


class _Common(TypedDict):
    job_id: UUID
    name: str
    queue: str
    attempt: int
    at: datetime
    correlation_id: str
    tenant: str | None


def enqueued(jobs: Iterable[NewJob], at: datetime) -> list[JobEvent]:
    """Return what is told of jobs that were stored at an instant."""
    return [
        JobEnqueued(
            job_id=new.id,
            name=new.name,
            queue=new.queue,
            attempt=0,
            at=at,
            correlation_id=new.context.correlation_id,
            tenant=new.context.tenant,
            due_at=new.due_at or at + new.delay,
        )
        for new in jobs
    ]


def started(jobs: Iterable[Job]) -> list[JobEvent]:
    """Return what is told of jobs as they were claimed; nothing of those that nobody claimed by name.

    A relay claims like that, to put back what a lost worker held.
    """
    return [
        JobStarted(**_of(job, job.started_at), due_at=job.due_at, worker=job.worker)
        for job in jobs
        if job.worker is not None and job.started_at is not None
    ]


def progressed(job: Job, progress: Progress, at: datetime) -> list[JobEvent]:
    """Return what is told of a run that has told how far it is.

    Args:
        job: as it was claimed.
        progress: of the run.
        at: when.
    """
    return [JobProgressed(**_of(job, at), done=progress.done, total=progress.total, text=progress.text)]


def succeeded(job: Job, at: datetime) -> list[JobEvent]:
    """Return what is told of a job that has succeeded."""
    return [JobSucceeded(**_of(job, at), duration=_duration(job, at))]


def attempt_ended(job: Job, outcome: AttemptOutcome, error: str, at: datetime) -> list[JobEvent]:
    """Return what is told of a job after an attempt that did not succeed.

    Args:
        job: as it is now: pending, dead or cancelled; its attempts are those up to this one.
        outcome: of the attempt.
        error: one line.
        at: when that was known.
    """
    if outcome is AttemptOutcome.CANCELLED:
        return what_became_of(job, at)
    failure = _FAILED.get(outcome, AttemptFailed)
    failed = failure(**_of(job, at), error=error, duration=_duration(job, at), worker=job.worker)
    return [failed, *what_became_of(job, at)]


def what_became_of(job: Job, at: datetime) -> list[JobEvent]:
    """Return what is told of a job that somebody has steered, or whose attempt has ended, by its state."""
    if job.state is JobState.PENDING:
        return [JobRetried(**_of(job, at), due_at=job.due_at, error=job.error)]
    if job.state is JobState.DEAD:
        return [JobDead(**_of(job, at), error=job.error)]
    if job.state is JobState.CANCELLED:
        return [JobWasCancelled(**_of(job, at), error=job.error)]
    return []


def parked(job: Job, at: datetime) -> list[JobEvent]:
    """Return what is told of a job that was put aside."""
    return [JobParked(**_of(job, at), error=job.error)]


def handed_back(claimed: Job, job: Job, at: datetime) -> list[JobEvent]:
    """Return what is told of a job that was handed back; nothing if nobody had claimed it by name.

    Args:
        claimed: the job as it was claimed.
        job: as it is now: pending, or cancelled if somebody asked for that.
        at: when.
    """
    back: list[JobEvent] = [] if claimed.worker is None else [JobHandedBack(**_of(claimed, at))]
    return back if job.state is JobState.PENDING else [*back, *what_became_of(job, at)]


def _of(job: Job, at: datetime | None) -> _Common:
    return {
        "job_id": job.id,
        "name": job.name,
        "queue": job.queue,
        "attempt": job.attempts,
        "at": at or job.enqueued_at,
        "correlation_id": job.context.correlation_id,
        "tenant": job.context.tenant,
    }


def _duration(job: Job, at: datetime) -> timedelta | None:
    return None if job.started_at is None else max(timedelta(0), at - job.started_at)
