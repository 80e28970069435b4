"""Many rows, a portion at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from corelib.adapters.sqlalchemy.mapping import AggregateMapping
from corelib.adapters.sqlalchemy.seat import Seat
from corelib.adapters.sqlalchemy.statements import Select

Portions = Iterator[Sequence[sa.Row[Any]]]


def stream(
    mapping: AggregateMapping, seat: Seat, statement: Select, parameters: Mapping[str, object], batch: int
) -> Portions:
    """Go through the rows of a query in the order of the identifiers.

    Where a connection can do other things while a cursor of the server is open on it, that is used. A connection to SQL
    Server cannot, unless MARS is switched on: there every portion is a query of its own that begins behind the last
    row.
    """
    ordered = statement.order_by(*mapping.identifiers)
    if seat.dialect.streams_with_cursor:
        return _by_cursor(seat, ordered, parameters, batch)
    return _by_key(mapping, seat, ordered, parameters, batch)


def _by_cursor(seat: Seat, statement: Select, parameters: Mapping[str, object], batch: int) -> Portions:
    connection = seat.connection()
    result = connection.execute(statement, parameters, execution_options={"yield_per": batch})
    try:
        while True:
            with connection.translating():
                rows = result.fetchmany(batch)
            if not rows:
                return
            yield rows
    finally:
        if not connection.closed:  # else the cursor went with its transaction, and the connection may serve another
            result.close()


def _by_key(
    mapping: AggregateMapping, seat: Seat, statement: Select, parameters: Mapping[str, object], batch: int
) -> Portions:
    limited = statement.limit(batch)
    rows = seat.connection().rows(limited, parameters)
    while rows:
        yield rows
        if len(rows) < batch:
            return
        last = mapping.shape.key(mapping.shape.identify(rows[-1]))
        rows = seat.connection().rows(limited.where(_behind(mapping, last)), parameters)


def _behind(mapping: AggregateMapping, last: Any) -> sa.ColumnElement[bool]:
    """Return that a row comes behind a key, as the store sorts."""
    columns = mapping.identifiers
    values = (last,) if len(columns) == 1 else last
    steps = []
    for place, (column, value) in enumerate(zip(columns, values, strict=True)):
        same = [earlier == known for earlier, known in zip(columns[:place], values[:place], strict=True)]
        steps.append(sa.and_(*same, column > value))
    return sa.or_(*steps)
