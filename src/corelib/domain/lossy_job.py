"""A job without a row: the message that wakes a worker is all there is of it."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from corelib.domain.context import Context


@frozen
class LossyJob:
    """What a broker carries of a job that may be lost.

    Args:
        id: sorts by time; no store knows it.
        name: the registered name of the handler.
        queue: which workers take it.
        payload: JSON text that the handler's payload class can be read from.
        context: of the caller; the job runs within a context that follows from it.
        payload_version: of the payload's class, from 1.
    """

    id: UUID
    name: str
    queue: str
    payload: str
    context: Context
    payload_version: int = 1
