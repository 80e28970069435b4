"""What is particular to the tables of PostgreSQL, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import field, frozen

from corelib.testing.database.planning.catalogue import Counter, ForeignKey, Table, TableName, Trigger


@frozen
class FiringTrigger(Trigger):
    """A trigger with the mode in which it fires, as `pg_trigger.tgenabled` has it.

    Args:
        mode: `O` in sessions that are no replicas, `R` in replicas, `A` always, `D` never.
        on_partition: whether only a partition has it, not the table as a whole.
    """

    mode: str = "O"
    on_partition: bool = False


@frozen
class Structure:
    """What the catalogue says apart from rows and counters: two readings are equal unless somebody changed a table.

    Args:
        tables: partitions count as part of their table.
        foreign_keys: between them.
        loose: counters that belong to no column.
        columns: a digest of names, types and defaults, by table.
        modes: of the triggers that check a foreign key, as letters, by table and name of the key.
        rules: for DELETE that are not disabled, by table: the letter of the mode (as that of a trigger), the name.
        not_owned: tables of which this login is not the owner, so that it can disable no trigger.
        filtered: tables whose row security counts for this login.
    """

    tables: Sequence[Table]
    foreign_keys: Sequence[ForeignKey]
    loose: Sequence[Counter] = ()
    columns: Mapping[TableName, str] = field(factory=dict)
    modes: Mapping[tuple[TableName, str], str] = field(factory=dict)
    rules: Mapping[TableName, Sequence[str]] = field(factory=dict)
    not_owned: frozenset[TableName] = frozenset()
    filtered: frozenset[TableName] = frozenset()
