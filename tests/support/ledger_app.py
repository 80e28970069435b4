"""A host whose jobs write a line into a ledger for each effect, and a mark into a file for each try."""

from __future__ import annotations

import os
import struct
from collections import Counter
from datetime import timedelta
from enum import Enum
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from attrs import define, frozen

from corelib import Aggregate, App, Backoff, JobRun, JobState, NonRetryableError, UnitOfWork, job, new_id
from corelib.adapters.sqlalchemy import SqlSchema, mapped

FOLDER = "LEDGER_FOLDER"
CHILDREN_FROM = 10_000_000
"""Numbers of jobs that jobs have enqueued: that of the parent, and so much more."""

MANY = 1000
"""Attempts that no series of faults uses up."""

_MARK = struct.Struct("=q")


@define(eq=False)
class Line(Aggregate):
    """An effect: nothing keeps a job from having two of them but that its runs are kept once."""

    id: UUID
    job: int


@frozen
class Work:
    """Payload of the jobs."""

    number: int
    milliseconds: int = 0


class Fate(Enum):
    """What becomes of a job, by its number."""

    WRITES = "writes a line"
    WRITES_AND_ENQUEUES = "writes a line, and enqueues a job that writes one"
    WRITES_NOTHING = "does nothing that its store would know of"
    FAILS_FIRST = "fails in its first attempts"
    FAILS_ALWAYS = "fails in each of its few attempts"
    IS_REFUSED = "fails with what is not to be retried"

    @property
    def state(self) -> JobState:
        """Return how it ends."""
        return JobState.DEAD if self in (Fate.FAILS_ALWAYS, Fate.IS_REFUSED) else JobState.SUCCEEDED

    @property
    def lines(self) -> int:
        """Return how many lines it writes itself."""
        return int(self in (Fate.WRITES, Fate.WRITES_AND_ENQUEUES, Fate.FAILS_FIRST))


_FATES = [*[Fate.WRITES] * 10, *[Fate.WRITES_NOTHING] * 5, *Fate]


def fate_of(number: int) -> Fate:
    """Return what becomes of the job of this number."""
    return Fate.WRITES if number >= CHILDREN_FROM else _FATES[number % len(_FATES)]


def work(payload: Work, uow: UnitOfWork, run: JobRun) -> None:
    """Do what the fate of the job is, and take some time for it, most of it when everything is written."""
    mark(payload.number)
    fate, pause = fate_of(payload.number), timedelta(milliseconds=payload.milliseconds)
    if fate.lines:
        uow.repository(Line).add(Line(new_id(), payload.number))
        uow.flush()
    if fate is Fate.WRITES_AND_ENQUEUES:
        uow.jobs.enqueue(persevere, Work(CHILDREN_FROM + payload.number, payload.milliseconds))
    run.wait(pause)
    if fate is Fate.FAILS_ALWAYS or (fate is Fate.FAILS_FIRST and run.attempt < 3):
        raise RuntimeError("not now")
    if fate is Fate.IS_REFUSED:
        raise NonRetryableError("never")


@job(queue="ledger", attempts=MANY, backoff=Backoff.fixed(timedelta(milliseconds=50)))
def persevere(payload: Work, uow: UnitOfWork, run: JobRun) -> None:
    """Try until it works."""
    work(payload, uow, run)


@job(queue="ledger", attempts=3, backoff=Backoff.fixed(timedelta(milliseconds=50)))
def give_up(payload: Work, uow: UnitOfWork, run: JobRun) -> None:
    """Try a few times."""
    work(payload, uow, run)


def mark(number: int) -> None:
    """Note a try, whatever becomes of it; short appends are written as a whole."""
    file = os.open(Path(os.environ[FOLDER], "tries"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(file, _MARK.pack(number))
    finally:
        os.close(file)


def tries_in(folder: Path) -> Counter[int]:
    """Return how often the job of each number was tried."""
    file = folder / "tries"
    return Counter(number for (number,) in _MARK.iter_unpack(file.read_bytes())) if file.exists() else Counter()


metadata = sa.MetaData()
line = sa.Table(
    "ledger_line",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("job", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)
schema = SqlSchema("ledger", metadata, [mapped(Line, line)])
app = App("ledger", jobs=[persevere, give_up], schema="tests.support.ledger_app:schema")
