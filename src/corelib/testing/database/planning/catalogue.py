"""What the catalogue of a database says about its tables, as the planner takes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum

from attrs import field, frozen


@frozen(order=True)
class TableName:
    """A table with its schema, spelled as the catalogue has them, without quotes."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


class Trait(Enum):
    """What makes a table other than plain; the engines' rooms say which of these they can empty, and how."""

    TEMPORAL = "system-versioned temporal table"
    HISTORY = "history of a temporal table"
    MEMORY_OPTIMIZED = "memory-optimized table"
    GRAPH_NODE = "graph node table"
    GRAPH_EDGE = "graph edge table"
    EXTERNAL = "external table"
    FILE_TABLE = "FileTable"
    LEDGER = "ledger table"
    INDEXED_VIEW = "table under an indexed view"
    PARTITIONED = "partitioned table"
    FOREIGN = "foreign table"
    VIRTUAL = "virtual table"
    CHANGE_DATA_CAPTURE = "table with change data capture"
    REPLICATED = "published for replication"
    ROW_SECURITY = "table with row-level security"


@frozen
class Trigger:
    """A trigger that may fire when rows are deleted, be it those of a parent.

    Args:
        name: as the catalogue has it.
        enabled: whether it is, in the template.
        instead_of: whether it runs in the place of the deletion.
        on_delete: whether it fires on DELETE.
        on_update: whether it fires on UPDATE, which a key with ON DELETE SET NULL makes of a parent's deletion; told
            where an engine has triggers that fire without any row.
    """

    name: str
    enabled: bool = True
    instead_of: bool = False
    on_delete: bool = field(default=True, kw_only=True)
    on_update: bool = field(default=False, kw_only=True)


@frozen
class Counter:
    """What generates keys for a column: an identity, or a sequence that belongs to it.

    Args:
        column: the column.
        sequence: the sequence, where the engine has one; None for an identity of SQL Server.
        start: the first value of a new table.
        increment: the step, not zero.
        next_value: what the template would generate next; equal to `start` if it never generated one.
        used: whether it ever generated a value, which SQL Server's reseeding depends on.
        minimum: the least value that it can generate.
        maximum: the greatest value that it can generate, which the type of the column may limit.
    """

    column: str
    start: int = 1
    increment: int = 1
    next_value: int = 1
    used: bool = False
    minimum: int = 1
    maximum: int = 2**31 - 1
    sequence: TableName | None = None


@frozen
class Table:
    """A table of a template.

    Args:
        name: with its schema.
        has_rows: whether the template has rows in it: then it is reference data, and stays.
        counters: of its generated keys.
        triggers: that may fire on DELETE.
        traits: what makes it other than plain.
        history: of a temporal table, the table with its past rows.
    """

    name: TableName
    has_rows: bool = False
    counters: Sequence[Counter] = ()
    triggers: Sequence[Trigger] = ()
    traits: frozenset[Trait] = frozenset()
    history: TableName | None = None


class OnDelete(Enum):
    """What a foreign key does when the row that it refers to is deleted."""

    NO_ACTION = "NO ACTION"
    RESTRICT = "RESTRICT"
    CASCADE = "CASCADE"
    SET_NULL = "SET NULL"
    SET_DEFAULT = "SET DEFAULT"


@frozen
class ForeignKey:
    """A foreign key of a template.

    Args:
        name: as the catalogue has it; unique within its table at least.
        table: which has the key, the child.
        refers_to: the parent.
        on_delete: its action.
        enabled: whether it is checked, in the template.
        trusted: whether all rows are known to keep it, in the template.
        deferrable: whether its check can be put off to the end of the transaction.
    """

    name: str
    table: TableName
    refers_to: TableName
    on_delete: OnDelete = OnDelete.NO_ACTION
    enabled: bool = True
    trusted: bool = True
    deferrable: bool = False

    @property
    def refers_to_itself(self) -> bool:
        """Return whether child and parent are one table."""
        return self.table == self.refers_to


def _tables(tables: Iterable[Table]) -> Sequence[Table]:
    return tuple(tables)


def _foreign_keys(foreign_keys: Iterable[ForeignKey]) -> Sequence[ForeignKey]:
    return tuple(foreign_keys)


@frozen
class Catalogue:
    """The tables of a template and the foreign keys between them; without those of the kit and of the system."""

    tables: Sequence[Table] = field(converter=_tables)
    foreign_keys: Sequence[ForeignKey] = field(default=(), converter=_foreign_keys)
