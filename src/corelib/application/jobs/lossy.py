"""Jobs that may be lost: described by `@job(durable=False)`, run once, recorded nowhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from uuid import UUID

from corelib.application.binding import BoundHandler
from corelib.application.context import following, use_context
from corelib.application.jobs.completing import RunUnitOfWork
from corelib.application.jobs.registry import JobRegistry
from corelib.application.jobs.run import JobRun
from corelib.application.jobs.run_outcome import RunOutcome
from corelib.application.jobs.running import Running, RunningJobs
from corelib.application.jobs.settling import one_line, too_long
from corelib.application.log_fields import hide_password
from corelib.application.unit_of_work import Surroundings
from corelib.domain.job import Claim, Job, JobState, Progress
from corelib.domain.lossy_job import LossyJob
from corelib.errors import MisuseError, TransientFailure, UnknownJob, ValidationFailed
from corelib.ports.unit_of_work import UnitOfWork


class LossyRunner:
    """Runs jobs that came with a message; whatever happens is logged, and nothing is raised or tried again.

    Args:
        registry: describes them.
        handlers: bound handlers by job name.
        surroundings: for the unit of work of each run.
        running: the runs of this process, whose time-outs somebody looks after.
        tries: how often a handler runs while the store rolls it back for reasons that pass.
    """

    def __init__(
        self,
        registry: JobRegistry,
        handlers: Mapping[str, BoundHandler],
        surroundings: Surroundings,
        running: RunningJobs,
        *,
        tries: int,
    ) -> None:
        self._registry = registry
        self._handlers = handlers
        self._around = surroundings
        self._running = running
        self._tries = tries
        self._numbers = count(1)

    def run(self, lossy: LossyJob) -> RunOutcome:
        """Run a job.

        Returns:
            PARKED if it could not be read, DEAD if the handler failed, TIMED_OUT or SUCCEEDED; the job is gone in every
            case.
        """
        log = self._around.log
        try:
            job = self._as_stored(lossy)
            read = self._reader(job)
            payload = read()
        except (UnknownJob, ValidationFailed) as error:
            log.error("job that cannot be read is lost", job=lossy.name, job_id=str(lossy.id), reason=one_line(error))
            return RunOutcome.PARKED
        with (
            use_context(following(job.context, job.id)),
            self._running.added(Claim(job, UUID(int=next(self._numbers))), durable=False) as run,
        ):
            try:
                self._handle_through_transients(run, payload, read)
            except Exception as error:  # noqa: BLE001 - whatever a handler raises ends here
                return self._failed(run, error)
            log.info("job succeeded", job=job.name, attempt=1)
            return RunOutcome.SUCCEEDED

    def _handle_through_transients(self, run: Running, payload: object, read: Callable[[], object]) -> None:
        for _ in range(self._tries - 1):
            try:
                return self._handle(run, payload)
            except TransientFailure as error:
                if run.timed_out:
                    raise
                self._around.log.warning("job is run again", job=run.claim.job.name, reason=one_line(error))
                payload = read()
        return self._handle(run, payload)

    def _handle(self, run: Running, payload: object) -> None:
        job = run.claim.job
        if not self._handlers[job.name].wants(UnitOfWork):
            self._invoke(run, payload, {})
            return
        with RunUnitOfWork(self._around, job.timeout) as uow, run.within(uow.abandon):
            self._invoke(run, payload, {UnitOfWork: uow})
            uow.complete()

    def _invoke(self, run: Running, payload: object, supplied: dict[type, object]) -> None:
        job = run.claim.job
        if run.timed_out:
            raise too_long(job)
        told = JobRun(job.id, 1, 1, None, run.stop, job.timeout, self._running.now, partial(self._tell, job))
        self._handlers[job.name].invoke(payload, {**supplied, JobRun: told})
        if told.pause.flow is not None:
            raise MisuseError(f"The job {job.name} is not durable, so it cannot wait for others.")
        if run.ends <= self._running.now():
            raise too_long(job)

    def _tell(self, job: Job, told: Progress | str) -> None:
        """Log what a run tells; nobody could ask for its progress."""
        if isinstance(told, str):
            self._around.log.info("job log", job=job.name, attempt=1, text=hide_password(told))

    def _failed(self, run: Running, error: Exception) -> RunOutcome:
        job = run.claim.job
        if run.timed_out:
            self._around.log.warning("run has ended after its time-out", job=job.name)
            return RunOutcome.TIMED_OUT
        self._around.log.error("job failed and is lost", error, job=job.name, job_id=str(job.id))
        return RunOutcome.DEAD

    def _reader(self, job: Job) -> Callable[[], object]:
        """Return what reads the payload anew for each try: a handler may have changed the last one."""
        description = self._registry.named(job.name)
        return lambda: self._around.payloads.read(job, description, self._around.codec)

    def _as_stored(self, lossy: LossyJob) -> Job:
        """Return the job as a store would hold it while it runs."""
        now = self._around.clock.now()
        return Job(
            id=lossy.id,
            name=lossy.name,
            queue=lossy.queue,
            payload=lossy.payload,
            context=lossy.context,
            state=JobState.RUNNING,
            attempts=1,
            max_attempts=1,
            timeout=self._registry.named(lossy.name).timeout,
            enqueued_at=now,
            due_at=now,
            payload_version=lossy.payload_version,
        )
