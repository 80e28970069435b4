"""Schedules as a host declares them in code, or makes them at run time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from attrs import field, frozen

from corelib.application.context import new_context
from corelib.application.jobs.announcer import Announcer
from corelib.application.jobs.description import JobDescription
from corelib.application.jobs.enqueuing import limit_key_of
from corelib.application.jobs.payloads import PAYLOAD_LIMIT
from corelib.application.jobs.registry import JobRegistry
from corelib.application.jobs.upcasting import upcasted
from corelib.domain.context import Context
from corelib.domain.identifiers import new_id
from corelib.domain.job import Job, NewJob
from corelib.domain.occurrences import Read, next_after
from corelib.domain.schedule import EPOCH, Missed, ScheduleSpec, ScheduleStatus, Timing
from corelib.errors import CorelibError, MisuseError, NotFound, PayloadTooLarge, UnboundHandler
from corelib.ports.codec import Codec
from corelib.ports.schedule_store import ScheduleStore

_TRIES = 5


@frozen
class Schedule:
    """A job that is enqueued again and again.

    Args:
        name: of the schedule, 1 to 100 characters, unique in the database.
        job: a function that `@job` describes.
        payload: what each occurrence gets.
        cron: minute, hour, day of month, month, day of week, with seconds before them if there are six; needs the
            extra `schedules`.
        every: instead of cron, the elapsed time from one occurrence to the next.
        zone: in which cron is meant, as `Europe/Zurich`. A local time that does not exist is due at the first instant
            after the gap, one that exists twice the first time only.
        start: an instant that `every` is counted from; by default midnight UTC, so that all hosts agree.
        missed: what becomes of occurrences that were missed.
        bound: how many of them run at most with `Missed.ALL`.
        grace: how late an occurrence may be and still runs with `Missed.SKIP`.

    Example: `Schedule("nightly billing", cron="0 2 * * *", zone="Europe/Zurich", job=bill, payload=Bill())`
    """

    name: str
    job: Callable[..., object] = field(kw_only=True)
    payload: object = field(kw_only=True)
    cron: str | None = field(default=None, kw_only=True)
    every: timedelta | None = field(default=None, kw_only=True)
    zone: str = field(default="UTC", kw_only=True)
    start: datetime = field(default=EPOCH, kw_only=True)
    missed: Missed = field(default=Missed.ONCE, kw_only=True)
    bound: int = field(default=100, kw_only=True)
    grace: timedelta = field(default=timedelta(minutes=1), kw_only=True)

    @property
    def timing(self) -> Timing:
        """Return when it is due."""
        return Timing(self.cron, self.every, self.zone, self.start)


class Schedules:
    """Makes, steers and shows schedules.

    Args:
        store: where they are.
        registry: the jobs of this host.
        codec: writes payloads.
        read: reads cron expressions.
        announcer: wakes workers for jobs that are run now.
        owner: name of the app, for the schedules that its code declares.
        payload_limit: bytes of JSON text that a payload has at most.
    """

    def __init__(
        self,
        store: ScheduleStore,
        registry: JobRegistry,
        codec: Codec,
        read: Read,
        announcer: Announcer,
        *,
        owner: str,
        payload_limit: int = PAYLOAD_LIMIT,
    ) -> None:
        self._store = store
        self._registry = registry
        self._codec = codec
        self._read = read
        self._announcer = announcer
        self._owner = owner
        self._payload_limit = payload_limit

    def put(self, schedule: Schedule) -> None:
        """Make a schedule at run time, or replace the one of that name.

        It is due first after now; if its times are what they were, its next occurrence stays.

        Raises:
            MisuseError: if it has not one of cron and interval, the cron expression or the zone cannot be read, or the
                payload is of another class than the job takes. Also if the name is that of a schedule that code
                declares, if the job is unique, or if the key of its limits is a function.
            PayloadTooLarge: if the payload is too large for a row.
            UnboundHandler: if this host has not registered the job.
            MissingExtra: for a cron expression, if the extra is not installed.
        """
        self._put(schedule, None)

    def declare(self, schedules: Sequence[Schedule]) -> None:
        """Take over what the code of this app declares, and end what it declared before and does not any more."""
        for schedule in schedules:
            self._put(schedule, self._owner)
        names = {schedule.name for schedule in schedules}
        for status in self._store.list():
            if status.owner == self._owner and status.name not in names:
                self._store.remove(status.name, owner=self._owner)

    def check(self, schedules: Sequence[Schedule]) -> None:
        """Make sure that schedules can be declared; nothing is asked of the store.

        Raises:
            MisuseError, UnboundHandler, MissingExtra: as `put` does; also if two have the same name.
        """
        seen: set[str] = set()
        for schedule in schedules:
            if schedule.name in seen:
                raise UnboundHandler(f"Two schedules are named {schedule.name!r}.", hint="Give one another name.")
            seen.add(schedule.name)
            next_after(schedule.timing, EPOCH, self._read)
            self._description(schedule)

    def remove(self, name: str) -> bool:
        """Remove a schedule; the jobs that it enqueued stay. Return False if there is none.

        One that code declares comes back with the next start of a worker.
        """
        return self._store.remove(name)

    def pause(self, name: str) -> bool:
        """Let a schedule enqueue nothing; return False if there is none, or it is paused already."""
        return self._store.pause(name)

    def resume(self, name: str) -> bool:
        """Let a paused schedule go on; its policy decides about what it missed. Returns as `pause` does."""
        return self._store.resume(name)

    def find(self, name: str) -> ScheduleStatus | None:
        """Return a schedule, or None."""
        return self._store.find(name)

    def list(self) -> Sequence[ScheduleStatus]:
        """Return all schedules by name."""
        return self._store.list()

    def runs(self, name: str, *, limit: int = 100) -> Sequence[Job]:
        """Return the jobs that a schedule enqueued, newest first."""
        return self._store.runs(name, limit=limit)

    def run_now(self, name: str) -> UUID:
        """Enqueue a job of a schedule at once, paused or not; its occurrences stay as they are.

        Returns:
            The job's identifier.

        Raises:
            NotFound: if there is no schedule of that name.
            UnknownJob: if this host does not have its job.
        """
        status = self._store.find(name)
        if status is None:
            raise NotFound("schedule", name)
        job = scheduled_job(self._registry.named(status.spec.job), status.spec, new_id())
        if not self._store.enqueue(name, job):
            raise NotFound("schedule", name)
        self._announcer.announce([job.ref])
        return job.id

    def _put(self, schedule: Schedule, owner: str | None) -> None:
        spec = self._spec(schedule)
        for _ in range(_TRIES):
            there = self._store.find(spec.name)
            if there is not None and there.owner not in (None, owner):
                raise MisuseError(
                    f"The schedule {spec.name!r} is declared by the code of {there.owner}.",
                    hint="Change it there, or choose another name.",
                )
            if there is not None and (there.spec, there.owner) == (spec, owner):
                return
            if there is not None and there.spec.timing == spec.timing:
                next_at = there.next_at
            else:
                next_at = next_after(spec.timing, self._store.now(), self._read)
            revision = 0 if there is None else there.revision
            if self._store.put(spec, revision=revision, next_at=next_at, owner=owner):
                return
        raise MisuseError(
            f"The schedule {spec.name!r} was changed by others {_TRIES} times while it was to be changed here.",
            hint="Let one process at a time change it.",
        )

    def _spec(self, schedule: Schedule) -> ScheduleSpec:
        description = self._description(schedule)
        payload = self._codec.encode(schedule.payload)
        size = len(payload.encode())
        if size > self._payload_limit:
            raise PayloadTooLarge(description.name, size=size, limit=self._payload_limit)
        return ScheduleSpec(
            name=schedule.name,
            job=description.name,
            payload=payload,
            timing=schedule.timing,
            missed=schedule.missed,
            bound=schedule.bound,
            grace=schedule.grace,
            payload_version=description.version,
        )

    def _description(self, schedule: Schedule) -> JobDescription:
        """Return the job of a schedule, having refused what jobs of schedules cannot have."""
        description = self._registry.description(schedule.job)
        description.check_payload(schedule.payload)
        if not description.durable:
            raise MisuseError(
                f"The schedule {schedule.name!r} has the job {description.name}, which is not durable.",
                hint="What schedules enqueue is stored: leave out durable=False.",
            )
        if description.unique is not None:
            raise MisuseError(
                f"The job {description.name} is unique, which jobs of schedules are not: each occurrence is one.",
                hint="Give the schedule a job without unique=, which may enqueue the unique one.",
            )
        if description.per_key is not None and callable(description.per_key.by):
            raise MisuseError(
                f"The key of the job {description.name} is a function, which schedules do not call.",
                hint="Name fields of its payload: PerKey(by=...).",
            )
        return description


def scheduled_job(description: JobDescription, spec: ScheduleSpec, job_id: UUID) -> NewJob:
    """Return a job of a schedule, as its description has it now."""
    context = new_context()
    return NewJob(
        id=job_id,
        name=description.name,
        queue=description.queue,
        payload=spec.payload,
        payload_version=spec.payload_version,
        context=context,
        limit_key=_limit_key(description, spec, context),
        max_attempts=description.attempts,
        timeout=description.timeout,
        priority=description.priority,
    )


def _limit_key(description: JobDescription, spec: ScheduleSpec, context: Context) -> str | None:
    """Return the key by which its queue limits it; none for a payload that cannot be read, which a worker parks."""
    if description.per_key is None:
        return None
    try:
        text = upcasted(
            spec.payload,
            name=description.name,
            stored=spec.payload_version,
            version=description.version,
            upcast=description.upcast,
        )
        return limit_key_of(description, None, text, context)
    except CorelibError:
        return None


def names_of(registry: JobRegistry) -> Collection[str]:
    """Return the names of the jobs of a host."""
    return [description.name for description in registry]
