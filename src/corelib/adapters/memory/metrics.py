"""Metrics in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

from corelib.domain.metric import Metric, MetricKind, Sample
from corelib.domain.metric_check import check_gauges, check_names, check_numbers

Key = tuple[str, tuple[str, ...]]


class MemoryMetrics:
    """Keeps the contract of `corelib.ports.metrics.Metrics`; `value` reads what was collected."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._known: dict[str, Metric] = {}
        self._values: dict[Key, list[float]] = {}
        self._reading: list[Callable[[], Iterable[Sample]]] = []

    def declare(self, metrics: Iterable[Metric]) -> None:
        """Make metrics known."""
        wanted = list(metrics)
        check_gauges(wanted, wanted=False)
        self._know(wanted)

    def count(self, metric: Metric, labels: Sequence[str], amount: float = 1) -> None:
        """Add to a counter."""
        check_numbers(metric, MetricKind.COUNTER, labels, amount)
        self._add(metric, labels, amount)

    def observe(self, metric: Metric, labels: Sequence[str], value: float) -> None:
        """Add a value to a histogram."""
        check_numbers(metric, MetricKind.HISTOGRAM, labels)
        self._add(metric, labels, value)

    def collect(self, gauges: Sequence[Metric], read: Callable[[], Iterable[Sample]]) -> None:
        """Remember who knows the values."""
        check_gauges(gauges, wanted=True)
        self._know(gauges)
        self._reading.append(read)

    def value(self, name: str, labels: Mapping[str, str] | None = None) -> float | None:
        """Return a number under the name that Prometheus gives it, or None if there is none.

        Args:
            name: that of a counter or gauge; of a histogram with `_count`, `_sum` or `_bucket` behind it.
            labels: values by label; of a bucket with its bound as `le`.
        """
        given = dict(labels or {})
        bound = float(given.pop("le", "inf"))
        for metric in list(self._known.values()):
            if set(metric.labels) != set(given):
                continue
            key = metric.name, tuple(given[label] for label in metric.labels)
            if metric.kind is MetricKind.GAUGE and metric.name == name:
                return self._gauges().get(key)
            values = self._values.get(key)
            if values is None:
                continue
            if metric.kind is MetricKind.COUNTER and metric.name == name:
                return sum(values)
            shown = {
                "_count": float(len(values)),
                "_sum": sum(values),
                "_bucket": float(sum(value <= bound for value in values)),
            }
            if metric.kind is MetricKind.HISTOGRAM and name.removeprefix(metric.name) in shown:
                return shown[name.removeprefix(metric.name)]
        return None

    def _gauges(self) -> dict[Key, float]:
        found: dict[Key, float] = {}
        for read in self._reading:
            try:
                found.update(((sample.metric.name, sample.labels), sample.value) for sample in list(read()))
            except Exception:  # noqa: BLE001, S112 - the other numbers are shown all the same
                continue
        return found

    def _add(self, metric: Metric, labels: Sequence[str], value: float) -> None:
        self._know([metric])
        with self._guard:
            self._values.setdefault((metric.name, tuple(labels)), []).append(value)

    def _know(self, metrics: Sequence[Metric]) -> None:
        with self._guard:
            check_names(self._known.values(), metrics)
            self._known.update((metric.name, metric) for metric in metrics)
