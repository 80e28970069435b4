"""Metrics by the package prometheus_client."""

from __future__ import annotations

from corelib.errors import MissingExtra

try:
    from corelib.adapters.prometheus.metrics import PrometheusMetrics
except ModuleNotFoundError as _error:
    if (_error.name or "").partition(".")[0] != "prometheus_client":
        raise
    raise MissingExtra("prometheus_client", extra="prometheus", purpose="PrometheusMetrics") from None

__all__ = ["PrometheusMetrics"]
