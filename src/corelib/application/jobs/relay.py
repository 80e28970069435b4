"""The relay: wakes jobs whose time has come and jobs that a crash left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from corelib.application.jobs.stalled import to_announce
from corelib.domain.job import JobRef
from corelib.errors import CorelibError
from corelib.ports.job_store import JobStore
from corelib.ports.logger import Logger
from corelib.ports.transport import JobTransport

BATCH = 500
NO_JOB = UUID(int=0)
"""Stands in a message that wakes a worker for a queue, and names no job."""


class Relay:
    """Hands waiting jobs to the transport. Any number of relays may run beside one another.

    Args:
        store: where the jobs are.
        transport: what wakes the workers.
        log: is told how many jobs were woken, and about failures.
        again_after: a job that was announced is not announced again before this time.
        poll: pause between rounds of the background thread.
        held_back: returns the queues whose limits kept jobs back from a worker of this process since the last call; in
            each round a worker is woken for them.
    """

    def __init__(
        self,
        store: JobStore,
        transport: JobTransport,
        log: Logger,
        *,
        again_after: timedelta = timedelta(seconds=60),
        poll: timedelta = timedelta(milliseconds=500),
        held_back: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._store = store
        self._transport = transport
        self._log = log
        self._again_after = again_after
        self._poll = poll.total_seconds()
        self._held_back = held_back
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def sweep(self) -> int:
        """Announce all jobs that wait now, and return how many."""
        swept = 0
        if queues := self._held_back():
            self._transport.send([JobRef(NO_JOB, queue) for queue in queues])
        while True:
            refs = self._store.wake(limit=BATCH, again_after=self._again_after)
            self._transport.send(to_announce(self._store, refs))
            swept += len(refs)
            if len(refs) < BATCH or self._stopping.is_set():
                return swept

    def start(self) -> None:
        """Sweep in a background thread until `stop`."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._loop, name="corelib-relay", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the background thread and wait for it."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                if swept := self.sweep():
                    self._log.debug("jobs woken", jobs=swept)
            except CorelibError as error:
                self._log.warning("relay round failed", reason=str(error))
            except Exception as error:  # noqa: BLE001 - without its relay a worker would wait for ever
                self._log.error("relay round crashed", error)
            self._stopping.wait(self._poll)
