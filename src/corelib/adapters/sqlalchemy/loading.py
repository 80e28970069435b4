"""Rows become aggregates: one statement for the roots, one for each collection of parts, however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from corelib.adapters.sqlalchemy import keys
from corelib.adapters.sqlalchemy.entries import Entry
from corelib.adapters.sqlalchemy.mapping import AggregateMapping
from corelib.adapters.sqlalchemy.row_codec import RowCodec
from corelib.adapters.sqlalchemy.statements import KEYS, OWNER, Statements

A = TypeVar("A")
Rows = list[Sequence[Any]]
PartRows = Mapping[str, Mapping[Any, Rows]]


class Codecs:
    """The conversions of one mapping: of the root's columns, and of each collection's."""

    def __init__(self, root: RowCodec, parts: Mapping[str, RowCodec]) -> None:
        self.root = root
        self.parts = parts


class Loader(Generic[A]):
    """Reads aggregates of one class.

    Args:
        mapping: where the class lies.
        statements: its prepared statements.
        connection: returns the connection of the transaction.
        codecs: convert what lies encrypted or as JSON.
    """

    def __init__(
        self,
        mapping: AggregateMapping,
        statements: Statements,
        connection: Callable[[], Connection],
        codecs: Codecs,
    ) -> None:
        self._statements = statements
        self._connection = connection
        self._codecs = codecs
        self._shape = mapping.shape
        self._parts = mapping.parts

    def rows(self, statement: sa.Executable, parameters: Mapping[str, object]) -> Rows:
        """Execute a query for roots."""
        read = self._codecs.root.read
        return [read(row) for row in self._connection().execute(statement, parameters).all()]

    def identify(self, row: Sequence[Any]) -> Any:
        """Return the identifier of a row."""
        return self._shape.identify(row)

    def entries(self, rows: Rows) -> list[Entry[A]]:
        """Load the parts of rows and build the aggregates."""
        identify, parts = self._shape.identify, self.parts_of(rows)
        if not self._parts:
            load = self._shape.load
            return [Entry(identify(row), load(row), row[0], row) for row in rows]
        made = []
        for row in rows:
            identifier = identify(row)
            key = self._shape.key(identifier)
            lists = {name: by_owner[key] for name, by_owner in parts.items()}
            made.append(Entry(identifier, self.build(row, lists), row[0], row, lists))
        return made

    def build(self, row: Sequence[Any], parts: Mapping[str, Rows]) -> A:
        """Make an aggregate from its row and those of its parts."""
        collections = []
        for name, part in self._parts.items():
            load, container = part.shape.load, part.container
            loaded = [load(part_row) for part_row in parts[name]]
            collections.append(loaded if container is list else container(loaded))
        aggregate: A = self._shape.load(row, *collections)
        return aggregate

    def parts_of(self, rows: Rows) -> PartRows:
        """Read the parts of many roots, by the key of their owner."""
        if not self._parts or not rows:
            return {}
        owners = [self._shape.key(self._shape.identify(row)) for row in rows]
        return {name: self._rows_by_owner(name, owners) for name in self._parts}

    def _rows_by_owner(self, name: str, owners: Sequence[Any]) -> Mapping[Any, Rows]:
        read = self._codecs.parts[name].read
        columns = len(self._parts[name].owners)
        found: dict[Any, Rows] = defaultdict(list)
        for row in self._part_rows(name, owners):
            found[row[0] if columns == 1 else tuple(row[:columns])].append(read(row))
        return found

    def _part_rows(self, name: str, owners: Sequence[Any]) -> Sequence[sa.Row[Any]]:
        statements, columns = self._statements.parts[name], self._parts[name].owners
        connection = self._connection()
        if len(owners) == 1:
            parameters = keys.parameters(columns, OWNER, owners[0])
            return connection.execute(statements.select_one, parameters).all()
        if statements.select_many is not None:
            return connection.execute(statements.select_many, {KEYS: list(owners)}).all()
        found: list[sa.Row[Any]] = []
        for portion in keys.portions(owners):
            found += connection.execute(statements.select.where(keys.among(columns, portion))).all()
        return found
