"""A host whose job says that it runs and then waits until it is let go, by files in a folder."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from attrs import define, frozen

from corelib import Aggregate, App, Backoff, Command, JobRun, UnitOfWork, job
from corelib.adapters.sqlalchemy import SqlSchema, mapped


@define(eq=False)
class Done(Aggregate):
    """What a finished run leaves; `id` is the name of its job."""

    id: str
    attempt: int


@frozen
class Wait:
    """Announce the run in `<name>.<attempt>`, then read `<name>.gate`, a named pipe, until somebody writes to it."""

    name: str


@frozen
class Begin(Command[None]):
    name: str


@frozen
class Hang(Command[None]):
    name: str


@job(queue="waiting", attempts=3, timeout=timedelta(minutes=10))
def wait_at_gate(payload: Wait, uow: UnitOfWork, run: JobRun) -> None:
    folder = Path(os.environ["WAITING_FOLDER"])
    begun = folder / f"{payload.name}.{run.attempt}.{os.getpid()}.new"
    begun.touch()
    begun.rename(begun.with_suffix(".begun"))
    (folder / f"{payload.name}.gate").read_bytes()
    uow.repository(Done, str).add(Done(payload.name, run.attempt))


@job(queue="waiting", attempts=2, timeout=timedelta(seconds=1), backoff=Backoff(first=timedelta(milliseconds=1)))
def hang_at_gate(payload: Wait, uow: UnitOfWork, run: JobRun) -> None:
    """Write, and then hang in the first attempt until somebody opens the gate, whatever becomes of the run."""
    uow.repository(Done, str).add(Done(payload.name, run.attempt))
    uow.flush()
    if run.attempt == 1:
        folder = Path(os.environ["WAITING_FOLDER"])
        (folder / f"{payload.name}.gate").read_bytes()


def begin(command: Begin, uow: UnitOfWork) -> None:
    uow.jobs.enqueue(wait_at_gate, Wait(command.name))


def hang(command: Hang, uow: UnitOfWork) -> None:
    uow.jobs.enqueue(hang_at_gate, Wait(command.name))


metadata = sa.MetaData()
done = sa.Table(
    "waiting_done",
    metadata,
    sa.Column("id", sa.Unicode(50), primary_key=True),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)
schema = SqlSchema("waiting", metadata, [mapped(Done, done)])
app = App(
    "waiting", commands=[begin, hang], jobs=[wait_at_gate, hang_at_gate], schema="tests.support.waiting_app:schema"
)
