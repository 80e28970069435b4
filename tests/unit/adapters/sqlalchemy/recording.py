"""A connection without a database: it notes what is executed and gives the answers that it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

import sqlalchemy as sa
from attrs import define, field, frozen
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.interfaces import Dialect

from corelib.adapters.sqlalchemy import AggregateMapping
from corelib.adapters.sqlalchemy.dialect import SqlDialect
from corelib.adapters.sqlalchemy.plans import Plan
from corelib.adapters.sqlalchemy.queries import Queries
from corelib.adapters.sqlalchemy.repository import SqlRepository
from corelib.adapters.sqlalchemy.row_codec import codecs_of
from corelib.adapters.sqlalchemy.seat import Seat
from corelib.adapters.sqlalchemy.statements import Statements
from corelib.adapters.sqlalchemy.translating import TranslatingConnection

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
Rows = Sequence[tuple[object, ...]]


@frozen
class Sent:
    """A statement and the parameters, of the first row if there are more, that somebody executed."""

    clause: sa.ClauseElement
    parameters: Mapping[str, object]
    many: bool = False


@frozen
class Target:
    """An engine that statements are written for."""

    name: str
    ours: SqlDialect
    theirs: Callable[[], Dialect]

    def sql(self, sent: Sent) -> tuple[str, int]:
        """The text as the driver gets it, and the number of its parameters."""
        compiled: Any = sent.clause.compile(dialect=self.theirs(), column_keys=list(sent.parameters))
        state = compiled.construct_expanded_state(dict(sent.parameters))
        return state.statement, len(state.positiontup or ())


@contextmanager
def noted(engine: Engine) -> Iterator[list[Sent]]:
    """What is executed within the block."""
    found: list[Sent] = []

    def note(
        _: Connection, clause: sa.ClauseElement, many: list[dict[str, object]], one: dict[str, object], __: object
    ) -> None:
        found.append(Sent(clause, many[0] if many else one))

    sa.event.listen(engine, "before_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_execute", note)


@define
class Answer:
    """As the result of a statement that wrote as many rows as it was given."""

    rows: list[tuple[object, ...]]
    rowcount: int

    def all(self) -> Rows:
        rows, self.rows = self.rows, []
        return rows

    def fetchmany(self, size: int) -> Rows:
        rows, self.rows = self.rows[:size], self.rows[size:]
        return rows

    def close(self) -> None: ...


@define(eq=False)
class Recorder:
    """Answers one statement after the other; when nothing is left, with no rows."""

    dialect: Dialect
    answers: list[Rows] = field(factory=list)
    sent: list[Sent] = field(factory=list)
    closed: bool = False

    def execute(
        self,
        statement: sa.ClauseElement,
        parameters: Mapping[str, object] | Sequence[Mapping[str, object]] | None = None,
        *,
        execution_options: Mapping[str, object] | None = None,
    ) -> Answer:
        rows = [parameters or {}] if parameters is None or isinstance(parameters, Mapping) else list(parameters)
        self.sent.append(Sent(statement, rows[0], many=len(rows) > 1))
        return Answer(list(self.answers.pop(0)) if self.answers else [], len(rows))

    def rows(
        self,
        statement: sa.ClauseElement,
        parameters: Mapping[str, object] | Sequence[Mapping[str, object]] | None = None,
    ) -> Rows:
        return self.execute(statement, parameters).all()

    @contextmanager
    def translating(self) -> Iterator[None]:
        yield


def sent_for(
    mapping: AggregateMapping,
    target: Target,
    work: Callable[[SqlRepository[Any]], object],
    *answers: Rows,
    flush: bool = True,
) -> list[Sent]:
    """Return what a repository sends while it does some work that starts from these answers, and then is flushed."""
    recorder = Recorder(target.theirs(), list(answers))

    def write() -> None:
        repository.hand.flush_new()
        repository.hand.flush_changed()
        repository.hand.flush_removed()

    seat = Seat(
        dialect=target.ours,
        connection=lambda: cast("TranslatingConnection", recorder),
        flush=write,
        now=lambda: NOON,
        usable=lambda: None,
        writes=lambda _: None,
    )
    statements = Statements(mapping, target.ours)
    queries = Queries(mapping, target.ours, statements)
    plan = Plan(mapping, statements, queries, codecs_of(mapping, codec=None, cipher=None))
    repository: SqlRepository[Any] = SqlRepository(plan, seat)
    work(repository)
    if flush:
        write()
    return recorder.sent
