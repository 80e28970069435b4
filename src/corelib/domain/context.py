"""The context that travels with a request, its jobs and their jobs."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen


@frozen
class Context:
    """What is known about the caller, the same in every place that the work reaches.

    Args:
        correlation_id: names the whole way of one request; every log line carries it.
        causation_id: the command or job that directly caused this one; None at the start.
        principal: who asks; None for the system itself.
        tenant: on whose data; None where a host has no tenants.
        deadline: after this instant nobody waits for the answer; None for no limit.
    """

    correlation_id: str
    causation_id: str | None = None
    principal: str | None = None
    tenant: str | None = None
    deadline: datetime | None = None
