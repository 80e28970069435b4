"""When something is due next in a host whose clock a test moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from corelib.application.host import Host
from corelib.domain.job import JobState


def next_moment(host: Host, now: datetime) -> datetime | None:
    """Return the first instant after `now` at which a worker would find something to do; None if there is none."""
    return min((moment for moment in _moments(host, now) if moment > now), default=None)


def _moments(host: Host, now: datetime) -> Iterator[datetime]:
    yield from _occurrences(host)
    waiting = set()
    for job in host.jobs.stream(state=JobState.PENDING):
        yield job.due_at
        if job.due_at <= now:
            waiting.add(job.queue)
    for job in host.jobs.stream(state=JobState.RUNNING):
        if job.lease_until is not None:
            yield job.lease_until
    if waiting:
        yield from _windows(host, waiting, now)


def _occurrences(host: Host) -> Iterator[datetime]:
    for schedule in host.schedules.list():
        if schedule.next_at is not None and schedule.paused_at is None:
            yield schedule.next_at


def _windows(host: Host, waiting: set[str], now: datetime) -> Iterator[datetime]:
    """Of queues whose rate keeps due jobs waiting, the latest ends of their windows."""
    for queue in host.queues.list():
        if queue.name in waiting and queue.rate is not None and queue.paused_at is None:
            yield now + queue.rate.per
