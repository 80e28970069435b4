"""What is different between two readings of a catalogue, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from attrs import evolve

from corelib.testing.database.mssql.described import Described
from corelib.testing.database.planning.catalogue import ForeignKey, TableName


def changes(before: Described, after: Described) -> list[str]:
    """Return the tables that were made, dropped or changed; their rows and counters do not count."""
    old, new = _tables(before), _tables(after)
    made = [f"{name} was made" for name in sorted(new.keys() - old.keys())]
    dropped = [f"{name} was dropped" for name in sorted(old.keys() - new.keys())]
    changed = [f"{name} was changed" for name in sorted(old.keys() & new.keys()) if old[name] != new[name]]
    return [*made, *dropped, *changed]


def _tables(described: Described) -> Mapping[TableName, tuple[object, ...]]:
    """Return all that belongs to each table, its keys and its columns included."""
    keys: dict[TableName, set[ForeignKey]] = defaultdict(set)
    for key in described.catalogue.foreign_keys:
        keys[key.table].add(key)
    return {
        table.name: (
            evolve(table, has_rows=False, counters=()),
            frozenset(keys[table.name]),
            described.shapes.get(table.name),
            frozenset(
                (policy.name, text)
                for policy in described.policies
                for name, text in policy.predicates
                if name == table.name
            ),
        )
        for table in described.catalogue.tables
    }
