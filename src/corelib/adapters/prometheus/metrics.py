"""Counters, histograms and gauges in a registry of prometheus_client that belongs to whoever made it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from attrs import frozen
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from corelib.domain.metric import Metric, MetricKind, Sample
from corelib.domain.metric_check import check_gauges, check_names, check_numbers

LOCALHOST = "127.0.0.1"


class PrometheusMetrics:
    """Keeps the contract of `corelib.ports.metrics.Metrics`.

    Args:
        registry: where the numbers go; by default one of its own, never the global one of the package. Its multiprocess
            mode cannot be used: that knows no gauges that are asked for.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry: CollectorRegistry = registry or CollectorRegistry()
        self._guard = threading.Lock()
        self._known: dict[str, Metric] = {}
        self._made: dict[Metric, Counter | Histogram] = {}

    def declare(self, metrics: Iterable[Metric]) -> None:
        """Make metrics known."""
        wanted = list(metrics)
        check_gauges(wanted, wanted=False)
        for metric in wanted:
            self._of(metric)

    def count(self, metric: Metric, labels: Sequence[str], amount: float = 1) -> None:
        """Add to a counter."""
        check_numbers(metric, MetricKind.COUNTER, labels, amount)
        counter = self._of(metric)
        if isinstance(counter, Counter):
            (counter.labels(*labels) if labels else counter).inc(amount)

    def observe(self, metric: Metric, labels: Sequence[str], value: float) -> None:
        """Add a value to a histogram."""
        check_numbers(metric, MetricKind.HISTOGRAM, labels)
        histogram = self._of(metric)
        if isinstance(histogram, Histogram):
            (histogram.labels(*labels) if labels else histogram).observe(value)

    def collect(self, gauges: Sequence[Metric], read: Callable[[], Iterable[Sample]]) -> None:
        """Register a collector."""
        check_gauges(gauges, wanted=True)
        with self._guard:
            check_names(self._known.values(), gauges)
            self._known.update((metric.name, metric) for metric in gauges)
        self.registry.register(_Gauges(gauges, read))

    def exposition(self) -> str:
        """Return all numbers in the text format of Prometheus."""
        return generate_latest(self.registry).decode()

    def serve(self, port: int, address: str = LOCALHOST) -> Callable[[], None]:
        """Answer on `http://address:port/metrics` from a thread of its own.

        Args:
            port: 0 takes a free one.
            address: by default only this machine can ask; `0.0.0.0` lets others ask too.

        Returns:
            What ends that.

        Raises:
            OSError: if the port is taken.
        """
        server, thread = start_http_server(port, address, registry=self.registry)

        def close() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return close

    def _of(self, metric: Metric) -> Counter | Histogram:
        made = self._made.get(metric)
        if made is None:
            with self._guard:
                made = self._made.get(metric) or self._make(metric)
        return made

    def _make(self, metric: Metric) -> Counter | Histogram:
        check_names(self._known.values(), [metric])
        made: Counter | Histogram
        if metric.kind is MetricKind.HISTOGRAM:
            made = Histogram(metric.name, metric.help, metric.labels, registry=self.registry, buckets=metric.buckets)
        else:
            made = Counter(metric.name, metric.help, metric.labels, registry=self.registry)
        self._known[metric.name] = metric
        self._made[metric] = made
        return made


@frozen(eq=False)
class _Gauges(Collector):
    """Asks for the values of gauges when the registry is asked for all numbers."""

    _metrics: Sequence[Metric]
    _read: Callable[[], Iterable[Sample]]

    def describe(self) -> Iterator[Family]:
        """Return the names, so that registering does not ask for values."""
        yield from self._families().values()

    def collect(self) -> Iterator[Family]:
        """Return the values; none if they cannot be had."""
        families = self._families()
        try:
            samples = list(self._read())
        except Exception:  # noqa: BLE001 - the other numbers are shown all the same
            samples = []
        for sample in samples:
            families[sample.metric.name].add_metric(sample.labels, sample.value)
        yield from families.values()

    def _families(self) -> dict[str, GaugeMetricFamily]:
        return {
            metric.name: GaugeMetricFamily(metric.name, metric.help, labels=metric.labels) for metric in self._metrics
        }
