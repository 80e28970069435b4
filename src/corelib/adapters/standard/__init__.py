"""Adapters that need nothing but the standard library."""

from corelib.adapters.standard.clock import SystemClock
from corelib.adapters.standard.logger import StandardLogger
from corelib.adapters.standard.object_storage import FolderObjectStorage

__all__ = ["FolderObjectStorage", "StandardLogger", "SystemClock"]
