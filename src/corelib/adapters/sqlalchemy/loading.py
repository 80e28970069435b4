"""Rows become aggregates: one statement for the roots, one for each collection of parts, however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from corelib.adapters.sqlalchemy import keys
from corelib.adapters.sqlalchemy.entries import Entry
from corelib.adapters.sqlalchemy.plans import Plan
from corelib.adapters.sqlalchemy.statements import KEYS, OWNER
from corelib.adapters.sqlalchemy.translating import TranslatingConnection

A = TypeVar("A")
Rows = Sequence[Sequence[Any]]


class Loader(Generic[A]):
    """Reads aggregates of one class.

    Args:
        plan: how the class is loaded.
        connection: returns the connection of the transaction.
    """

    def __init__(self, plan: Plan, connection: Callable[[], TranslatingConnection]) -> None:
        self._statements = plan.statements
        self._codecs = plan.codecs
        self._shape = plan.mapping.shape
        self._parts = plan.mapping.parts
        self._connection = connection

    def rows(self, statement: sa.Executable, parameters: Mapping[str, object]) -> Rows:
        """Execute a query for roots."""
        return self.read(self._connection().rows(statement, parameters))

    def read(self, rows: Sequence[sa.Row[Any]]) -> Rows:
        """Convert what lies encrypted or as JSON."""
        return self._codecs.root.rows(rows)

    def identify(self, row: Sequence[Any]) -> Any:
        """Return the identifier of a row."""
        return self._shape.identify(row)

    def entries(self, rows: Rows) -> list[Entry[A]]:
        """Load the parts of rows and build the aggregates."""
        identify, load = self._shape.identify, self._shape.load
        if not self._parts:
            return [Entry(identify(row), load(row), row[0], row) for row in rows]
        identifiers = list(map(identify, rows))
        owners = list(map(self._shape.key, identifiers))
        parts = {name: self._rows_by_owner(name, owners) for name in self._parts} if rows else {}
        made = []
        for row, identifier, owner in zip(rows, identifiers, owners, strict=True):
            own = {name: by_owner[owner] for name, by_owner in parts.items()}
            made.append(Entry(identifier, self.build(row, own), row[0], row, own))
        return made

    def build(self, row: Sequence[Any], parts: Mapping[str, Rows]) -> A:
        """Make an aggregate from its row and those of its parts."""
        collections = []
        for name, part in self._parts.items():
            loaded = list(map(part.shape.load, parts[name]))
            collections.append(loaded if part.container is list else part.container(loaded))
        aggregate: A = self._shape.load(row, *collections)
        return aggregate

    def _rows_by_owner(self, name: str, owners: Sequence[Any]) -> Mapping[Any, Rows]:
        rows = self._codecs.parts[name].rows(self._part_rows(name, owners))
        if len(owners) == 1:
            return {owners[0]: rows}
        columns = len(self._parts[name].parts.owner)
        found: dict[Any, list[Sequence[Any]]] = defaultdict(list)
        for row in rows:
            found[row[0] if columns == 1 else tuple(row[:columns])].append(row)
        return found

    def _part_rows(self, name: str, owners: Sequence[Any]) -> Sequence[sa.Row[Any]]:
        statements, connection = self._statements.parts[name], self._connection()
        if len(owners) == 1:
            parameters = keys.parameters(OWNER, owners[0])
            return connection.rows(statements.select_one, parameters)
        if statements.select_many is not None:
            return connection.rows(statements.select_many, {KEYS: list(owners)})
        found: list[sa.Row[Any]] = []
        for portion in keys.portions(owners):
            found += connection.rows(statements.select.where(keys.among(self._parts[name].owners, portion)))
        return found
