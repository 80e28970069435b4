"""Schedules as values: when a job is enqueued again and again, and what happens to occurrences that were missed."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, tzinfo
from enum import Enum
from uuid import UUID

from attrs import frozen

from corelib.errors import MisuseError

EPOCH: datetime = datetime(1970, 1, 1, tzinfo=UTC)
SHORTEST = timedelta(seconds=1)
LONGEST_NAME = 100
LONGEST_CRON = 200
_MILLISECOND = timedelta(milliseconds=1)


class Missed(Enum):
    """What becomes of occurrences whose instant went by while no scheduler ran, or while the schedule was paused."""

    SKIP = "skip"
    """They are left out; one that is late by no more than the schedule's grace still runs."""

    ONCE = "once"
    """The newest of them runs."""

    ALL = "all"
    """Each of them runs; of more than the schedule's bound, the newest ones."""


@frozen
class Timing:
    """When the occurrences are: a cron expression read in a time zone, or a fixed interval.

    Args:
        cron: five fields, or six with seconds before them; None for an interval.
        every: elapsed time from one occurrence to the next, at least a second; None for cron.
        zone: name in the IANA time zone database, in which the cron expression is meant.
        start: an instant that an interval is counted from; what comes before it is no occurrence.

    Raises:
        MisuseError: unless there is one of cron and interval; for an unknown zone, or a start without a time zone.
    """

    cron: str | None = None
    every: timedelta | None = None
    zone: str = "UTC"
    start: datetime = EPOCH

    def __attrs_post_init__(self) -> None:
        if (self.cron is None) == (self.every is None):
            raise MisuseError("A schedule needs either cron or every.", hint='Say cron="0 2 * * *" or every=...')
        if self.every is not None and self.every < SHORTEST:
            raise MisuseError(f"A schedule cannot run every {self.every}.", hint="A second is the shortest interval.")
        if self.cron is not None and len(self.cron) > LONGEST_CRON:
            raise MisuseError(f"A cron expression has at most {LONGEST_CRON} characters, this one {len(self.cron)}.")
        if self.start.tzinfo is None:
            raise MisuseError(f"The start {self.start} has no time zone.", hint="Give it one, as tzinfo=UTC.")
        zone_named(self.zone)


def zone_named(name: str) -> tzinfo:
    """Return a time zone.

    Raises:
        MisuseError: if there is none of that name.
    """
    try:
        from zoneinfo import ZoneInfo  # noqa: PLC0415 - its import reads how Python was built, which takes long

        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # KeyError: ZoneInfoNotFoundError; the others for names that are no paths
        raise MisuseError(
            f"There is no time zone named {name!r}.",
            hint="Write it as Europe/Zurich; on a system without zone data, install the package tzdata.",
        ) from None


@frozen
class ScheduleSpec:
    """What a schedule is, apart from where it stands.

    Args:
        name: of the schedule, 1 to 100 characters; case counts.
        job: name of the job that it enqueues.
        payload: JSON text, the same for each occurrence.
        timing: when.
        missed: what becomes of missed occurrences.
        bound: how many missed occurrences run at most with `Missed.ALL`.
        grace: how late an occurrence may be and still runs with `Missed.SKIP`.
        payload_version: of the payload's class when it was written, from 1.
    """

    name: str
    job: str
    payload: str
    timing: Timing
    missed: Missed = Missed.ONCE
    bound: int = 100
    grace: timedelta = timedelta(minutes=1)
    payload_version: int = 1

    def __attrs_post_init__(self) -> None:
        if not 1 <= len(self.name) <= LONGEST_NAME:
            raise MisuseError(f"The name of a schedule has 1 to {LONGEST_NAME} characters, not {len(self.name)}.")
        if self.bound < 1:
            raise MisuseError(f"A schedule was to run at most {self.bound} missed occurrences.", hint="Say 1 or more.")
        if self.grace < timedelta(0):
            raise MisuseError(f"The grace {self.grace} of a schedule is negative.")


@frozen
class ScheduleStatus:
    """A schedule as the store holds it.

    Args:
        spec: what it is.
        revision: counts its changes, from 1.
        next_at: the next occurrence; None if there is none any more.
        last_at: the newest occurrence that was enqueued; None before.
        paused_at: since when it is paused; None if it is not.
        owner: the app whose code declares it; None if it was made at run time.
    """

    spec: ScheduleSpec
    revision: int
    next_at: datetime | None
    last_at: datetime | None = None
    paused_at: datetime | None = None
    owner: str | None = None

    @property
    def name(self) -> str:
        """Return the name of the schedule."""
        return self.spec.name


@frozen
class DueSchedule:
    """A schedule whose time has come.

    Args:
        status: as it was read.
        now: the store's clock at that moment.
        next_at: the occurrence that is due.
    """

    status: ScheduleStatus
    now: datetime
    next_at: datetime


def occurrence_id(schedule: str, instant: datetime) -> UUID:
    """Return the identifier of the job of an occurrence: the same for whoever computes it.

    A UUID of version 8 (RFC 9562, section 5.8): 48 bits of milliseconds as in version 7, so that it sorts by time, and
    74 bits of the SHA-256 of name and instant.
    """
    utc = instant.astimezone(UTC)
    digest = hashlib.sha256(f"{schedule}\n{utc.isoformat()}".encode()).digest()
    bits = int.from_bytes(digest)
    milliseconds = (utc - EPOCH) // _MILLISECOND & 0xFFFF_FFFF_FFFF
    high, low = bits >> 244, bits & 0x3FFF_FFFF_FFFF_FFFF
    return UUID(int=milliseconds << 80 | 0x8 << 76 | high << 64 | 0b10 << 62 | low)
