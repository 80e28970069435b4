"""Which triggers the deletion of all rows of a table may fire."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import field, frozen

from corelib.testing.database.planning.catalogue import ForeignKey, OnDelete, Table, TableName, Trigger

Fired = tuple[TableName, Trigger]
"""A trigger, by the table that has it."""


@frozen
class Cascades:
    """Follows deletions from parents to children.

    A DELETE fires the AFTER triggers of its table also if there are no rows. Of children that a cascade reaches, the
    same page says that those of the affected tables fire, and not whether a table without a row to delete is affected
    (Microsoft: "Primary and foreign key constraints", Triggers and cascading referential actions). So they count as
    fired: no trigger runs at a reset, whatever the answer is. A child with such a key has no INSTEAD OF trigger for the
    action (Microsoft: "CREATE TRIGGER (Transact-SQL)").

    Args:
        tables: with their triggers.
        keys: those that are not checked hand nothing on.
    """

    tables: Mapping[TableName, Table]
    keys: Mapping[TableName, Sequence[ForeignKey]] = field(factory=dict)

    @classmethod
    def of(cls, tables: Iterable[Table], keys: Iterable[ForeignKey]) -> Cascades:
        """Return the cascades between tables."""
        handing_on: dict[TableName, list[ForeignKey]] = defaultdict(list)
        for key in sorted(keys, key=lambda key: (key.table, key.name)):
            if key.enabled and key.on_delete not in (OnDelete.NO_ACTION, OnDelete.RESTRICT):
                handing_on[key.refers_to].append(key)
        return cls({table.name: table for table in tables}, handing_on)

    def fired_by(self, name: TableName) -> Sequence[Fired]:
        """Return the enabled triggers that a DELETE may fire, those of the table itself first, each once."""
        return list(dict.fromkeys(self._fired(name)))

    def _fired(self, first: TableName) -> Iterator[Fired]:
        reached, pending = {first}, [first]
        while pending:
            name = pending.pop(0)
            yield from self._enabled(name, on_delete=True)
            for key in self.keys.get(name, ()):
                if key.on_delete is not OnDelete.CASCADE:
                    yield from self._enabled(key.table, on_delete=False)
                elif key.table not in reached:
                    reached.add(key.table)
                    pending.append(key.table)

    def _enabled(self, name: TableName, *, on_delete: bool) -> Iterator[Fired]:
        for trigger in self.tables[name].triggers:
            if trigger.enabled and (trigger.on_delete if on_delete else trigger.on_update):
                yield name, trigger
