"""Structured logs with structlog (extra `structlog`)."""

from corelib.adapters.structlog.logger import StructlogLogger

__all__ = ["StructlogLogger"]
