"""How a run ends: to be retried, dead, cancelled, parked, or lost to another worker."""

from __future__ import annotations

import random
import traceback
from datetime import timedelta

from corelib.application.jobs.registry import JobRegistry
from corelib.application.jobs.reporting import Reporter
from corelib.application.jobs.run_outcome import RunOutcome
from corelib.application.jobs.running import Running, RunningJobs
from corelib.domain.job import AttemptOutcome, Claim, Job
from corelib.errors import (
    JobCancelled,
    LeaseLost,
    NonRetryableError,
    ResultTooLarge,
    TimedOut,
    ValidationFailed,
)
from corelib.ports.job_store import JobStore
from corelib.ports.logger import Logger

ERROR_LENGTH = 500
TRACEBACK_LENGTH = 20_000


class Settlement:
    """Settles runs that have ended otherwise than by success.

    Args:
        store: where the jobs are.
        registry: describes them.
        running: the runs of this process, and their clock.
        reporter: writes the last that they have told.
        log: is told how they ended.
    """

    def __init__(
        self, store: JobStore, registry: JobRegistry, running: RunningJobs, reporter: Reporter, log: Logger
    ) -> None:
        self._store = store
        self._registry = registry
        self._running = running
        self._reporter = reporter
        self._log = log

    @property
    def hanging(self) -> int:
        """Return how many threads of this process go on with a run that has timed out."""
        return sum(run.timed_out for run in self._running.all())

    def failed(self, run: Running, error: Exception) -> RunOutcome:
        """Settle a run that has ended with an error."""
        job = run.claim.job
        late = self._running.now() - run.ends
        if run.timed_out or (late >= 0 and isinstance(error, LeaseLost)):
            if not run.settled:
                self.time_out(run)
            self._log.warning("run has ended after its time-out", job=job.name, late_seconds=round(late, 3))
            return RunOutcome.TIMED_OUT
        if not isinstance(error, LeaseLost):
            self._reporter.write_last(run)
        if run.cancelled or (isinstance(error, JobCancelled) and not run.stop.given):
            return self._cancel(run, error)
        if isinstance(error, LeaseLost | JobCancelled):
            return self._lost(run.claim, error)
        final = (ValidationFailed, ResultTooLarge, NonRetryableError, *self._registry.named(job.name).non_retryable)
        if job.attempts >= job.max_attempts or isinstance(error, final):
            return self._bury(run.claim, error)
        return self._retry(run.claim, error)

    def time_out(self, run: Running) -> None:
        """Take its transaction from a run whose time is up, and settle it as failed, whatever its thread does."""
        job, error = run.claim.job, too_long(run.claim.job)
        where = run.stack()
        run.time_out(error)
        if not run.durable:
            run.settled = True
            self._log.error("job timed out and is lost", job=job.name, job_id=str(job.id), hanging_threads=self.hanging)
            return
        self._reporter.write_last(run, wait=False)
        text, outcome = one_line(error), AttemptOutcome.TIMED_OUT
        if job.attempts >= job.max_attempts:
            kept = self._store.bury(run.claim, error=text, traceback=where, outcome=outcome)
        else:
            wait = self._wait_after(job)
            kept = self._store.retry(run.claim, error=text, wait=wait, traceback=where, outcome=outcome)
        run.settled = True
        if kept:
            self._log.error(
                "job timed out",
                job=job.name,
                job_id=str(job.id),
                attempt=job.attempts,
                max_attempts=job.max_attempts,
                timeout_seconds=job.timeout.total_seconds(),
                hanging_threads=self.hanging,
            )

    def park(self, run: Running, error: Exception) -> RunOutcome:
        """Put a job aside that this worker cannot read."""
        job = run.claim.job
        if not self._store.park(run.claim, reason=one_line(error)):
            return self._lost(run.claim, error)
        self._log.error("job is parked", job=job.name, job_id=str(job.id), reason=one_line(error))
        return RunOutcome.PARKED

    def _wait_after(self, job: Job) -> timedelta:
        return self._registry.named(job.name).backoff.wait(job.attempts, random.random())  # noqa: S311 - spreads load

    def _retry(self, claim: Claim, error: Exception) -> RunOutcome:
        job = claim.job
        wait = self._wait_after(job)
        if not self._store.retry(claim, error=one_line(error), wait=wait, traceback=_trace(error)):
            return self._lost(claim, error)
        seconds = round(wait.total_seconds(), 3)
        self._log.warning(
            "job will be retried", job=job.name, attempt=job.attempts, wait_seconds=seconds, reason=one_line(error)
        )
        return RunOutcome.RETRIED

    def _bury(self, claim: Claim, error: Exception) -> RunOutcome:
        job = claim.job
        if not self._store.bury(claim, error=one_line(error), traceback=_trace(error)):
            return self._lost(claim, error)
        self._log.error("job is dead", error, job=job.name, attempt=job.attempts)
        return RunOutcome.DEAD

    def _cancel(self, run: Running, error: Exception) -> RunOutcome:
        job = run.claim.job
        if not self._store.end_cancelled(run.claim, error=one_line(error)):
            return self._lost(run.claim, error)
        self._log.info("job cancelled", job=job.name, attempt=job.attempts, reason=one_line(error))
        return RunOutcome.CANCELLED

    def _lost(self, claim: Claim, error: Exception) -> RunOutcome:
        job = claim.job
        self._log.warning("job lost its lease", job=job.name, attempt=job.attempts, reason=one_line(error))
        return RunOutcome.LOST


def too_long(job: Job) -> TimedOut:
    """Return the error of a run whose time is up."""
    return TimedOut(
        f"The run took longer than the time-out of the job {job.name}, {job.timeout}.",
        hint="Nothing of it was kept. Its thread goes on until the handler returns.",
    )


def _trace(error: Exception) -> str:
    return "".join(traceback.format_exception(error))[-TRACEBACK_LENGTH:]


def one_line(error: Exception) -> str:
    """Return an error as the record of its attempt has it."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text[:ERROR_LENGTH]
