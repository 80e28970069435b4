"""Traces with OpenTelemetry (extra `opentelemetry`)."""

from corelib.errors import MissingExtra

try:
    from corelib.adapters.opentelemetry.tracer import OpenTelemetryTracer
except ModuleNotFoundError as _error:
    if (_error.name or "").partition(".")[0] != "opentelemetry":
        raise
    raise MissingExtra("opentelemetry-api", extra="opentelemetry", purpose="OpenTelemetryTracer") from None

__all__ = ["OpenTelemetryTracer"]
