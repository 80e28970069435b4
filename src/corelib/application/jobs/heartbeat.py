"""The heartbeat: one thread that keeps the leases of all runs of a process, and ends those whose time is up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from corelib.application.jobs.running import Running, RunningJobs
from corelib.errors import CorelibError
from corelib.ports.job_store import JobStore
from corelib.ports.logger import Logger

DEFAULT_LEASE = timedelta(seconds=30)
BEATS_IN_A_LEASE = 3
TICK_SECONDS = 0.25
"""How often it looks for runs whose time is up; nothing is asked of the store for that."""


class Heartbeat:
    """Sends one statement for all runs of the process, three times in a lease.

    Args:
        store: where the jobs are.
        running: the runs to keep.
        time_out: settles a run whose time is up; called again until it does not raise.
        log: is told about failures.
        lease: how long a worker that dies holds its jobs.
    """

    def __init__(
        self,
        store: JobStore,
        running: RunningJobs,
        time_out: Callable[[Running], None],
        log: Logger,
        *,
        lease: timedelta = DEFAULT_LEASE,
    ) -> None:
        self.lease = lease
        self._store = store
        self._running = running
        self._time_out = time_out
        self._log = log
        self._every = lease.total_seconds() / BEATS_IN_A_LEASE
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def beats(self) -> bool:
        """Return whether the thread runs, so that claims may be short."""
        return self._thread is not None

    def beat(self) -> None:
        """Ask the store once to keep all runs; a failure is logged, and counts as no answer."""
        asked = [run for run in self._running.all() if run.durable and not run.settled]
        if not asked:
            return
        at = self._running.now()
        answer = {}
        try:
            answer = dict(self._store.heartbeat([run.claim for run in asked], lease=self.lease))
        except CorelibError as error:
            self._log.warning("heartbeat failed", jobs=len(asked), reason=str(error))
        self._running.confirm(answer, asked, at, lease=self.lease)

    def end_overdue(self) -> None:
        """Settle the runs whose time is up."""
        for run in self._running.overdue():
            try:
                self._time_out(run)
            except CorelibError as error:
                self._log.warning("time-out not settled", job_id=str(run.claim.job.id), reason=str(error))

    def start(self) -> None:
        """Beat in a background thread until `stop`."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._loop, name="corelib-heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the background thread and wait for it."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _loop(self) -> None:
        due = self._running.now() + self._every
        while not self._stopping.wait(min(TICK_SECONDS, self._every)):
            try:
                self.end_overdue()
                if self._running.now() >= due:
                    due = self._running.now() + self._every
                    self.beat()
            except Exception as error:  # noqa: BLE001 - without it, other workers would take over all that runs here
                self._log.error("heartbeat crashed", error)
