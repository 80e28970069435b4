"""The metrics of jobs: which there are, and how they follow from job events and from the store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from corelib.application.jobs.registry import JobRegistry
from corelib.domain.job_events import (
    AttemptFailed,
    JobDead,
    JobEnqueued,
    JobEvent,
    JobParked,
    JobRetried,
    JobStarted,
    JobSucceeded,
    JobWasCancelled,
)
from corelib.domain.job_queues import QueueDepth
from corelib.domain.metric import Metric, MetricKind, Sample
from corelib.errors import CorelibError
from corelib.ports.job_store import JobStore
from corelib.ports.logger import Logger
from corelib.ports.metrics import Metrics

OTHER = "other"
"""Stands for jobs that the host does not know, and for queues beyond `MOST_QUEUES`, so that labels stay few."""

MOST_QUEUES = 100
FRESH_SECONDS = 15.0
TIME_LIMIT = timedelta(seconds=5)

_BY_JOB = ("queue", "job")
_WAITS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0)
_RUNS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 3600.0)


def _counter(name: str, help: str, labels: tuple[str, ...] = _BY_JOB) -> Metric:  # noqa: A002 - its name in the metric
    return Metric(name, MetricKind.COUNTER, help, labels)


ENQUEUED: Metric = _counter("corelib_jobs_enqueued_total", "Jobs enqueued.")
RETRIED: Metric = _counter("corelib_jobs_retried_total", "Jobs that wait for another attempt.")
PARKED: Metric = _counter("corelib_jobs_parked_total", "Jobs that a worker could not read.")
ENDED: Metric = _counter("corelib_jobs_ended_total", "Jobs that came to a final state.", (*_BY_JOB, "state"))
ATTEMPTS: Metric = _counter("corelib_job_attempts_total", "Attempts that ended, by outcome.", (*_BY_JOB, "outcome"))
WAIT: Metric = Metric(
    "corelib_job_wait_seconds", MetricKind.HISTOGRAM, "From when a job was due to its start.", _BY_JOB, _WAITS
)
RUN: Metric = Metric("corelib_job_run_seconds", MetricKind.HISTOGRAM, "How long attempts took.", _BY_JOB, _RUNS)
JOBS: Metric = Metric("corelib_jobs", MetricKind.GAUGE, "Jobs that have not ended, and dead ones.", ("queue", "state"))
DUE: Metric = Metric("corelib_jobs_due", MetricKind.GAUGE, "Pending jobs that could start now.", ("queue",))
OLDEST: Metric = Metric(
    "corelib_jobs_oldest_due_seconds", MetricKind.GAUGE, "Since when the oldest of them is due.", ("queue",)
)
COUNTED: tuple[Metric, ...] = (ENQUEUED, RETRIED, PARKED, ENDED, ATTEMPTS, WAIT, RUN)
GAUGES: tuple[Metric, ...] = (JOBS, DUE, OLDEST)


class JobMetrics:
    """Counts what happens to jobs in this process.

    Args:
        metrics: takes the numbers.
        registry: the jobs of the host; others are counted as `other`.
    """

    def __init__(self, metrics: Metrics, registry: JobRegistry) -> None:
        self._metrics = metrics
        self._queues = {description.name: description.queue for description in registry}
        self._known = frozenset(self._queues.values())
        metrics.declare(COUNTED)

    def observe(self, events: Sequence[JobEvent]) -> None:
        """Count events."""
        for event in events:
            self._count(event, self._labels(event))

    def _labels(self, event: JobEvent) -> tuple[str, str]:
        if event.name not in self._queues:
            return OTHER, OTHER
        return event.queue if event.queue in self._known else OTHER, event.name

    def _count(self, event: JobEvent, labels: tuple[str, str]) -> None:
        count = self._metrics.count
        if isinstance(event, JobEnqueued):
            count(ENQUEUED, labels)
        elif isinstance(event, JobStarted):
            self._metrics.observe(WAIT, labels, event.waited.total_seconds())
        elif isinstance(event, JobSucceeded):
            count(ENDED, (*labels, event.kind))
            self._attempt(event, labels)
        elif isinstance(event, AttemptFailed):
            self._attempt(event, labels)
        elif isinstance(event, JobRetried):
            count(RETRIED, labels)
        elif isinstance(event, JobDead | JobWasCancelled):
            count(ENDED, (*labels, event.kind))
        elif isinstance(event, JobParked):
            count(PARKED, labels)

    def _attempt(self, event: JobSucceeded | AttemptFailed, labels: tuple[str, str]) -> None:
        self._metrics.count(ATTEMPTS, (*labels, event.kind))
        if event.duration is not None:
            self._metrics.observe(RUN, labels, event.duration.total_seconds())


class QueueGauges:
    """Asks the store how many jobs wait, when somebody looks, and not more often than every 15 seconds.

    Args:
        store: where the jobs are.
        queues: of the host; they are shown also if they are empty.
        log: is told if the store did not answer; there are no numbers then.
        now: seconds of a clock that never goes back.
    """

    def __init__(
        self, store: JobStore, queues: Iterable[str], log: Logger, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._empty = {queue: QueueDepth(queue) for queue in queues}
        self._log = log
        self._now = now
        self._guard = threading.Lock()
        self._until = float("-inf")
        self._samples: list[Sample] = []

    def read(self) -> Sequence[Sample]:
        """Return the samples of the last 15 seconds, or new ones; of many who ask at once, one asks the store."""
        with self._guard:
            if self._now() >= self._until:
                self._samples = self._ask()
                self._until = self._now() + FRESH_SECONDS
            return self._samples

    def _ask(self) -> list[Sample]:
        try:
            found = {depth.queue: depth for depth in self._store.depths(time_limit=TIME_LIMIT)}
        except CorelibError as error:
            self._log.warning("queue depths not read", reason=str(error))
            return []
        depths = list({**self._empty, **found}.values())
        return [sample for depth in _few(depths) for sample in _samples(depth)]


def _few(depths: Sequence[QueueDepth]) -> Iterable[QueueDepth]:
    """Return no more than `MOST_QUEUES`, the deepest, and all others as one."""
    deepest = sorted(depths, key=lambda depth: sum(depth.jobs.values()), reverse=True)
    rest = deepest[MOST_QUEUES:]
    return [*deepest[:MOST_QUEUES], QueueDepth.together(OTHER, rest)] if rest else deepest


def _samples(depth: QueueDepth) -> Iterable[Sample]:
    for state, count in depth.jobs.items():
        yield Sample(JOBS, (depth.queue, state.value), count)
    yield Sample(DUE, (depth.queue,), depth.due)
    yield Sample(OLDEST, (depth.queue,), depth.oldest_due.total_seconds())
