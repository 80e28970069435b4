"""Adapters that need nothing but the standard library."""

from corelib.adapters.standard.clock import SystemClock
from corelib.adapters.standard.logger import StandardLogger

__all__ = ["StandardLogger", "SystemClock"]
