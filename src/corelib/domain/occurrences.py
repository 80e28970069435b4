"""The instants of a schedule: pure arithmetic on wall clocks, time zones and intervals.

A cron expression names times of a wall clock. Where the clock is set forward, some of them do not exist: these are due
at the first instant after the gap. Where it is set back, some exist twice: these are due the first time only. So the
instants never go back while the wall times go forward.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol

from corelib.domain.schedule import Missed, ScheduleSpec, Timing, zone_named

_SECOND = timedelta(seconds=1)


class WallTimes(Protocol):
    """The wall times that a cron expression names; datetimes without a time zone, in whole seconds."""

    def after(self, wall: datetime) -> Iterator[datetime]:
        """Go forward through those after a wall time."""
        ...

    def until(self, wall: datetime) -> Iterator[datetime]:
        """Go back through those at and before a wall time."""
        ...


Read = Callable[[str], WallTimes]
"""Reads a cron expression."""


def instant_of(wall: datetime, zone: tzinfo) -> datetime:
    """Return when a wall clock shows a time, in UTC; see the module for times that it shows never or twice."""
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    return _end_of_gap(wall, zone, first)


def next_after(timing: Timing, instant: datetime, read: Read) -> datetime | None:
    """Return the first occurrence after an instant, in UTC; None if there is none."""
    if timing.every is not None:
        count = max(0, (instant - timing.start) // timing.every + 1)
        return (timing.start + count * timing.every).astimezone(UTC)
    zone = zone_named(timing.zone)
    local = instant.astimezone(zone).replace(tzinfo=None, fold=0)
    walls = _cron(timing, read).after(local)
    return next((found for found in (instant_of(wall, zone) for wall in walls) if found > instant), None)


def newest_between(timing: Timing, first: datetime, last: datetime, limit: int, read: Read) -> list[datetime]:
    """Return the occurrences from `first` to `last`, both included: of more than `limit`, the newest; oldest first."""
    found: list[datetime] = []
    for instant in _back_from(timing, last, read):
        if instant < first or len(found) == limit:
            break
        if not found or instant != found[-1]:  # of several within a gap, all are due at its end
            found.append(instant)
    return found[::-1]


def to_run(spec: ScheduleSpec, first: datetime, now: datetime, read: Read) -> list[datetime]:
    """Return the occurrences that run at `now`, oldest first.

    Args:
        spec: the schedule; its policy decides.
        first: the oldest occurrence that has not run.
        now: not before `first`.
        read: reads its cron expression.
    """
    limit = spec.bound if spec.missed is Missed.ALL else 1
    found = newest_between(spec.timing, first, now, limit, read)
    if spec.missed is Missed.SKIP:
        return [instant for instant in found if now - instant <= spec.grace]
    return found


def _back_from(timing: Timing, last: datetime, read: Read) -> Iterator[datetime]:
    if timing.every is not None:
        for count in range((last - timing.start) // timing.every, -1, -1):
            yield (timing.start + count * timing.every).astimezone(UTC)
        return
    zone = zone_named(timing.zone)
    for wall in _cron(timing, read).until(_latest_wall(last, zone)):
        instant = instant_of(wall, zone)
        if instant <= last:
            yield instant


def _latest_wall(instant: datetime, zone: tzinfo) -> datetime:
    """Return the latest time that the wall clock has shown by an instant: while times repeat, not what it shows now."""
    local = instant.astimezone(zone)
    if local.fold == 0:
        return local.replace(tzinfo=None)
    before, now = local.replace(fold=0).utcoffset(), local.utcoffset()
    if before is None or now is None:  # a zone always has an offset
        return local.replace(tzinfo=None, fold=0)
    return local.replace(tzinfo=None, fold=0) + (before - now)


def _end_of_gap(wall: datetime, zone: tzinfo, after: datetime) -> datetime:
    """Return the instant at which the clock was set forward, by bisection: the zone tells offsets, not changes."""
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    new = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2 // _SECOND * _SECOND
        if middle.astimezone(zone).utcoffset() == new:
            after = middle
        else:
            before = middle
    return after


def _cron(timing: Timing, read: Read) -> WallTimes:
    return read(timing.cron or "")
