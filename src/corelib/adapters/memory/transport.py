"""A transport within the process."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import TypeVar

from corelib.domain.job import JobRef
from corelib.domain.lossy_job import LossyJob

T = TypeVar("T", JobRef, LossyJob)


class MemoryTransport:
    """Keeps refs, and jobs without rows, until a worker of this process takes them."""

    def __init__(self) -> None:
        self._waiting: deque[JobRef | LossyJob] = deque()
        self._changed = threading.Condition()

    def send(self, refs: Sequence[JobRef]) -> None:
        """Keep the refs."""
        self._keep(refs)

    def deliver(self, jobs: Sequence[LossyJob]) -> None:
        """Keep the jobs."""
        self._keep(jobs)

    def take_any(self, *, wait: float) -> JobRef | LossyJob | None:
        """Return the oldest of them and forget it; None if there is none, also after waiting so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting, wait)
            return self._waiting.popleft() if self._waiting else None

    def take(self, *, wait: float = 0) -> JobRef | None:
        """Return the oldest ref and forget it; None if there is none, also after waiting so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._oldest(JobRef), wait) or None

    def take_lossy(self, *, wait: float = 0) -> LossyJob | None:
        """Return the oldest job without a row and forget it, likewise."""
        with self._changed:
            return self._changed.wait_for(lambda: self._oldest(LossyJob), wait) or None

    @property
    def waiting(self) -> bool:
        """Return whether there is something that nobody has taken."""
        return bool(self._waiting)

    def check(self) -> None:
        """Do nothing: memory is always there."""

    def close(self) -> None:
        """Do nothing: there are no connections."""

    def _oldest(self, kind: type[T]) -> T | None:
        for each in self._waiting:
            if isinstance(each, kind):
                self._waiting.remove(each)
                return each
        return None

    def _keep(self, sent: Sequence[JobRef | LossyJob]) -> None:
        with self._changed:
            self._waiting.extend(sent)
            self._changed.notify_all()
