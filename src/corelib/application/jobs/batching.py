"""Runs many jobs by one handler call, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from uuid import UUID

from attrs import frozen

from corelib.application.jobs.batch import Batch, BatchItem, JobBatch
from corelib.application.jobs.run_outcome import RunOutcome
from corelib.application.jobs.running import Running, RunningJobs
from corelib.application.jobs.settling import Settlement, one_line
from corelib.domain.job import Claim, Job
from corelib.errors import CorelibError, LeaseLost, TransientFailure, UnknownJob, ValidationFailed
from corelib.ports.job_store import JobStore
from corelib.ports.logger import Logger

Member = tuple[Running, object]
"""A run, and the payload of its job."""


@frozen
class BatchRuns:
    """Claims the company of a job whose handler takes batches, calls the handler, and settles each run.

    Args:
        store: where the jobs are.
        running: the runs of this process.
        settlement: of those that fail.
        payload_of: reads a payload.
        claim: takes more jobs like one, at most so many.
        handle: calls the handler with a batch and commits; the first run is the one that it is called for.
        ended: is told of each job whose run has ended.
        log: is told how they ended.
        tries: how often the handler runs while the store rolls it back for reasons that pass.
    """

    store: JobStore
    running: RunningJobs
    settlement: Settlement
    payload_of: Callable[[Job], object]
    claim: Callable[[Job, Batch], Sequence[Claim]]
    handle: Callable[[Sequence[Running], JobBatch[object]], None]
    ended: Callable[[UUID], object]
    log: Logger
    tries: int

    def run(self, first: Running, batch: Batch) -> RunOutcome:
        """Run a job together with others like it, and return how it ended itself."""
        with ExitStack() as stack:
            others = self.claim(first.claim.job, batch)
            for claim in others:
                stack.callback(self.ended, claim.job.id)
            runs = [first, *(stack.enter_context(self.running.added(claim)) for claim in others)]
            outcomes: dict[UUID, RunOutcome] = {}
            members = self._readable(runs, outcomes)
            if members:
                outcomes |= self._attempt(members)
            return outcomes[first.claim.token]

    def _readable(self, runs: Sequence[Running], outcomes: dict[UUID, RunOutcome]) -> list[Member]:
        """Return the runs whose payloads can be read, having settled the others."""
        members: list[Member] = []
        for run in runs:
            try:
                members.append((run, self.payload_of(run.claim.job)))
            except (UnknownJob, ValidationFailed) as error:
                outcomes[run.claim.token] = self.settlement.park(run, error)
            except CorelibError as error:  # it is an object, and its storage fails
                outcomes[run.claim.token] = self.settlement.failed(run, error)
        return members

    def _attempt(self, members: Sequence[Member]) -> dict[UUID, RunOutcome]:
        runs = [run for run, _ in members]
        try:
            batch = self._handled(members)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is settled here
            return {run.claim.token: self._failed(run, error) for run in runs}
        failures = batch.failures
        self.log.info("jobs succeeded together", job=runs[0].claim.job.name, jobs=len(runs) - len(failures))
        outcomes = {}
        for run in runs:
            failure = failures.get(run.claim.job.id)
            ended = RunOutcome.SUCCEEDED if failure is None else self.settlement.failed(run, failure)
            outcomes[run.claim.token] = ended
        return outcomes

    def _handled(self, members: Sequence[Member]) -> JobBatch[object]:
        """Run the handler, and run it again at once if the store rolled it back: a deadlock costs no attempt."""
        runs = [run for run, _ in members]
        for left in reversed(range(self.tries)):
            batch = JobBatch([_item(run, payload) for run, payload in members])
            try:
                self.handle(runs, batch)
            except TransientFailure as error:
                if not left or any(run.timed_out for run in runs):
                    raise
                self.log.warning("job is run again", job=runs[0].claim.job.name, reason=one_line(error))
            else:
                return batch
        raise AssertionError("there is one try at least")

    def _failed(self, run: Running, error: Exception) -> RunOutcome:
        """Settle a run of a call that failed. If one has lost its job, the others are handed back, for no attempt."""
        if isinstance(error, LeaseLost) and not run.timed_out and self.running.now() < run.ends:
            self.log.warning("job lost its company", job=run.claim.job.name, reason=one_line(error))
            self.store.release(run.claim)
            return RunOutcome.LOST
        return self.settlement.failed(run, error)


def _item(run: Running, payload: object) -> BatchItem[object]:
    job = run.claim.job
    return BatchItem(payload, job.id, job.attempts, lambda: run.stop.given)
