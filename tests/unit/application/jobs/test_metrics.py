from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import frozen

from corelib.adapters.memory import ManualClock, MemoryLogger, MemoryMetrics, MemoryStorage
from corelib.application.jobs.description import job
from corelib.application.jobs.metrics import (
    COUNTED,
    FRESH_SECONDS,
    GAUGES,
    MOST_QUEUES,
    OTHER,
    JobMetrics,
    QueueGauges,
)
from corelib.application.jobs.registry import JobRegistry
from corelib.domain.context import Context
from corelib.domain.identifiers import new_id
from corelib.domain.job import NewJob
from corelib.domain.job_events import (
    AttemptFailed,
    AttemptStalled,
    JobDead,
    JobEnqueued,
    JobEvent,
    JobHandedBack,
    JobParked,
    JobRetried,
    JobStarted,
    JobSucceeded,
    JobWasCancelled,
)
from corelib.domain.metric import MetricKind
from corelib.errors import ServerUnreachable, TransientFailure
from corelib.ports.metrics import Metrics

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PAGE = Path(__file__).parents[4] / "docs" / "reference" / "job-metrics.md"
SEND = {"queue": "mail", "job": "send"}


@frozen
class Mail:
    address: str


@job(queue="mail")
def send(mail: Mail) -> None: ...


def event(kind: type[JobEvent], **fields: object) -> JobEvent:
    common = {"job_id": new_id(), "name": "send", "queue": "mail", "attempt": 1, "at": NOON, "correlation_id": "c"}
    return kind(**{**common, **fields})  # type: ignore[arg-type]


@pytest.fixture
def metrics() -> MemoryMetrics:
    return MemoryMetrics()


@pytest.fixture
def counting(metrics: MemoryMetrics) -> JobMetrics:
    return JobMetrics(metrics, JobRegistry([send]))


class TestJobMetrics:
    @pytest.mark.parametrize(
        ("happened", "name", "labels"),
        [
            (event(JobEnqueued, due_at=NOON), "corelib_jobs_enqueued_total", SEND),
            (event(JobRetried, due_at=NOON), "corelib_jobs_retried_total", SEND),
            (event(JobParked), "corelib_jobs_parked_total", SEND),
            (event(JobSucceeded), "corelib_jobs_ended_total", {**SEND, "state": "succeeded"}),
            (event(JobSucceeded), "corelib_job_attempts_total", {**SEND, "outcome": "succeeded"}),
            (event(JobDead), "corelib_jobs_ended_total", {**SEND, "state": "dead"}),
            (event(JobWasCancelled), "corelib_jobs_ended_total", {**SEND, "state": "cancelled"}),
            (event(AttemptFailed, error="boom"), "corelib_job_attempts_total", {**SEND, "outcome": "failed"}),
            (event(AttemptStalled, error="lost"), "corelib_job_attempts_total", {**SEND, "outcome": "stalled"}),
        ],
    )
    def test_counts_what_happens(
        self, counting: JobMetrics, metrics: MemoryMetrics, happened: JobEvent, name: str, labels: Mapping[str, str]
    ) -> None:
        counting.observe([happened])

        assert metrics.value(name, labels) == 1

    def test_measures_how_long_jobs_wait(self, counting: JobMetrics, metrics: MemoryMetrics) -> None:
        counting.observe([event(JobStarted, due_at=NOON - timedelta(seconds=3), worker="w")])

        assert metrics.value("corelib_job_wait_seconds_sum", SEND) == 3

    def test_measures_how_long_attempts_take_however_they_end(
        self, counting: JobMetrics, metrics: MemoryMetrics
    ) -> None:
        second = timedelta(seconds=1)

        counting.observe([event(JobSucceeded, duration=second), event(AttemptFailed, error="boom", duration=second)])

        assert metrics.value("corelib_job_run_seconds_sum", SEND) == 2

    def test_measures_no_duration_that_nobody_knows(self, counting: JobMetrics, metrics: MemoryMetrics) -> None:
        counting.observe([event(JobSucceeded), event(JobHandedBack)])

        assert metrics.value("corelib_job_run_seconds_count", SEND) is None

    def test_puts_jobs_that_it_does_not_know_together(self, counting: JobMetrics, metrics: MemoryMetrics) -> None:
        counting.observe([event(JobDead, name=f"made-up-{number}", queue=f"q{number}") for number in range(50)])

        assert metrics.value("corelib_jobs_ended_total", {"queue": OTHER, "job": OTHER, "state": "dead"}) == 50

    def test_puts_queues_that_it_does_not_know_together(self, counting: JobMetrics, metrics: MemoryMetrics) -> None:
        counting.observe([event(JobDead, queue="before-it-was-moved")])

        assert metrics.value("corelib_jobs_ended_total", {"queue": OTHER, "job": "send", "state": "dead"}) == 1


