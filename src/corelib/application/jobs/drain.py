"""Running jobs by hand, without any transport."""

from __future__ import annotations

from datetime import timedelta

from corelib.application.jobs.runner import JobRunner, RunOutcome
from corelib.ports.job_store import JobStore

PORTION = 100
_KEEP_AWAY = timedelta(minutes=1)


def run_due(store: JobStore, runner: JobRunner) -> int:
    """Run jobs in this thread until none is due, those that they enqueue included; return how many runs there were.

    Jobs that wait for a later time stay. For tests and for hosts that run jobs in a quiet moment; beside other workers
    it takes its share.
    """
    runs = 0
    while True:
        store.forget_announcements()
        refs = store.wake(limit=PORTION, again_after=_KEEP_AWAY)
        if not refs:
            return runs
        runs += sum(runner.run(ref.id) is not RunOutcome.SKIPPED for ref in refs)
