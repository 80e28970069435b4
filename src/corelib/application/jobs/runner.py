"""Runs one job from claim to settlement."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from uuid import UUID

from corelib.application.binding import BoundHandler
from corelib.application.context import following, use_context
from corelib.application.jobs.batch import Batch, JobBatch
from corelib.application.jobs.batching import BatchRuns
from corelib.application.jobs.completing import CompletingUnitOfWork
from corelib.application.jobs.heartbeat import DEFAULT_LEASE, Heartbeat
from corelib.application.jobs.intake import JobIntake
from corelib.application.jobs.lossy import LossyRunner
from corelib.application.jobs.parking import ParkedJobs
from corelib.application.jobs.registry import JobRegistry
from corelib.application.jobs.reporting import Reporter
from corelib.application.jobs.results import Results
from corelib.application.jobs.run import JobRun, Tell
from corelib.application.jobs.run_outcome import RunOutcome
from corelib.application.jobs.running import LOST, Running, RunningJobs
from corelib.application.jobs.settling import Settlement, one_line, too_long
from corelib.application.jobs.shift import Shift, only_one
from corelib.application.jobs.waiting import EndedHere, EndedJob
from corelib.application.log_fields import hide_password
from corelib.application.unit_of_work import Surroundings
from corelib.domain.job import Claim, Job, JobResult, Progress
from corelib.errors import (
    CorelibError,
    MisuseError,
    TransientFailure,
    UnknownJob,
    ValidationFailed,
)
from corelib.ports.job_store import JobStore
from corelib.ports.logger import Logger
from corelib.ports.tracer import RunSpan
from corelib.ports.unit_of_work import UnitOfWork

WORKER_LENGTH = 200
TRANSIENT_TRIES = 3
"""How often a handler runs within one attempt while the store rolls it back for reasons that pass, as a deadlock."""


Completed = Callable[[Claim, JobResult | None], bool]
"""Completes a run that has changed nothing in the store, and returns whether its claim held."""


class JobRunner:
    """Claims a job, runs its handler, and settles the run: succeeded, to be retried, dead, cancelled or parked.

    Args:
        store: where the jobs are.
        registry: describes them.
        handlers: bound handlers by job name.
        surroundings: for the unit of work of each run.
        lease: how long a worker that dies holds its jobs, once `start` has begun to send heartbeats. Without them,
            a claim holds as long as the job's time-out.
        now: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        store: JobStore,
        registry: JobRegistry,
        handlers: Mapping[str, BoundHandler],
        surroundings: Surroundings,
        *,
        lease: timedelta = DEFAULT_LEASE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._registry = registry
        self._handlers = handlers
        self._around = surroundings
        self._log: Logger = surroundings.log
        self._running = RunningJobs(now)
        self._worker = f"{socket.gethostname()}:{os.getpid()}"[:WORKER_LENGTH]
        self._names = [description.name for description in registry]
        self.reporter: Reporter = Reporter(store, self._running, self._log)
        self._running.reported = self.reporter.wake
        self._settlement = Settlement(store, registry, self._running, self.reporter, self._log)
        self.heartbeat: Heartbeat = Heartbeat(store, self._running, self._settlement.time_out, self._log, lease=lease)
        self.lossy: LossyRunner = LossyRunner(registry, handlers, surroundings, self._running, tries=TRANSIENT_TRIES)
        self._intake = JobIntake(store, worker=self._worker, lease=self._lease)
        self._results = Results(surroundings.codec, surroundings.payloads)
        self.ended: EndedHere = EndedHere()
        self._batches = {each.name: each.batch for each in registry if each.batch is not None}
        self._batch_runs = BatchRuns(
            store,
            self._running,
            self._settlement,
            self.payload_of,
            self._claim_batch,
            self._handle_batch,
            self.ended.tell,
            self._log,
            TRANSIENT_TRIES,
        )
        self.parked: ParkedJobs = ParkedJobs(store, self._names, self._readable, self._log)

    @property
    def hanging(self) -> int:
        """Return how many threads of this process go on with a run that has timed out."""
        return self._settlement.hanging

    def start(self) -> None:
        """Send heartbeats, write what runs tell, and look for parked jobs, until `stop`."""
        self.heartbeat.start()
        self.reporter.start()
        self.parked.start()

    def stop(self) -> None:
        """Send no more heartbeats."""
        self.parked.stop()
        self.reporter.stop()
        self.heartbeat.stop()

    def run_next(self, queue: str) -> RunOutcome:
        """Run the best due job of a queue, if there is one that may begin now; raises as little as `run`."""
        return self.run_while(queue, only_one)

    def run_while(self, queue: str, goes_on: Callable[[], bool]) -> RunOutcome:
        """Run the best due job of a queue, and more of them one after another while this thread is to go on.

        Raises as little as `run`.

        Returns:
            SKIPPED if there is no job that may begin now; otherwise how the last run ended.
        """
        shift, outcome = Shift(self._intake, queue, goes_on), RunOutcome.SKIPPED
        try:
            while (claim := shift.take()) is not None:
                outcome = self._run_in(shift, claim)
        except CorelibError as error:
            self._log.error("job not settled", error, queue=queue)
            return RunOutcome.LOST
        return RunOutcome.SKIPPED if shift.is_over else outcome

    def _run_in(self, shift: Shift, claim: Claim) -> RunOutcome:
        """Run a job of a shift; what the store fails to settle does not end the shift, which may have the next job."""
        try:
            return self._run_claimed(claim, shift.complete)
        except CorelibError as error:
            self._log.error("job not settled", error, job_id=str(claim.job.id))
            return RunOutcome.LOST

    def held_back(self) -> list[str]:
        """Return the queues whose limits kept jobs back since the last call: they are to be asked again."""
        return self._intake.held_back()

    def run(self, job_id: UUID) -> RunOutcome:
        """Run the job if it can be claimed.

        Errors of the handler settle the run; errors of the store are logged and leave the job to its lease. Nothing is
        raised, so that a worker goes on with the next job.
        """
        try:
            claim = self._store.claim(job_id, worker=self._worker, lease=self._lease())
            return RunOutcome.SKIPPED if claim is None else self.run_claimed(claim)
        except CorelibError as error:
            self._log.error("job not settled", error, job_id=str(job_id))
            return RunOutcome.LOST

    def run_claimed(self, claim: Claim) -> RunOutcome:
        """Run a job that was claimed in the name of this worker.

        Raises:
            CorelibError: if the store failed when the run was to be settled.
        """
        return self._run_claimed(claim, self._complete)

    def _run_claimed(self, claim: Claim, completed: Completed) -> RunOutcome:
        with use_context(following(claim.job.context, claim.job.id)), self._running.added(claim) as run:
            try:
                return self._traced(run, completed)
            finally:
                self.ended.tell(claim.job.id)

    def _complete(self, claim: Claim, result: JobResult | None) -> bool:
        return self._intake.complete(claim, result).completed

    def hand_back(self) -> int:
        """Give back every job that is being run, so that another worker may take it at once; return how many."""
        count = 0
        for run in self._running.all():
            if run.durable:
                self.reporter.write_last(run, wait=False)
                count += self._store.release(run.claim)
            run.stop.give(LOST)
        return count

    def payload_of(self, job: Job) -> object:
        """Return the payload of a stored job as its handler gets it.

        Raises:
            UnknownJob: if there is no job of that name.
            ValidationFailed: if the payload is not what the handler takes; PayloadTooNew, if it will be.
            CorelibError: if it is an object that cannot be fetched now.
        """
        return self._around.payloads.read(job, self._registry.named(job.name), self._around.codec)

    def attempts_of(self, job: Job) -> int:
        """Return how many runs `@job` gives to a stored job, or 1 if this host does not know it."""
        try:
            return self._registry.named(job.name).attempts
        except UnknownJob:
            return 1

    def _readable(self, job: Job) -> bool:
        try:
            self.payload_of(job)
        except (UnknownJob, ValidationFailed):
            return False
        return True

    def _lease(self) -> timedelta | None:
        return self.heartbeat.lease if self.heartbeat.beats else None

    def _traced(self, run: Running, completed: Completed) -> RunOutcome:
        with self._around.tracer.running(run.claim.job) as span:
            outcome = self._attempt(run, completed, span)
            span.ended(outcome.value)
        return outcome

    def _attempt(self, run: Running, completed: Completed, span: RunSpan) -> RunOutcome:
        job = run.claim.job
        if job.name in self._batches:
            return self._batch_runs.run(run, self._batches[job.name])
        try:
            payload = self.payload_of(job)
        except (UnknownJob, ValidationFailed) as error:
            span.failed(error)
            return self._settlement.park(run, error)
        except CorelibError as error:  # it is an object, and its storage fails
            span.failed(error)
            return self._settlement.failed(run, error)
        try:
            outcome = self._handle_through_transients(run, payload, completed)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is settled here
            span.failed(error)
            return self._settlement.failed(run, error)
        event = "job succeeded" if outcome is RunOutcome.SUCCEEDED else "job waits for others"
        self._log.info(event, job=job.name, attempt=job.attempts)
        return outcome

    def _handle_through_transients(self, run: Running, payload: object, completed: Completed) -> RunOutcome:
        """Run the handler, and run it again at once if the store rolled it back: a deadlock costs no attempt."""
        job = run.claim.job
        for _ in range(TRANSIENT_TRIES - 1):
            try:
                return self._handle(run, payload, completed)
            except TransientFailure as error:
                if run.timed_out:
                    raise
                self._log.warning("job is run again", job=job.name, reason=one_line(error))
                payload = self.payload_of(job)
        return self._handle(run, payload, completed)

    def _handle(self, run: Running, payload: object, completed: Completed) -> RunOutcome:
        job = run.claim.job
        with (
            CompletingUnitOfWork(self._around, run, completed, self.reporter) as uow,
            run.within(uow.abandon),
        ):
            if run.timed_out:
                raise too_long(job)
            told = self._told_to_handler(run)
            returned = self._handlers[job.name].invoke(payload, {UnitOfWork: uow, JobRun: told})
            if told.pause.flow is not None:
                uow.wait_for(told.pause.flow, always=told.pause.always)
                return RunOutcome.WAITS
            uow.complete(self._results.stored(run.claim, returned))
            return RunOutcome.SUCCEEDED

    def _claim_batch(self, job: Job, batch: Batch) -> Sequence[Claim]:
        """Claim the company of a job."""
        if batch.size == 1:
            return ()
        return self._store.claim_batch(
            job.queue, job.name, limit=batch.size - 1, within=batch.wait, worker=self._worker, lease=self._lease()
        ).claims

    def _handle_batch(self, runs: Sequence[Running], batch: JobBatch[object]) -> None:
        first = runs[0]
        with CompletingUnitOfWork(self._around, first, self._complete, self.reporter) as uow, ExitStack() as stack:
            for run in runs:
                stack.enter_context(run.within(uow.abandon))
                if run.timed_out:
                    raise too_long(run.claim.job)
            told = self._told_to_handler(first)
            self._handlers[first.claim.job.name].invoke(batch, {UnitOfWork: uow, JobRun: told})
            if told.pause.flow is not None:
                raise MisuseError("A batch cannot wait for a flow.", hint="Let a job without a batch wait.")
            uow.complete_all(
                [
                    (run.claim, self._results.stored(run.claim, batch.results.get(run.claim.job.id)))
                    for run in runs
                    if run.claim.job.id not in batch.failures
                ]
            )

    def _told_to_handler(self, run: Running) -> JobRun:
        job = run.claim.job
        return JobRun(
            job_id=job.id,
            attempt=job.attempts,
            max_attempts=job.max_attempts,
            deadline=job.run_until,
            stop=run.stop,
            timeout=job.timeout,
            now=self._running.now,
            tell=self._listener(run),
            stage=0 if job.place is None else job.place.stage,
            children=lambda: [EndedJob(child, self._results) for child in self._store.children(job.id)],
        )

    def _listener(self, run: Running) -> Tell:
        """Return what takes what a run tells."""
        job = run.claim.job

        def listen(told: Progress | str) -> None:
            if isinstance(told, Progress):
                run.reports.progress(told)
                return
            text = hide_password(told)
            run.reports.line(text)
            self._log.info("job log", job=job.name, attempt=job.attempts, text=text)

        return listen
