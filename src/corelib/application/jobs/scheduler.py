"""The scheduler: enqueues what schedules have due. Any number may run beside one another."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from corelib.application.jobs.announcer import Announcer
from corelib.application.jobs.housekeeping import Beside
from corelib.application.jobs.registry import JobRegistry
from corelib.application.jobs.schedules import names_of, scheduled_job
from corelib.domain.occurrences import Read, next_after, to_run
from corelib.domain.schedule import DueSchedule, occurrence_id
from corelib.errors import CorelibError
from corelib.ports.logger import Logger
from corelib.ports.schedule_store import ScheduleStore
from corelib.ports.worker import JobWorker

BATCH = 100


class Scheduler:
    """Moves due schedules on and enqueues their jobs, in one transaction for each schedule.

    Args:
        store: where the schedules are.
        registry: schedules of other jobs than these are left to other hosts.
        read: reads cron expressions.
        announcer: wakes the workers.
        log: is told what was enqueued, and about failures.
        poll: pause between rounds of the background thread.
    """

    def __init__(
        self,
        store: ScheduleStore,
        registry: JobRegistry,
        read: Read,
        announcer: Announcer,
        log: Logger,
        *,
        poll: timedelta = timedelta(milliseconds=500),
    ) -> None:
        self._store = store
        self._registry = registry
        self._read = read
        self._announcer = announcer
        self._log = log
        self._poll = poll.total_seconds()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def fire_due(self) -> int:
        """Enqueue the jobs of all schedules that are due now, and return how many jobs."""
        due = self._store.due(names_of(self._registry), limit=BATCH)
        return sum(self._fire_alone(schedule) for schedule in due)

    def start(self) -> None:
        """Do so in a background thread until `stop`."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._loop, name="corelib-scheduler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the background thread and wait for it."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _fire_alone(self, due: DueSchedule) -> int:
        """Enqueue for one schedule, whose errors keep no other from its turn."""
        try:
            return self._fire(due)
        except CorelibError as error:
            self._log.error("schedule not run", error, schedule=due.status.name)
            return 0

    def _fire(self, due: DueSchedule) -> int:
        spec = due.status.spec
        description = self._registry.named(spec.job)
        instants = to_run(spec, due.next_at, due.now, self._read)
        jobs = [scheduled_job(description, spec, occurrence_id(spec.name, instant)) for instant in instants]
        following = next_after(spec.timing, due.now, self._read)
        last = instants[-1] if instants else None
        if not self._store.fire(due, jobs, next_at=following, last_at=last):
            return 0
        self._announcer.announce([job.ref for job in jobs])
        self._log.info("schedule due", schedule=spec.name, jobs=len(jobs))
        return len(jobs)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                self.fire_due()
            except CorelibError as error:
                self._log.warning("scheduler round failed", reason=str(error))
            except Exception as error:  # noqa: BLE001 - without its scheduler a host would miss every run
                self._log.error("scheduler round crashed", error)
            self._stopping.wait(self._poll)


class SchedulingWorker:
    """A worker beside which a scheduler runs, and whatever else there is.

    Args:
        worker: runs the jobs.
        scheduler: enqueues them.
        declare: tells the store the schedules that the host's code declares.
        beside: what else is started and stopped with the worker.
    """

    def __init__(self, worker: JobWorker, scheduler: Scheduler, declare: Callable[[], None], *beside: Beside) -> None:
        self._worker = worker
        self._scheduler = scheduler
        self._declare = declare
        self._beside = beside

    @property
    def worker(self) -> JobWorker:
        """Return what runs the jobs."""
        return self._worker

    def start(self) -> None:
        """Declare and start."""
        self._declare()
        self._worker.start()
        for companion in (self._scheduler, *self._beside):
            companion.start()

    def stop(self, limit: timedelta) -> None:
        """Stop scheduler and worker."""
        for companion in (*self._beside, self._scheduler):
            companion.stop()
        self._worker.stop(limit)
