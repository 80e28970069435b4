"""Telling what happens to jobs, by what the statements that do it return."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
from attrs import define, field, frozen
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy import job_rows
from corelib.adapters.sqlalchemy.clock import utc_now
from corelib.adapters.sqlalchemy.job_event_log import row_of
from corelib.adapters.sqlalchemy.tables import job
from corelib.adapters.sqlalchemy.tools import utc_now as local_now
from corelib.domain.job import Job, NewJob
from corelib.domain.job_event_making import enqueued, progressed
from corelib.domain.job_events import JobEvent
from corelib.domain.job_progress import RunReport
from corelib.ports.job_events import JobEventListener


class Executes(Protocol):
    """A connection, whoever translates its errors."""

    def execute(self, statement: sa.Insert, parameters: Sequence[Mapping[str, object]], /) -> object:
        """Execute a statement for each of the parameters."""
        ...


What = Callable[[Job, datetime], Iterable[JobEvent]]
"""Returns what is told of a job, as it is now, at an instant."""

_HEAVY = {"payload": sa.literal_column("''"), "result": sa.null()}
RETURNED: tuple[sa.ColumnElement[Any], ...] = (
    *(_HEAVY[column.name].label(column.name) if column.name in _HEAVY else column for column in job.c),
    utc_now().label("told_at"),
)
"""What a statement returns of a job of which something is told: all but what may be large, and the instant."""

RETURNED_BESIDE_FLOW: tuple[sa.ColumnElement[Any], ...] = tuple(
    column for column in RETURNED if column.key != job.c.flow_id.key
)
"""The same for a statement that returns the flow already."""


@define
class JobTelling:
    """Who is told; the stores and transactions of one storage share it.

    Args:
        insert: records events, with parameters as `job_event_log.row_of` gives them.
        now: tells the instant where no statement does.
        listener: is told after the commit.
        recording: whether events are also recorded in the transaction.
    """

    insert: sa.Insert
    now: Callable[[], datetime] = local_now
    listener: JobEventListener | None = None
    recording: bool = False

    @property
    def on(self) -> bool:
        """Return whether anybody is told; otherwise statements are as they would be without all this."""
        return self.recording or self.listener is not None

    def record(self, connection: Executes, events: Sequence[JobEvent]) -> None:
        """Record events in a transaction that goes on."""
        if events and self.recording:
            connection.execute(self.insert, [row_of(event) for event in events])

    def tell(self, events: list[JobEvent]) -> None:
        """Tell what was committed."""
        if events and self.listener is not None:
            self.listener(events)

    @contextmanager
    def transaction(self, begun: AbstractContextManager[Connection]) -> Iterator[ToldTransaction]:
        """Give a transaction to the block that commits at its end, and tell what it notes."""
        with begun as connection:
            told = ToldTransaction(connection, self)
            yield told
            self.record(connection, told.events)
        self.tell(told.events)


@frozen
class ToldTransaction:
    """One transaction, and what will be told of it.

    Args:
        connection: of the transaction.
        telling: who is told.
    """

    connection: Connection
    _telling: JobTelling
    events: list[JobEvent] = field(factory=list)

    @property
    def on(self) -> bool:
        """Return whether anybody is told."""
        return self._telling.on

    def note(self, events: Iterable[JobEvent]) -> None:
        """Note what is to be told."""
        if self.on:
            self.events.extend(events)

    def note_enqueued(self, jobs: Sequence[NewJob]) -> None:
        """Note that jobs were stored."""
        if self.on:
            self.events.extend(enqueued(jobs, self._telling.now()))

    def note_report(self, report: RunReport) -> None:
        """Note how far a run is, if it has told that."""
        if self.on and report.progress is not None:
            self.events.extend(progressed(report.claim.job, report.progress, self._telling.now()))

    def change(self, statement: sa.Update, values: Mapping[str, object], what: What) -> int:
        """Change jobs, note what is to be told of each, and return how many they were."""
        if not self.on:
            return self.connection.execute(statement, values).rowcount
        return len(self.rows(statement, values, what))

    def rows(
        self,
        statement: sa.Update,
        values: Mapping[str, object],
        what: What,
        *,
        otherwise: Sequence[sa.ColumnElement[Any]] = (job.c.id,),
    ) -> Sequence[sa.Row[Any]]:
        """Do the same, and return the rows.

        Args:
            statement: changes jobs.
            values: its parameters.
            what: is told of each.
            otherwise: columns of the rows if nobody is told; if somebody is, they have these and more.
        """
        returned = RETURNED if self.on else otherwise
        rows = self.connection.execute(statement.returning(*returned), values).all()
        if self.on:
            self.note(event for row in rows for event in what(job_rows.job_of(row), row.told_at))
        return rows
