"""Waking workers after a commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from corelib.domain.job import JobRef
from corelib.domain.lossy_job import LossyJob
from corelib.ports.logger import Logger
from corelib.ports.transport import JobTransport

MOST_AT_ONCE = 100
"""How many workers' threads one commit wakes for a queue: each goes on for as long as there are due jobs."""


def enough(refs: Sequence[JobRef]) -> list[JobRef]:
    """Return so many of the refs of each queue that all threads of a cluster are woken, in their order."""
    sent: Counter[str] = Counter()
    chosen = []
    for ref in refs:
        sent[ref.queue] += 1
        if sent[ref.queue] <= MOST_AT_ONCE:
            chosen.append(ref)
    return chosen


class Announcer:
    """Tells the transport about committed jobs; a broker that fails only delays them until the relay comes by."""

    def __init__(self, transport: JobTransport, log: Logger) -> None:
        self._transport = transport
        self._log = log

    def announce(self, refs: Sequence[JobRef]) -> None:
        """Send the refs; never raises, since the commit that it follows stands."""
        if not refs:
            return
        try:
            self._transport.send(enough(refs))
        except Exception as error:  # noqa: BLE001 - whatever the broker's client raises
            self._log.warning("jobs not announced", jobs=len(refs), reason=str(error))

    def deliver(self, jobs: Sequence[LossyJob]) -> None:
        """Send jobs that are in no store; those that cannot be sent are lost, and the log says so."""
        if not jobs:
            return
        try:
            self._transport.deliver(jobs)
        except Exception as error:  # noqa: BLE001 - as above
            self._log.error("jobs lost", jobs=len(jobs), reason=str(error))
