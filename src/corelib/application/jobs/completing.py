"""The unit of work of a run: its commit also marks the job as done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from corelib.application.jobs.flow_layout import added_flow
from corelib.application.jobs.reporting import Reporter
from corelib.application.jobs.running import Running
from corelib.application.unit_of_work import HandlerUnitOfWork, Surroundings
from corelib.domain.flow_steps import Flow
from corelib.domain.job import Claim, JobResult
from corelib.errors import CorelibError, LeaseLost
from corelib.ports.storage import Terms


class RunUnitOfWork(HandlerUnitOfWork):
    """A unit of work whose time is limited, and that another thread can end when it is up."""

    def __init__(self, surroundings: Surroundings, timeout: timedelta) -> None:
        super().__init__(surroundings, Terms(time_limit=timeout))

    def abandon(self, reason: CorelibError) -> None:
        """Take the transaction away from the thread that uses it; called from another one."""
        transaction = self._transaction
        if transaction is not None:
            transaction.abandon(reason)


class CompletingUnitOfWork(RunUnitOfWork):
    """A unit of work whose completion also marks the job as done, in the same transaction.

    If there is nothing to commit with it, the job is completed by itself, together with others of which that is true;
    but for the jobs of flows, since what they release belongs to the same transaction.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        run: Running,
        completed: Callable[[Claim, JobResult | None], bool],
        reporter: Reporter,
    ) -> None:
        super().__init__(surroundings, run.claim.job.timeout)
        self._run = run
        self._claim = run.claim
        self._completed = completed
        self._reporter = reporter

    def complete(self, result: JobResult | None = None) -> None:
        """Commit, with the job marked as succeeded and the last that its run has told.

        Args:
            result: what the handler returned, to be stored with that.

        Raises:
            LeaseLost: if another run holds the job by now, or the time is up.
        """
        self.flush()
        if not self.transaction.is_untouched or self._claim.job.place is not None:
            self._commit_with(lambda: self.transaction.complete_job(self._claim.job.id, self._claim.token, result))
            return
        self._reporter.write_last(self._run)
        if not self._completed(self._claim, result):
            raise LeaseLost(f"The job {self._claim.job.id} is not held by this run any more.")
        super().complete()

    def complete_all(self, ended: Sequence[tuple[Claim, JobResult | None]]) -> None:
        """Commit, with several jobs marked as succeeded; those of flows in an order that everybody keeps to.

        Raises:
            LeaseLost: if another run holds one of them by now, or its time is up.
        """

        def end() -> None:
            for claim, result in sorted(ended, key=_flow_of):
                self.transaction.complete_job(claim.job.id, claim.token, result)

        self.flush()
        self._commit_with(end)

    def wait_for(self, flow: Flow, *, always: bool) -> None:
        """Commit, with jobs that the job is to wait for.

        Raises:
            JobCancelled: if somebody has asked to cancel the job.
            LeaseLost: as `complete` does.
            CorelibError: as `JobQueue.enqueue_flow` does.
        """
        self.flush()
        new = added_flow(flow, self._around.enqueuing)
        self._announced.extend(job.ref for job in new.jobs if not job.waits and self._is_due(job))
        self._commit_with(
            lambda: self.transaction.suspend_job(self._claim.job.id, self._claim.token, new, always=always)
        )

    def _commit_with(self, end: Callable[[], None]) -> None:
        """Commit all in one transaction: on an engine with one writer, another one would wait for this."""
        with self._run.reports.written(last=True) as report:
            if report is not None:
                self.transaction.report_run(report)
            end()
            super().complete()
        if report is not None:
            self._reporter.tell([report])


def _flow_of(ended: tuple[Claim, JobResult | None]) -> tuple[UUID, UUID]:
    job = ended[0].job
    return (UUID(int=0) if job.place is None else job.place.flow_id), job.id
