"""Writes what runs tell about themselves, beside their own transactions and not too often."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta

from corelib.application.jobs.running import Running, RunningJobs
from corelib.domain.job import Job, Progress
from corelib.domain.job_progress import RunReport
from corelib.errors import CorelibError
from corelib.ports.job_store import JobStore
from corelib.ports.logger import Logger

EVERY = timedelta(seconds=1)

Progressed = Callable[[Job, Progress], object]


def _nobody(_: Job, __: Progress) -> None:
    """Nobody wants to know."""


class Reporter:
    """Writes what the runs of this process have told: one transaction for all of them, once a second at most.

    It sleeps while nobody tells anything. A fault of the store costs no run anything: what was not written is tried
    again, and given up when the run has ended.

    Args:
        store: where the jobs are.
        running: the runs of this process.
        log: is told about faults.
        progressed: called with the job and what was written, after that; for whoever passes it on.
        every: pause after each round of the background thread.
    """

    def __init__(
        self,
        store: JobStore,
        running: RunningJobs,
        log: Logger,
        *,
        progressed: Progressed = _nobody,
        every: timedelta = EVERY,
    ) -> None:
        self._store = store
        self._running = running
        self._log = log
        self._progressed = progressed
        self._every = every.total_seconds()
        self._something = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Have the background thread write soon."""
        if not self._something.is_set():
            self._something.set()

    def write(self) -> bool:
        """Write what all runs have told by now; return False if the store refused, and it has to be tried again."""
        reports: list[RunReport] = []
        try:
            with ExitStack() as turns:
                given = [turns.enter_context(run.reports.written(wait=False)) for run in self._running.all()]
                reports += [report for report in given if report is not None]
                held = self._store.report(reports) if reports else set()
        except CorelibError as error:
            self._log.debug("reports of runs not written yet", runs=len(reports), reason=str(error))
            return False
        self.tell([report for report in reports if report.claim.token in held])
        return True

    def write_last(self, run: Running, *, wait: bool = True) -> None:
        """Write the rest of what a run has told, before it is settled; a failure is logged.

        Args:
            run: which has ended.
            wait: for whoever changes the job or writes its reports at this moment, as a settlement does.
        """
        if run.reports.silent:
            return
        try:
            with run.reports.written(last=True, wait=wait) as report:
                held = report is not None and self._store.report([report], patient=wait)
        except CorelibError as error:
            self._log.warning("last report of a run not written", job_id=str(run.claim.job.id), reason=str(error))
            return
        if report is not None and held:
            self.tell([report])

    def tell(self, reports: Sequence[RunReport]) -> None:
        """Pass on which progress was written."""
        for report in reports:
            if report.progress is None:
                continue
            try:
                self._progressed(report.claim.job, report.progress)
            except Exception as error:  # noqa: BLE001 - the progress is written, whatever becomes of the news
                self._log.error("progress not passed on", error, job_id=str(report.claim.job.id))

    def start(self) -> None:
        """Write in a background thread until `stop`."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._loop, name="corelib-reports", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the background thread and wait for it."""
        self._stopping.set()
        self._something.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _loop(self) -> None:
        while self._something.wait() and not self._stopping.is_set():
            self._something.clear()
            try:
                if not self.write():
                    self._something.set()
            except Exception as error:  # noqa: BLE001 - the next round tries again
                self._log.error("reports of runs crashed", error)
            self._stopping.wait(self._every)
