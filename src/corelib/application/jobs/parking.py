"""Parked jobs: put aside by a worker that could not read them, until there is one that can."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from datetime import timedelta
from itertools import islice

from corelib.domain.job import Job
from corelib.errors import CorelibError
from corelib.ports.job_store import JobStore
from corelib.ports.logger import Logger

EVERY = timedelta(minutes=5)
PORTION = 200


class ParkedJobs:
    """Looks through the parked jobs when a worker starts and from time to time, and lets those run that it can read.

    In the same rounds it counts the jobs of flows that a worker of an earlier version has ended.

    Args:
        store: where the jobs are.
        names: of the jobs that this host has.
        readable: whether a job can be read now.
        log: is told how many jobs wait again, and about failures.
        every: pause between two rounds of the background thread.
    """

    def __init__(
        self,
        store: JobStore,
        names: Collection[str],
        readable: Callable[[Job], bool],
        log: Logger,
        *,
        every: timedelta = EVERY,
    ) -> None:
        self._store = store
        self._names = names
        self._readable = readable
        self._log = log
        self._every = every.total_seconds()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def look(self) -> int:
        """Let the parked jobs that can be read be pending, in portions, and return how many."""
        found = (job.id for job in self._store.parked(self._names) if self._readable(job))
        total = 0
        while portion := list(islice(found, PORTION)):
            total += self._store.unpark(portion)
        return total

    def start(self) -> None:
        """Look at once, and then from time to time, in a background thread until `stop`."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._loop, name="corelib-parked-jobs", daemon=True)
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
                if count := self.look():
                    self._log.info("parked jobs can be read now", jobs=count)
                if count := sum(iter(self._store.settle_flows, 0)):
                    self._log.info("jobs of flows are counted now", jobs=count)
            except CorelibError as error:
                self._log.warning("parked jobs not looked at", reason=str(error))
            except Exception as error:  # noqa: BLE001 - the next round tries again
                self._log.error("looking at parked jobs crashed", error)
            self._stopping.wait(self._every)
