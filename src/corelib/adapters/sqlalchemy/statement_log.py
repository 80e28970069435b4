"""A log of statements: their text, time and rows, and never a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from time import perf_counter

from attrs import frozen
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, ExceptionContext

from corelib.ports.logger import Logger

STARTED = "corelib_statements_started"
LONGEST = 4_000


@frozen
class StatementLog:
    """Writes a line `statement` with `sql`, `milliseconds`, `rows`, and the names and types of the `parameters`.

    A value that a host writes into the text itself, by hand or with SQLAlchemy's `literal_binds`, is part of that text
    and cannot be told from it.

    Args:
        log: takes the lines.
        every: log every statement, at the level info.
        slow: log statements that took at least so long, at the level warning; None takes none for slow.
    """

    log: Logger
    every: bool = True
    slow: timedelta | None = None

    def attach(self, engine: Engine) -> None:
        """Log the statements of an engine from now on."""
        event.listen(engine, "before_cursor_execute", _started)
        event.listen(engine, "after_cursor_execute", self._succeeded)
        event.listen(engine, "handle_error", self._failed)

    def _succeeded(
        self,
        connection: Connection,
        cursor: object,
        statement: str,
        *rest: object,
    ) -> None:
        parameters, context, many = rest
        rows = getattr(cursor, "rowcount", -1)
        known = {} if rows is None or rows < 0 else {"rows": rows}
        self._write(connection, statement, {**described(parameters, context, many=bool(many)), **known})

    def _failed(self, context: ExceptionContext) -> None:
        """Name the class of the error; its text may have values in it."""
        if context.connection is not None and context.statement is not None:
            self._write(context.connection, context.statement, {"failed": type(context.original_exception).__name__})

    def _write(self, connection: Connection, statement: str, fields: Mapping[str, object]) -> None:
        started = connection.info.get(STARTED)
        if not started:
            return  # it failed before it was sent, or later, while its rows were read
        seconds = perf_counter() - started.pop()
        slow = self.slow is not None and seconds >= self.slow.total_seconds()
        if slow or self.every:
            write = self.log.warning if slow else self.log.info
            write("statement", sql=shortened(statement), milliseconds=round(seconds * 1000, 3), **fields)


def _started(connection: Connection, *_: object) -> None:
    connection.info.setdefault(STARTED, []).append(perf_counter())


def described(parameters: object, context: object, *, many: bool) -> dict[str, object]:
    """Return names and types of parameters; where a statement runs for many sets, of the first, and how many."""
    sets: Sequence[object] = getattr(context, "compiled_parameters", None) or _sets(parameters, many=many)
    if not sets or not sets[0]:
        return {}
    found: dict[str, object] = {"parameters": _types(sets[0])}
    if len(sets) > 1:
        found["times"] = len(sets)
    return found


def _sets(parameters: object, *, many: bool) -> Sequence[object]:
    if many and isinstance(parameters, Sequence):
        return parameters
    return [parameters] if parameters else []


def _types(values: object) -> dict[str, str]:
    if isinstance(values, Mapping):
        return {str(name): type(value).__name__ for name, value in values.items()}
    if isinstance(values, Sequence):
        return {str(number): type(value).__name__ for number, value in enumerate(values, 1)}
    return {}


def shortened(statement: str) -> str:
    """Return the text of a statement, cut where it is very long, as for an insert of many rows."""
    return statement if len(statement) <= LONGEST else f"{statement[:LONGEST]} ..."
