"""Structured logs with structlog (extra `structlog`)."""

from corelib.errors import MissingExtra

try:
    from corelib.adapters.structlog.logger import StructlogLogger
except ModuleNotFoundError as _error:
    if _error.name != "structlog":
        raise
    raise MissingExtra("structlog", extra="structlog", purpose="StructlogLogger") from None

__all__ = ["StructlogLogger"]
