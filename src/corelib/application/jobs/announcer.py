"""Waking workers after a commit."""

from __future__ import annotations

from collections.abc import Sequence

from corelib.domain.job import JobRef
from corelib.ports.logger import Logger
from corelib.ports.transport import JobTransport


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
            self._transport.send(refs)
        except Exception as error:  # noqa: BLE001 - whatever the broker's client raises
            self._log.warning("jobs not announced", jobs=len(refs), reason=str(error))
