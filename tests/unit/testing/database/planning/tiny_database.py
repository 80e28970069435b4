"""A database in a few dictionaries, which refuses what a server would refuse: the oracle of the planner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import define, field

from corelib.testing.database.planning.catalogue import Catalogue, ForeignKey, TableName
from corelib.testing.database.planning.reset_plan import ResetPlan

Row = Mapping[ForeignKey, int | None]


class RefusedError(Exception):
    """A row would have been left that refers to nothing, or an action of a key would have reached a row."""


@define
class TinyDatabase:
    catalogue: Catalogue
    rows: dict[TableName, dict[int, Row]] = field(init=False)
    unchecked: set[ForeignKey] = field(factory=set)

    def __attrs_post_init__(self) -> None:
        self.rows = {table.name: {} for table in self.catalogue.tables}

    def insert(self, table: TableName, number: int, row: Row) -> None:
        self.rows[table][number] = row

    def delete_all(self, table: TableName) -> None:
        """Delete as one statement: keys are checked when it is done, for the rows that are still there."""
        gone = self.rows[table]
        self.rows[table] = {}
        for key in self.catalogue.foreign_keys:
            if key.enabled and key.refers_to == table and key not in self.unchecked:
                self._refuse_rows_that_refer_to(key, gone)

    def run(self, plan: ResetPlan, *, backwards: bool = False) -> None:
        """Empty tables as the plan says, one statement each, with cyclic keys unchecked meanwhile."""
        for step in plan.steps:
            self.unchecked = set(step.cyclic_keys)
            for table in reversed(step.tables) if backwards else step.tables:
                self.delete_all(table.name)
            self.unchecked = set()
            self.validate(step.cyclic_keys)

    def validate(self, keys: Iterable[ForeignKey]) -> None:
        for key in keys:
            for row in self.rows[key.table].values():
                if row[key] is not None and row[key] not in self.rows[key.refers_to]:
                    raise RefusedError(f"{key} refers to nothing")

    def _refuse_rows_that_refer_to(self, key: ForeignKey, gone: Mapping[int, Row]) -> None:
        if any(row[key] in gone for row in self.rows[key.table].values()):
            raise RefusedError(f"{key} still refers to a row")
