"""Whoever runs the jobs that a transport announces."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol


class JobWorker(Protocol):
    """Runs jobs in the background of this process."""

    def start(self) -> None:
        """Begin to take jobs."""
        ...

    def stop(self, limit: timedelta) -> None:
        """Take no more jobs, let running ones finish within `limit`, hand back those that do not."""
        ...
