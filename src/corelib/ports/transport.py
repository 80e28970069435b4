"""The broker, seen from where jobs are enqueued."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from corelib.domain.job import JobRef
from corelib.domain.lossy_job import LossyJob


class JobTransport(Protocol):
    """Wakes workers. A message is a hint: losing one costs time, sending one twice costs a claim that fails."""

    def send(self, refs: Sequence[JobRef]) -> None:
        """Tell the workers that these jobs wait; an empty sequence is allowed.

        Raises:
            ConfigurationError: if the broker cannot be reached. The jobs stay where they are.
        """
        ...

    def deliver(self, jobs: Sequence[LossyJob]) -> None:
        """Hand jobs to the workers that are in no store: the message is all there is of each.

        Raises:
            ConfigurationError: if the broker cannot be reached. Those that it has not got are lost.
        """
        ...

    def check(self) -> None:
        """Make sure that the broker answers.

        Raises:
            ServerUnreachable: if nothing answers.
            AuthenticationFailed: if it refuses the login.
        """
        ...

    def close(self) -> None:
        """Give back every connection."""
        ...
