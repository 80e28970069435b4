"""The host that is soaked."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from attrs import define, frozen

from _jobs.contender import Place
from _soak.fates import Fate, fate_of
from corelib import Aggregate, App, Backoff, JobRun, NonRetryableError, Settings, UnitOfWork, job, new_id
from corelib.adapters.sqlalchemy import SqlSchema, mapped

QUEUE = "soak"
THREADS = 4
LEASE = timedelta(seconds=5)
HANGS = timedelta(seconds=1)
_BACKOFF = Backoff(first=timedelta(milliseconds=200), jitter=0.5)


@define(eq=False)
class Line(Aggregate):
    """What a job leaves in the host's own table; only that it is completed once keeps this from being there twice."""

    id: UUID
    job: int


@frozen
class Task:
    """Payload."""

    number: int
    text: str = "a few words"


@job(queue=QUEUE, attempts=20, backoff=_BACKOFF)
def work(task: Task, uow: UnitOfWork, run: JobRun) -> None:
    """Do what the number says; there are attempts enough for all workers that are killed."""
    fate = fate_of(task.number)
    if fate.lines:
        uow.repository(Line).add(Line(new_id(), task.number))
        uow.flush()
    if fate is Fate.REFUSED:
        raise NonRetryableError("never")
    if run.attempt <= fate.failures:
        raise RuntimeError("not now")


@job(queue=QUEUE, attempts=3, backoff=_BACKOFF)
def give_up(task: Task) -> None:
    """Fail until no attempt is left."""
    raise RuntimeError(f"task {task.number} never works")


@job(queue=QUEUE, attempts=20, timeout=HANGS, backoff=_BACKOFF)
def hang(_: Task, run: JobRun) -> None:
    """Outlast the time-out once."""
    if run.attempt == 1:
        run.wait(10 * HANGS)


HANDLERS = {Fate.FAILS_ALWAYS: give_up, Fate.HANGS_ONCE: hang}
"""Handlers by fate; that of the others is `work`."""

metadata = sa.MetaData()
line = sa.Table(
    "soak_line",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("job", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)
schema = SqlSchema("soak", metadata, [mapped(Line, line)])
app = App("soak", jobs=[work, give_up, hang], schema="_soak.app:schema")


def settings_of(place: Place) -> Settings:
    """Return the settings of the workers."""
    return Settings(place.database, place.broker, place.namespace, threads=THREADS, lease=LEASE)
