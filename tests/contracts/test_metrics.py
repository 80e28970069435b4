from __future__ import annotations

from typing import ClassVar

import pytest

from corelib.adapters.memory import MemoryMetrics
from corelib.ports.metrics import Metrics
from corelib.testing.contracts.metrics import MetricsContract, Value


class TestMemory(MetricsContract):
    """The fake."""

    adapter: ClassVar[str] = "memory"

    @pytest.fixture
    def metrics(self) -> MemoryMetrics:
        return MemoryMetrics()

    @pytest.fixture
    def value(self, metrics: MemoryMetrics) -> Value:
        return metrics.value


class TestPrometheus(MetricsContract):
    """prometheus_client."""

    adapter: ClassVar[str] = "prometheus"

    @pytest.fixture
    def metrics(self) -> Metrics:
        pytest.importorskip("prometheus_client")
        from corelib.adapters.prometheus import PrometheusMetrics

        return PrometheusMetrics()

    @pytest.fixture
    def value(self, metrics: Metrics) -> Value:
        return lambda name, labels: metrics.registry.get_sample_value(name, dict(labels))
