"""The limits that a host's code declares for its queues."""

from __future__ import annotations

from collections.abc import Iterable

from corelib.application.jobs.description import JobDescription
from corelib.domain.job_queues import Queue
from corelib.errors import UnboundHandler


def declared_queues(queues: Iterable[Queue], jobs: Iterable[JobDescription]) -> list[Queue]:
    """Return the queues that are declared, whether by themselves or by `@job`, by name.

    Raises:
        UnboundHandler: if a queue is declared twice in different words.
    """
    found: dict[str, Queue] = {}
    for queue in (*queues, *(said for said in map(_said_by, jobs) if said is not None)):
        if found.setdefault(queue.name, queue) != queue:
            raise UnboundHandler(
                f"The queue {queue.name!r} is declared with different limits.",
                hint="Say them once, as App(queues=[Queue(...)]).",
            )
    return [found[name] for name in sorted(found)]


def _said_by(job: JobDescription) -> Queue | None:
    """Return what a job says about its queue; None if it says nothing."""
    keys = job.per_key
    if job.concurrency is None and job.rate is None and keys is None:
        return None
    if keys is None:
        return Queue(job.queue, job.concurrency, job.rate)
    return Queue(job.queue, job.concurrency, job.rate, keys.concurrency, keys.rate)