class Shop:
    """Stored jobs, and the gauges that are made of them."""

    def __init__(self) -> None:
        self.clock, self.log, self.seconds = ManualClock(), MemoryLogger(), 0.0
        self.store = MemoryStorage(self.clock).jobs
        self.metrics = MemoryMetrics()

    def watched(self, store: object = None) -> Metrics:
        gauges = QueueGauges(store or self.store, ["mail"], self.log, now=lambda: self.seconds)  # type: ignore[arg-type]
        self.metrics.collect(GAUGES, gauges.read)
        return self.metrics

    def add(self, queue: str = "mail", delay: timedelta = timedelta(0)) -> None:
        new = NewJob(id=new_id(), name="send", queue=queue, payload="{}", context=Context("c"), delay=delay)
        self.store.add([new])


class SilentStore:
    def depths(self, *, time_limit: timedelta | None = None) -> object:
        raise TransientFailure("It took too long.") if time_limit else ServerUnreachable("No.")


class TestQueueGauges:
    def test_shows_a_queue_of_the_host_that_is_empty(self) -> None:
        metrics = Shop().watched()

        assert metrics.value("corelib_jobs", {"queue": "mail", "state": "pending"}) == 0
        assert metrics.value("corelib_jobs_oldest_due_seconds", {"queue": "mail"}) == 0

    def test_shows_what_waits_and_since_when(self) -> None:
        shop = Shop()
        shop.add()
        shop.add(delay=timedelta(hours=1))
        shop.clock.advance(timedelta(seconds=90))

        metrics = shop.watched()

        assert metrics.value("corelib_jobs", {"queue": "mail", "state": "pending"}) == 2
        assert metrics.value("corelib_jobs_due", {"queue": "mail"}) == 1
        assert metrics.value("corelib_jobs_oldest_due_seconds", {"queue": "mail"}) == 90

    def test_asks_the_store_again_only_after_a_while(self) -> None:
        shop = Shop()
        metrics = shop.watched()
        before = metrics.value("corelib_jobs_due", {"queue": "mail"})
        shop.add()
        soon = metrics.value("corelib_jobs_due", {"queue": "mail"})
        shop.seconds += FRESH_SECONDS

        assert (before, soon) == (0, 0)
        assert metrics.value("corelib_jobs_due", {"queue": "mail"}) == 1

    def test_shows_nothing_and_says_so_if_the_store_does_not_answer(self) -> None:
        shop = Shop()

        metrics = shop.watched(SilentStore())

        assert metrics.value("corelib_jobs_due", {"queue": "mail"}) is None
        assert [line.event for line in shop.log.lines] == ["queue depths not read"]

    def test_puts_queues_beyond_the_limit_together(self) -> None:
        shop = Shop()
        for number in range(MOST_QUEUES + 5):
            shop.add(f"q{number}")

        metrics = shop.watched()

        assert metrics.value("corelib_jobs", {"queue": OTHER, "state": "pending"}) == 5


class TestTheMetricsOfJobs:
    def test_are_those_of_the_reference(self) -> None:
        rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

        assert {name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows} == {
            metric.name: (metric.kind.value, metric.labels) for metric in (*COUNTED, *GAUGES)
        }

    def test_are_named_as_prometheus_demands(self) -> None:
        counters = [metric for metric in COUNTED if metric.kind is MetricKind.COUNTER]

        assert all(metric.name.endswith("_total") for metric in counters)
        assert all(metric.name.endswith("_seconds") for metric in COUNTED if metric not in counters)
