"""Runs one job from claim to settlement."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from enum import Enum
from uuid import UUID

from corelib.application.binding import BoundHandler
from corelib.application.context import use_context
from corelib.application.jobs.registry import JobRegistry
from corelib.application.jobs.run import JobRun
from corelib.application.unit_of_work import HandlerUnitOfWork, Surroundings
from corelib.domain.context import Context
from corelib.domain.job import Claim, Job
from corelib.errors import CorelibError, LeaseLost, TransientFailure, UnknownJob, ValidationFailed
from corelib.ports.job_store import JobStore
from corelib.ports.logger import Logger
from corelib.ports.unit_of_work import UnitOfWork

ERROR_LENGTH = 500
TRANSIENT_TRIES = 3
"""How often a handler runs within one attempt while the store rolls it back for reasons that pass, as a deadlock."""


class RunOutcome(Enum):
    """How a call of `JobRunner.run` ended."""

    SUCCEEDED = "succeeded"
    RETRIED = "retried"
    DEAD = "dead"
    LOST = "lost"
    SKIPPED = "skipped"


class _Completing(HandlerUnitOfWork):
    """A unit of work whose completion also marks the job as done, in the same transaction."""

    def __init__(self, surroundings: Surroundings, claim: Claim) -> None:
        super().__init__(surroundings)
        self._claim = claim

    def complete(self) -> None:
        self.flush()
        self.transaction.complete_job(self._claim.job.id, self._claim.token)
        super().complete()


class JobRunner:
    """Claims a job, runs its handler, and settles the run: succeeded, to be retried, or dead.

    Args:
        store: where the jobs are.
        registry: describes them.
        handlers: bound handlers by job name.
        surroundings: for the unit of work of each run.
    """

    def __init__(
        self, store: JobStore, registry: JobRegistry, handlers: Mapping[str, BoundHandler], surroundings: Surroundings
    ) -> None:
        self._store = store
        self._registry = registry
        self._handlers = handlers
        self._around = surroundings
        self._log: Logger = surroundings.log
        self._lock = threading.Lock()
        self._running: dict[UUID, Claim] = {}

    def run(self, job_id: UUID) -> RunOutcome:
        """Run the job if it can be claimed.

        Errors of the handler settle the run; errors of the store are logged and leave the job to its lease. Nothing is
        raised, so that a worker goes on with the next job.
        """
        try:
            claim = self._store.claim(job_id)
            if claim is None:
                return RunOutcome.SKIPPED
            with use_context(_context_of(claim.job)), self._held(claim):
                return self._attempt(claim)
        except CorelibError as error:
            self._log.error("job not settled", error, job_id=str(job_id))
            return RunOutcome.LOST

    def hand_back(self) -> int:
        """Give back every job that is being run, so that another worker may take it at once; return how many."""
        with self._lock:
            claims = list(self._running.values())
        return sum(self._store.release(claim) for claim in claims)

    def _attempt(self, claim: Claim) -> RunOutcome:
        job = claim.job
        try:
            self._handle_through_transients(claim)
        except LeaseLost as error:
            return self._lost(claim, error)
        except (UnknownJob, ValidationFailed) as error:
            return self._bury(claim, error)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is settled here
            if job.attempts >= job.max_attempts:
                return self._bury(claim, error)
            return self._retry(claim, error)
        self._log.info("job succeeded", job=job.name, attempt=job.attempts)
        return RunOutcome.SUCCEEDED

    def _handle_through_transients(self, claim: Claim) -> None:
        """Run the handler, and run it again at once if the store rolled it back: a deadlock costs no attempt."""
        for _ in range(TRANSIENT_TRIES - 1):
            try:
                return self._handle(claim)
            except TransientFailure as error:
                self._log.warning("job is run again", job=claim.job.name, reason=_one_line(error))
        return self._handle(claim)

    def _handle(self, claim: Claim) -> None:
        job = claim.job
        description = self._registry.named(job.name)
        payload: object = self._around.codec.decode(job.payload, description.payload)
        with _Completing(self._around, claim) as uow:
            run = JobRun(job.id, job.attempts, job.max_attempts)
            self._handlers[job.name].invoke(payload, {UnitOfWork: uow, JobRun: run})
            uow.complete()

    def _retry(self, claim: Claim, error: Exception) -> RunOutcome:
        job = claim.job
        wait = self._registry.named(job.name).backoff.wait(job.attempts, random.random())  # noqa: S311 - spreads load
        if not self._store.retry(claim, error=_one_line(error), wait=wait):
            return self._lost(claim, error)
        seconds = round(wait.total_seconds(), 3)
        self._log.warning(
            "job will be retried", job=job.name, attempt=job.attempts, wait_seconds=seconds, reason=_one_line(error)
        )
        return RunOutcome.RETRIED

    def _bury(self, claim: Claim, error: Exception) -> RunOutcome:
        job = claim.job
        if not self._store.bury(claim, error=_one_line(error)):
            return self._lost(claim, error)
        self._log.error("job is dead", error, job=job.name, attempt=job.attempts)
        return RunOutcome.DEAD

    def _lost(self, claim: Claim, error: Exception) -> RunOutcome:
        job = claim.job
        self._log.warning("job lost its lease", job=job.name, attempt=job.attempts, reason=_one_line(error))
        return RunOutcome.LOST

    def _held(self, claim: Claim) -> _Held:
        return _Held(self._lock, self._running, claim)


class _Held:
    """Remembers a claim while its job runs."""

    def __init__(self, lock: threading.Lock, running: dict[UUID, Claim], claim: Claim) -> None:
        self._lock = lock
        self._running = running
        self._claim = claim

    def __enter__(self) -> None:
        with self._lock:
            self._running[self._claim.token] = self._claim

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._running.pop(self._claim.token, None)


def _context_of(job: Job) -> Context:
    """Return the job's own context, as the cause of whatever it does."""
    stored = job.context
    return Context(
        correlation_id=stored.correlation_id,
        causation_id=str(job.id),
        principal=stored.principal,
        tenant=stored.tenant,
        deadline=stored.deadline,
    )


def _one_line(error: Exception) -> str:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text[:ERROR_LENGTH]
