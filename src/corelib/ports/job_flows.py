"""Flows of stored jobs: what they wait for, how far they are, and their end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from corelib.domain.flow import FlowStatus
from corelib.domain.job import Job


class JobFlows(Protocol):
    """The part of `JobStore` that knows flows. Every call is one transaction of its own, unless it says otherwise.

    A step of a flow waits (`JobState.WAITING`) at a gate. Whatever ends a job - its completion, its last failure, a
    cancellation, a deletion - counts it at the gate that it leads to, once and in the same transaction:

    - When all jobs that lead to a gate have succeeded, the jobs that wait at it are pending; their delays begin then.
    - When all have ended, but not all have succeeded, those that wait at the gate are cancelled, but for those that run
      always: these are pending. The `error` of the others names the job that failed. They have ended then, and are
      counted in turn.

    A job that has failed and is retried (`JobSteering.retry_dead`) is taken back from its gate. Jobs that were
    cancelled because of it wait again, unless another one has failed as well. Jobs that had begun by then go on, and
    are not begun anew.

    Jobs of one flow are counted one after the other, in the order in which their transactions come to it; of two that
    end at the same moment, exactly one finds that it is the last.
    """

    def find_flow(self, flow_id: UUID) -> FlowStatus | None:
        """Return how far a flow is; None if there is none, or none of its jobs is left after a purge."""
        ...

    def list_flows(self, *, unfinished: bool = False, limit: int = 100) -> Sequence[FlowStatus]:
        """Return flows, the newest first; only those with jobs that have not ended, if that is asked for."""
        ...

    def children(self, job_id: UUID) -> Sequence[Job]:
        """Return the jobs that a job of a flow waits for or has waited for, in the order in which they were written.

        Those of a job that was added to its flow without anything before it are none. Of a chain among them, it is the
        last job. A job that has waited several times, for jobs that it added itself, has the last ones.
        """
        ...

    def followers(self, job_id: UUID) -> Sequence[Job]:
        """Return the jobs that wait, or have waited, for the same gate that this job leads to."""
        ...

    def cancel_flow(self, flow_id: UUID) -> int:
        """Cancel the jobs of a flow that have not begun, and ask those that run to stop; return how many both are.

        Several transactions: first all steps that wait, then one job after the other.
        """
        ...

    def settle_flows(self, *, limit: int = 500) -> int:
        """Count jobs of flows that have ended without having been counted; return how many.

        That are jobs which a worker of an earlier version has ended, and what somebody has changed by hand. Passes over
        jobs that somebody is changing at this moment.
        """
        ...
