"""A transport within the process."""

from __future__ import annotations

import queue
from collections.abc import Sequence

from corelib.domain.job import JobRef


class MemoryTransport:
    """Keeps refs until a worker of this process takes them."""

    def __init__(self) -> None:
        self._refs: queue.SimpleQueue[JobRef] = queue.SimpleQueue()

    def send(self, refs: Sequence[JobRef]) -> None:
        """Keep the refs."""
        for ref in refs:
            self._refs.put(ref)

    def take(self, *, wait: float = 0) -> JobRef | None:
        """Return the oldest ref and forget it; None if there is none, also after waiting so many seconds."""
        try:
            return self._refs.get(block=wait > 0, timeout=wait or None)
        except queue.Empty:
            return None

    def check(self) -> None:
        """Do nothing: memory is always there."""

    def close(self) -> None:
        """Do nothing: there are no connections."""
