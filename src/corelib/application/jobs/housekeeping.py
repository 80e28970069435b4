"""Housekeeping: removes what was kept for long enough: jobs, payloads that no job needs, job events."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Protocol

from attrs import frozen

from corelib.application.jobs.description import JobDescription
from corelib.domain.job import JobState
from corelib.domain.retention import Retention
from corelib.errors import CorelibError, LockNotAvailable
from corelib.ports.job_steering import JobFilter
from corelib.ports.job_store import JobStore
from corelib.ports.lock import Locks
from corelib.ports.logger import Logger

HOURLY = timedelta(hours=1)
PORTION = 200
LOCK = "corelib housekeeping"
SWEEP_AFTER = 24
"""So many rounds lie between two sweeps of stored payloads: each lists all objects."""


class Beside(Protocol):
    """Something that goes on in the background while a worker runs."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """End, and wait until that is so."""
        ...


@frozen
class Removal:
    """What one rule of retention says: which jobs, in which state, are removed.

    Args:
        job: their name.
        state: their state.
        older_than: only what ended so long ago is removed.
        beyond: the newest so many stay.
    """

    job: str
    state: JobState
    older_than: timedelta = timedelta(0)
    beyond: int = 0


def removals(jobs: Iterable[JobDescription]) -> list[Removal]:
    """Return what the retentions of jobs say."""
    kept: list[tuple[str, Retention]] = [(job.name, job.retention) for job in jobs if job.retention is not None]
    found = []
    for name, retention in kept:
        for state, keep in retention:
            if keep.age is not None:
                found.append(Removal(name, state, older_than=keep.age))
            if keep.newest is not None:
                found.append(Removal(name, state, beyond=keep.newest))
    return found


class Housekeeping:
    """Removes what nobody needs any more; over all workers of an app, one at a time does it.

    Args:
        store: where the jobs are.
        rules: which of them are removed.
        locks: let one worker in.
        lock: name of the lock.
        sweep: removes stored payloads that no job needs, and returns how many; None if there are none.
        purge_events: removes a portion of the old job events, at most so many, and returns how many; None if there are
            none.
        log: is told what was removed, and about failures.
        every: pause between two rounds of the background thread.
    """

    def __init__(
        self,
        store: JobStore,
        rules: list[Removal],
        locks: Locks,
        log: Logger,
        *,
        lock: str = LOCK,
        sweep: Callable[[], int] | None = None,
        purge_events: Callable[[int], int] | None = None,
        every: timedelta = HOURLY,
    ) -> None:
        self._store = store
        self._rules = rules
        self._locks = locks
        self._lock = lock
        self._log = log
        self._sweep = sweep
        self._purge_events = purge_events
        self._every = every.total_seconds()
        self._rounds_to_wait = 0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def has_work(self) -> bool:
        """Return whether there is anything to remove, ever."""
        return bool(self._rules) or self._sweep is not None or self._purge_events is not None

    def keep_house(self) -> int:
        """Do one round, unless another worker is at it; return how many jobs, payloads and events were removed.

        Each portion is a short transaction that passes over rows which others have locked.
        """
        try:
            with self._locks.hold(self._lock):
                return self._remove_jobs() + self._remove_payloads() + self._remove_events()
        except LockNotAvailable:
            return 0

    def start(self) -> None:
        """Do rounds in a background thread until `stop`, the first of them at once."""
        if not self.has_work:
            return
        self._stopping.clear()
        self._thread = threading.Thread(target=self._loop, name="corelib-housekeeping", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the background thread after its portion, and wait for it."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _remove_jobs(self) -> int:
        removed = 0
        for rule in self._rules:
            which = JobFilter(name=rule.job)
            while not self._stopping.is_set():
                count = self._store.purge(
                    rule.state, older_than=rule.older_than, beyond=rule.beyond, which=which, limit=PORTION
                )
                removed += count
                if count < PORTION:
                    break
        return removed

    def _remove_payloads(self) -> int:
        """Remove payloads after the jobs that had them, with the first round and every 24th after it."""
        if self._sweep is None or self._stopping.is_set():
            return 0
        if self._rounds_to_wait:
            self._rounds_to_wait -= 1
            return 0
        removed = self._sweep()
        self._rounds_to_wait = SWEEP_AFTER - 1
        return removed

    def _remove_events(self) -> int:
        removed = 0
        while self._purge_events is not None and not self._stopping.is_set():
            count = self._purge_events(PORTION)
            removed += count
            if count < PORTION:
                break
        return removed

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                if count := self.keep_house():
                    self._log.info("house kept", removed=count)
            except CorelibError as error:
                self._log.warning("house not kept", reason=str(error))
            except Exception as error:  # noqa: BLE001 - the next round tries again
                self._log.error("housekeeping crashed", error)
            self._stopping.wait(self._every)
