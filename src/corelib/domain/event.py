"""Domain events as they are recorded."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from attrs import frozen

from corelib.domain.context import Context


@frozen
class RecordedEvent:
    """An event as the store holds it, written in the transaction of the change that caused it.

    Args:
        id: sorts by time.
        name: name of the event's class.
        payload: JSON text of the event.
        context: in which it happened.
        recorded_at: when the unit of work took it from its aggregate.
    """

    id: UUID
    name: str
    payload: str
    context: Context
    recorded_at: datetime
