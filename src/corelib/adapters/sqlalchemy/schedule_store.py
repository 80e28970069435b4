"""Schedules as rows; the jobs that they enqueue are ordinary rows that name their schedule."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy import job_rows
from corelib.adapters.sqlalchemy.clock import utc_now
from corelib.adapters.sqlalchemy.job_rows import milliseconds
from corelib.adapters.sqlalchemy.job_table import JobTable
from corelib.adapters.sqlalchemy.job_telling import ToldTransaction
from corelib.adapters.sqlalchemy.tables import job, schedule
from corelib.domain.job import Job, NewJob
from corelib.domain.schedule import DueSchedule, Missed, ScheduleSpec, ScheduleStatus, Timing
from corelib.errors import AlreadyExists, TransientFailure

_MICROSECOND = timedelta(microseconds=1)


class SqlScheduleStore(JobTable):
    """Keeps the contract of `corelib.ports.schedule_store.ScheduleStore` by the clock of the database."""

    def now(self) -> datetime:
        """Ask the database."""
        with self._read() as connection:
            found: datetime = connection.execute(_NOW).scalar_one()
        return found.astimezone(UTC)

    def put(self, spec: ScheduleSpec, *, revision: int, next_at: datetime | None, owner: str | None = None) -> bool:
        """Insert, or update the revision that is meant."""
        values = {**_spec_row(spec), "next_at": next_at, "owner": owner}
        given = {name: sa.null() if value is None else value for name, value in values.items()}
        if revision:
            replaced = sa.update(schedule).where(_NAMED, schedule.c.revision == sa.bindparam("seen_revision"))
            statement = replaced.values(**given, revision=revision + 1)
            return self._execute(statement, {"of_name": spec.name, "seen_revision": revision}) == 1
        try:
            with self._transaction() as connection:
                connection.execute(sa.insert(schedule).values(name=spec.name, **given, revision=1))
        except AlreadyExists:
            return False
        return True

    def remove(self, name: str, *, owner: str | None = None) -> bool:
        """Delete the row."""
        if owner is None:
            return self._execute(_REMOVE, {"of_name": name}) == 1
        return self._execute(_REMOVE_OWN, {"of_name": name, "of_owner": owner}) == 1

    def pause(self, name: str) -> bool:
        """Note since when."""
        return self._execute(_PAUSE, {"of_name": name}) == 1

    def resume(self, name: str) -> bool:
        """Forget the pause."""
        return self._execute(_RESUME, {"of_name": name}) == 1

    def find(self, name: str) -> ScheduleStatus | None:
        """Read a row."""
        with self._read() as connection:
            row = connection.execute(_FIND, {"of_name": name}).first()
        return None if row is None else _status_of(row)

    def list(self) -> Sequence[ScheduleStatus]:
        """Read all rows."""
        with self._read() as connection:
            found = [_status_of(row) for row in connection.execute(sa.select(schedule))]
        return sorted(found, key=lambda status: status.name)  # here, since collations differ

    def due(self, jobs: Collection[str], *, limit: int) -> Sequence[DueSchedule]:
        """Read what is due, and the clock by which it is; names of jobs are compared as in code."""
        if not jobs:
            return []
        statement = (
            sa.select(schedule, utc_now().label("read_at"))
            .where(schedule.c.next_at <= utc_now(), _NOT_PAUSED, self._dialect.listed(schedule.c.job, "names"))
            .order_by(schedule.c.next_at, schedule.c.name)
            .limit(limit)
        )
        with self._read() as connection:
            rows = connection.execute(statement, {"names": list(jobs)}).all()
        return [DueSchedule(_status_of(row), row.read_at, row.next_at) for row in rows if row.job in jobs]

    def fire(
        self, due: DueSchedule, jobs: Sequence[NewJob], *, next_at: datetime | None, last_at: datetime | None
    ) -> bool:
        """Update in one statement that passes over a locked row; who gets the row inserts the jobs."""
        values = {
            "of_name": due.status.name,
            "seen_revision": due.status.revision,
            "seen_next": due.next_at,
        }
        fire = self._fire_statement(next_at, last_at)
        try:
            with self._told() as told:
                if told.connection.execute(fire, values).first() is None:
                    return False
                self._insert(told, due.status.name, self._missing(told.connection, jobs))
        except (TransientFailure, AlreadyExists):  # somebody else is at it; the next round finds what is left
            return False
        return True

    def enqueue(self, name: str, job: NewJob) -> bool:
        """Insert a job if there is the schedule."""
        with self._told() as told:
            if told.connection.execute(_FIND, {"of_name": name}).first() is None:
                return False
            self._insert(told, name, [job])
        return True

    def runs(self, name: str, *, limit: int = 100) -> Sequence[Job]:
        """Read the jobs of a schedule."""
        of_schedule = sa.select(job).where(job.c.schedule == sa.bindparam("of_name"))
        newest = of_schedule.order_by(job.c.enqueued_at.desc(), job.c.id.desc()).limit(limit)
        with self._read() as connection:
            return [job_rows.job_of(row) for row in connection.execute(newest, {"of_name": name})]

    def _missing(self, connection: Connection, jobs: Sequence[NewJob]) -> Sequence[NewJob]:
        if not jobs:
            return jobs
        there = sa.select(job.c.id).where(self._dialect.listed(job.c.id, "job_ids"))
        known = set(connection.execute(there, {"job_ids": [new.id for new in jobs]}).scalars())
        return [new for new in jobs if new.id not in known]

    def _insert(self, told: ToldTransaction, name: str, jobs: Sequence[NewJob]) -> None:
        if jobs:
            told.connection.execute(job_rows.INSERT, [{**job_rows.row_of(new), "schedule": name} for new in jobs])
            told.note_enqueued(jobs)

    def _fire_statement(self, next_at: datetime | None, last_at: datetime | None) -> sa.UpdateBase:
        meant = sa.and_(
            _NAMED,
            schedule.c.revision == sa.bindparam("seen_revision"),
            schedule.c.next_at == sa.bindparam("seen_next", type_=schedule.c.next_at.type),
            _NOT_PAUSED,
        )
        picked = self._dialect.skip_locked(sa.select(schedule.c.name).where(meant), schedule).cte("picked")
        return (
            self._dialect.passing_over_locked(sa.update(schedule))
            .where(schedule.c.name.in_(sa.select(picked.c.name)), meant)
            .values(
                next_at=sa.null() if next_at is None else next_at,
                last_at=schedule.c.last_at if last_at is None else last_at,
            )
            .returning(schedule.c.name)
        )


def _spec_row(spec: ScheduleSpec) -> Mapping[str, object]:
    timing = spec.timing
    return {
        "job": spec.job,
        "payload": spec.payload,
        "payload_version": spec.payload_version,
        "cron": timing.cron,
        "every_us": None if timing.every is None else timing.every // _MICROSECOND,
        "zone": timing.zone,
        "start_at": timing.start,
        "missed": spec.missed.value,
        "bound": spec.bound,
        "grace_ms": milliseconds(spec.grace),
    }


def _status_of(row: sa.Row[tuple[object, ...]]) -> ScheduleStatus:
    every = None if row.every_us is None else timedelta(microseconds=row.every_us)
    spec = ScheduleSpec(
        name=row.name,
        job=row.job,
        payload=row.payload,
        timing=Timing(row.cron, every, row.zone, row.start_at),
        missed=Missed(row.missed),
        bound=row.bound,
        grace=timedelta(milliseconds=row.grace_ms),
        payload_version=row.payload_version,
    )
    return ScheduleStatus(spec, row.revision, row.next_at, row.last_at, row.paused_at, row.owner)


_NAMED = schedule.c.name == sa.bindparam("of_name")
_NOT_PAUSED = schedule.c.paused_at.is_(None)
_NOW = sa.select(utc_now())
_FIND = sa.select(schedule).where(_NAMED)
_REMOVE = sa.delete(schedule).where(_NAMED)
_REMOVE_OWN = _REMOVE.where(schedule.c.owner == sa.bindparam("of_owner"))
_PAUSE = sa.update(schedule).where(_NAMED, _NOT_PAUSED).values(paused_at=utc_now())
_RESUME = sa.update(schedule).where(_NAMED, schedule.c.paused_at.is_not(None)).values(paused_at=sa.null())
