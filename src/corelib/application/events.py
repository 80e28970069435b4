"""Event handlers of a host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from corelib.application.binding import BoundHandler
from corelib.ports.unit_of_work import UnitOfWork


class EventHandlers:
    """Hands events to all handlers of their class, in the order of registration.

    Handlers run in the transaction of the change: what they write and enqueue is stored with it, and an error of
    theirs rolls it back.
    """

    def __init__(self, handlers: Iterable[BoundHandler] = ()) -> None:
        self._by_class: dict[type, list[BoundHandler]] = {}
        for handler in handlers:
            self._by_class.setdefault(handler.message, []).append(handler)

    def publish(self, event: object, uow: UnitOfWork) -> None:
        """Call the handlers of the event's class; an event that nobody handles is fine."""
        supplied: Mapping[type, object] = {UnitOfWork: uow}
        for handler in self._by_class.get(type(event), ()):
            handler.invoke(event, supplied)
