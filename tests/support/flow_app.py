"""A host whose jobs form flows, and which write down in a ledger that they have run."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from attrs import define, frozen

from corelib import Aggregate, App, Backoff, JobRun, UnitOfWork, job, new_id
from corelib.adapters.sqlalchemy import SqlSchema, mapped


@define(eq=False)
class Entry(Aggregate):
    """One effect of one run that was committed; `step` is the name of the job."""

    id: str
    step: str
    children: int


@frozen
class Step:
    name: str


@frozen
class Stamp:
    name: str


@job(queue="flows", attempts=50, timeout=timedelta(seconds=30), backoff=Backoff(first=timedelta(milliseconds=50)))
def enter(step: Step, uow: UnitOfWork, run: JobRun) -> Stamp:
    children = run.children()
    uow.repository(Entry, str).add(Entry(str(new_id()), step.name, sum(child.succeeded for child in children)))
    return Stamp(step.name)


metadata = sa.MetaData()
entry = sa.Table(
    "flow_entry",
    metadata,
    sa.Column("id", sa.Unicode(40), primary_key=True),
    sa.Column("step", sa.Unicode(100), nullable=False),
    sa.Column("children", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)
schema = SqlSchema("flows", metadata, [mapped(Entry, entry)])
app = App("flows", jobs=[enter], schema="tests.support.flow_app:schema")
