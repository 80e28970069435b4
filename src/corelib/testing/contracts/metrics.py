"""The contract of `corelib.ports.metrics.Metrics`."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

import pytest

from corelib.domain.metric import Metric, MetricKind, Sample
from corelib.errors import MisuseError
from corelib.ports.metrics import Metrics
from corelib.testing.contracts.suite import ContractSuite
from corelib.testing.contracts.waiting import at_the_same_time

Value = Callable[[str, Mapping[str, str]], float | None]

PARCELS = Metric("parcels_sent_total", MetricKind.COUNTER, "Parcels sent.", ("country",))
DOORS = Metric("doors_opened_total", MetricKind.COUNTER, "Doors opened.")
WEIGHT = Metric("parcel_weight_kilograms", MetricKind.HISTOGRAM, "Weight.", ("country",), (1.0, 2.5, 10.0))
SHELVES = Metric("shelves_free", MetricKind.GAUGE, "Free shelves.", ("room",))


class MetricsContract(ContractSuite):
    """Puts numbers together by their labels."""

    port: ClassVar[str] = "Metrics"

    @pytest.fixture
    def metrics(self) -> Metrics:
        """Return what takes numbers, without any so far."""
        raise NotImplementedError

    @pytest.fixture
    def value(self, metrics: Metrics) -> Value:
        """Return a function that reads a number by the name and the labels that Prometheus gives it, or None."""
        raise NotImplementedError

    class WhenItCounts:
        def test_adds_up_by_labels(self, metrics: Metrics, value: Value) -> None:
            metrics.count(PARCELS, ("CH",))
            metrics.count(PARCELS, ("CH",), 2)
            metrics.count(PARCELS, ("IT",))

            assert value("parcels_sent_total", {"country": "CH"}) == 3
            assert value("parcels_sent_total", {"country": "IT"}) == 1
            assert value("parcels_sent_total", {"country": "FR"}) is None

        def test_needs_no_labels(self, metrics: Metrics, value: Value) -> None:
            metrics.count(DOORS, ())

            assert value("doors_opened_total", {}) == 1

        def test_counts_from_many_threads(self, metrics: Metrics, value: Value) -> None:
            at_the_same_time(*(lambda: metrics.count(PARCELS, ("CH",)) for _ in range(8)))

            assert value("parcels_sent_total", {"country": "CH"}) == 8

        def test_refuses_to_go_back(self, metrics: Metrics) -> None:
            with pytest.raises(MisuseError, match="only grows"):
                metrics.count(PARCELS, ("CH",), -1)

        @pytest.mark.parametrize("labels", [(), ("CH", "IT")])
        def test_refuses_other_labels(self, metrics: Metrics, labels: tuple[str, ...]) -> None:
            with pytest.raises(MisuseError, match="It has: country"):
                metrics.count(PARCELS, labels)

        def test_refuses_what_is_no_counter(self, metrics: Metrics) -> None:
            with pytest.raises(MisuseError, match="is a histogram, not a counter"):
                metrics.count(WEIGHT, ("CH",))

    class WhenItObserves:
        def test_sorts_values_into_buckets(self, metrics: Metrics, value: Value) -> None:
            for weight in (0.5, 2.5, 7, 99):
                metrics.observe(WEIGHT, ("CH",), weight)

            assert value("parcel_weight_kilograms_count", {"country": "CH"}) == 4
            assert value("parcel_weight_kilograms_sum", {"country": "CH"}) == 109
            assert value("parcel_weight_kilograms_bucket", {"country": "CH", "le": "2.5"}) == 2
            assert value("parcel_weight_kilograms_bucket", {"country": "CH", "le": "10.0"}) == 3

        def test_refuses_what_is_no_histogram(self, metrics: Metrics) -> None:
            with pytest.raises(MisuseError, match="is a counter, not a histogram"):
                metrics.observe(PARCELS, ("CH",), 1)

    class WhenItDeclares:
        def test_may_be_told_twice(self, metrics: Metrics, value: Value) -> None:
            metrics.declare([PARCELS, WEIGHT])
            metrics.declare([PARCELS])
            metrics.count(PARCELS, ("CH",))

            assert value("parcels_sent_total", {"country": "CH"}) == 1

        def test_refuses_another_metric_of_the_name(self, metrics: Metrics) -> None:
            metrics.declare([PARCELS])

            with pytest.raises(MisuseError, match="Two metrics are named 'parcels_sent_total'"):
                metrics.declare([Metric(PARCELS.name, MetricKind.COUNTER, "Others.", ("town",))])

        def test_refuses_gauges(self, metrics: Metrics) -> None:
            with pytest.raises(MisuseError, match="does not belong here"):
                metrics.declare([SHELVES])

    class WhenItCollects:
        def test_asks_for_the_values_of_the_moment(self, metrics: Metrics, value: Value) -> None:
            free = [3.0]
            metrics.collect([SHELVES], lambda: [Sample(SHELVES, ("A",), free[0])])
            before = value("shelves_free", {"room": "A"})
            free[0] = 7.0

            assert before == 3
            assert value("shelves_free", {"room": "A"}) == 7
            assert value("shelves_free", {"room": "B"}) is None

        def test_shows_the_others_if_one_cannot_be_asked(self, metrics: Metrics, value: Value) -> None:
            metrics.collect([SHELVES], _fails)
            metrics.count(PARCELS, ("CH",))

            assert value("shelves_free", {"room": "A"}) is None
            assert value("parcels_sent_total", {"country": "CH"}) == 1

        def test_refuses_what_is_no_gauge(self, metrics: Metrics) -> None:
            with pytest.raises(MisuseError, match="does not belong here"):
                metrics.collect([PARCELS], list)


def _fails() -> Iterable[Sample]:
    raise ZeroDivisionError("nobody knows")
