"""Job events as a store keeps them, and where a reader stands among them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from attrs import fields, frozen

from corelib.domain.job_events import JOB_EVENTS, JobEvent
from corelib.errors import InvalidCursor

_MICROSECOND = timedelta(microseconds=1)
_COMMON = frozenset(attribute.name for attribute in fields(JobEvent))
_READ: Mapping[str, Callable[[Any], object]] = {
    "due_at": datetime.fromisoformat,
    "duration": lambda microseconds: timedelta(microseconds=microseconds),
}


@frozen
class StoredJobEvent:
    """An event as it was stored.

    Args:
        cursor: read after this one to go on behind this event; a text without any meaning of its own.
        event: what has happened. Of a kind that this version does not know, only what all events have.
    """

    cursor: str
    event: JobEvent


@frozen(order=True)
class JobEventPosition:
    """Where an event stands in the order in which readers see them.

    Args:
        mark: made by the store when the event is written; no later transaction has a lower one.
        number: orders events of the same mark.
    """

    mark: int
    number: int

    @property
    def cursor(self) -> str:
        """Return it as a text."""
        return f"{self.mark}-{self.number}"

    @classmethod
    def at(cls, cursor: str | None) -> JobEventPosition:
        """Return the position of a cursor; without one, that before all events.

        Raises:
            InvalidCursor: if it is no such text.
        """
        if cursor is None:
            return cls(-1, 0)
        mark, _, number = cursor.partition("-")
        if not (mark.isdecimal() and number.isdecimal()):
            raise InvalidCursor(f"{cursor!r} was not made by a reader of job events")
        return cls(int(mark), int(number))


def values_of(stored: StoredJobEvent) -> dict[str, object]:
    """Return an event as values for JSON."""
    event = stored.event
    common = {"cursor": stored.cursor, "kind": event.kind, "at": event.at.isoformat(), "job_id": str(event.job_id)}
    others = {name: getattr(event, name) for name in ("name", "queue", "attempt", "correlation_id", "tenant")}
    return {**common, **others, **json.loads(details_of(event))}


def details_of(event: JobEvent) -> str:
    """Return what an event has beyond what all have, as JSON text."""
    return json.dumps(
        {
            attribute.name: _written(getattr(event, attribute.name))
            for attribute in fields(type(event))
            if attribute.name not in _COMMON
        }
    )


def event_of(kind: str, common: Mapping[str, Any], details: str) -> JobEvent:
    """Return the event of a kind from what all have and its details.

    What a newer version has added is left out.
    """
    found = JOB_EVENTS.get(kind, JobEvent)
    known = {attribute.name for attribute in fields(found)}
    own: dict[str, Any] = {name: _read(name, value) for name, value in json.loads(details).items() if name in known}
    return found(**common, **own)


def _written(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return value // _MICROSECOND if isinstance(value, timedelta) else value


def _read(name: str, value: object) -> object:
    return value if value is None or name not in _READ else _READ[name](value)
