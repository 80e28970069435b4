"""Aggregates: the objects that a unit of work loads, changes and saves as a whole."""

from __future__ import annotations

from attrs import define, field


@define(eq=False)
class Aggregate:
    """Base of an aggregate root: it remembers the events that its own changes cause.

    Subclasses are plain attrs classes (slots included) with a field `id`. Two instances are the same only by identity;
    compare their fields where a test wants equality.

    Example:
        >>> from attrs import define, frozen
        >>> @frozen
        ... class Renamed:
        ...     name: str
        >>> @define(eq=False)
        ... class Kit(Aggregate):
        ...     id: str
        ...     name: str
        ...     def rename(self, name: str) -> None:
        ...         self.name = name
        ...         self.record(Renamed(name))
        >>> kit = Kit("K-1", "old")
        >>> kit.rename("new")
        >>> kit.take_events()
        (Renamed(name='new'),)
    """

    _events: list[object] = field(factory=list, init=False, repr=False)

    def record(self, event: object) -> None:
        """Remember an event (a frozen attrs value) until the unit of work that saves this aggregate takes it."""
        self._events.append(event)

    def take_events(self) -> tuple[object, ...]:
        """Hand out the recorded events in their order and forget them."""
        if not self._events:
            return ()
        events = tuple(self._events)
        self._events.clear()
        return events
