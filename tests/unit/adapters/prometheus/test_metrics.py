from __future__ import annotations

import pytest

pytest.importorskip("prometheus_client")

from prometheus_client import REGISTRY, CollectorRegistry

from corelib.adapters.prometheus import PrometheusMetrics
from corelib.domain.metric import Metric, MetricKind, Sample

PARCELS = Metric("parcels_sent_total", MetricKind.COUNTER, "Parcels sent.", ("country",))
SHELVES = Metric("shelves_free", MetricKind.GAUGE, "Free shelves.", ("room",))


class TestPrometheusMetrics:
    def test_leaves_the_global_registry_alone(self) -> None:
        metrics = PrometheusMetrics()

        metrics.count(PARCELS, ("CH",))

        assert metrics.registry is not REGISTRY
        assert REGISTRY.get_sample_value("parcels_sent_total", {"country": "CH"}) is None

    def test_takes_the_registry_of_a_host(self) -> None:
        registry = CollectorRegistry()

        PrometheusMetrics(registry).count(PARCELS, ("CH",))

        assert registry.get_sample_value("parcels_sent_total", {"country": "CH"}) == 1

    def test_writes_the_text_format(self) -> None:
        metrics = PrometheusMetrics()
        metrics.count(PARCELS, ("CH",))
        metrics.collect([SHELVES], lambda: [Sample(SHELVES, ("A",), 3)])

        text = metrics.exposition()

        assert "# HELP parcels_sent_total Parcels sent." in text
        assert 'parcels_sent_total{country="CH"} 1.0' in text
        assert 'shelves_free{room="A"} 3.0' in text

    def test_does_not_ask_for_gauges_before_somebody_looks(self) -> None:
        asked = []

        PrometheusMetrics().collect([SHELVES], lambda: asked.append(1) or [])

        assert asked == []
