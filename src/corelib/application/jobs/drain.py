"""Running jobs by hand, without any transport."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from corelib.application.jobs.run_outcome import RunOutcome
from corelib.application.jobs.runner import JobRunner
from corelib.application.jobs.stalled import to_announce
from corelib.domain.lossy_job import LossyJob
from corelib.ports.job_store import JobStore

PORTION = 100
_KEEP_AWAY = timedelta(minutes=1)


TakeLossy = Callable[[], LossyJob | None]
"""Takes a job without a row that waits in this process."""


def no_lossy() -> LossyJob | None:
    """Return none: those that there are wait elsewhere."""
    return None


def run_due(store: JobStore, runner: JobRunner, take_lossy: TakeLossy = no_lossy) -> int:
    """Run jobs in this thread until none is due, those that they enqueue included; return how many runs there were.

    Jobs that wait for a later time stay, and so do those that a pause or a limit of their queue keeps back. For tests
    and for hosts that run jobs in a quiet moment; beside other workers it takes its share.
    """
    runs = 0
    while ran := run_round(store, runner, take_lossy):
        runs += len(ran)
    return runs


def run_round(store: JobStore, runner: JobRunner, take_lossy: TakeLossy = no_lossy) -> list[RunOutcome]:
    """Run a portion of the jobs that are due now, and return how the runs ended; none if there was nothing to run."""
    store.forget_announcements()
    refs = to_announce(store, store.wake(limit=PORTION, again_after=_KEEP_AWAY))
    outcomes = [runner.run_next(ref.queue) for ref in refs]
    outcomes += [runner.lossy.run(lossy) for lossy in iter(take_lossy, None)]
    return [outcome for outcome in outcomes if outcome is not RunOutcome.SKIPPED]
