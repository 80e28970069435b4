"""Where a job stands in a flow."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen


@frozen
class FlowPlace:
    """Where a job stands in a flow: the gate that it waits at, and the gate that waits for it.

    A gate opens when all jobs that lead to it have ended. Those that wait at it are then pending.

    Args:
        flow_id: which flow.
        position: 0 for the first job, in the order in which the flow was written down.
        waits_at: the number of the gate; None if the job may start at once.
        leads_to: the number of the gate that counts its end; None if nothing comes after it.
        always: it runs whatever became of the jobs before it. Otherwise it is cancelled if one of them fails.
        stage: how often it has waited for jobs that it added itself.
    """

    flow_id: UUID
    position: int
    waits_at: int | None = None
    leads_to: int | None = None
    always: bool = False
    stage: int = 0
