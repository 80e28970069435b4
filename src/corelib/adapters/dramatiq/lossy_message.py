"""Jobs without rows as Dramatiq's messages carry them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from corelib.domain.context import Context
from corelib.domain.lossy_job import LossyJob

Carried = Mapping[str, object]


def carried(job: LossyJob) -> Carried:
    """Return what the message holds; what is None is left out."""
    context = job.context
    told = {
        "id": str(job.id),
        "name": job.name,
        "queue": job.queue,
        "payload": job.payload,
        "payload_version": job.payload_version,
        "correlation_id": context.correlation_id,
        "causation_id": context.causation_id,
        "principal": context.principal,
        "tenant": context.tenant,
        "deadline": None if context.deadline is None else context.deadline.isoformat(),
    }
    return {name: value for name, value in told.items() if value is not None}


def job_of(told: Carried) -> LossyJob:
    """Return the job of a message; fields that only newer versions know are left alone.

    Raises:
        ValueError, KeyError: if it is no such message.
    """
    deadline = _text(told, "deadline")
    return LossyJob(
        id=UUID(str(told["id"])),
        name=str(told["name"]),
        queue=str(told["queue"]),
        payload=str(told["payload"]),
        context=Context(
            correlation_id=str(told["correlation_id"]),
            causation_id=_text(told, "causation_id"),
            principal=_text(told, "principal"),
            tenant=_text(told, "tenant"),
            deadline=None if deadline is None else datetime.fromisoformat(deadline),
        ),
        payload_version=int(str(told["payload_version"])),
    )


def _text(told: Carried, name: str) -> str | None:
    value = told.get(name)
    return None if value is None else str(value)
