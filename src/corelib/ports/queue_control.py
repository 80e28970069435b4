"""Pausing and limiting queues, for all workers at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from corelib.domain.job_queues import Queue, QueueStatus, Rate


class QueueControl(Protocol):
    """Steers the claims of whole queues. What was claimed before goes on."""

    def pause(self, queue: str) -> bool:
        """Let nobody claim jobs of a queue; return False if it was paused already."""
        ...

    def resume(self, queue: str) -> bool:
        """Let jobs of a queue be claimed again, and have those that are due announced.

        Returns:
            False if it was not paused; then nothing has changed.
        """
        ...

    def limit(self, queue: str, *, concurrency: int | None, rate: Rate | None) -> None:
        """Set the limits of a queue, whatever they were; None takes one away.

        They stay until somebody sets others, or the code that declares the queue declares other ones.

        Raises:
            ValueError: if the concurrency is less than 1.
        """
        ...

    def limit_keys(self, queue: str, *, concurrency: int | None, rate: Rate | None) -> None:
        """Set the limits of the jobs of a queue that have the same key, whatever they were; as `limit` does.

        Raises:
            ValueError: if the concurrency is less than 1.
        """
        ...

    def declare(self, queue: Queue) -> None:
        """Take over the limits that a host's code declares, unless the same were declared before.

        So limits that were set by hand stay when a host is started anew, and a changed declaration wins.
        """
        ...

    def list(self) -> Sequence[QueueStatus]:
        """Return the queues that are or were paused or limited, by name."""
        ...
