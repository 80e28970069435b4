"""From the catalogue of a template to the plan of its reset."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from corelib.testing.database.planning.catalogue import Catalogue, ForeignKey, Table, TableName
from corelib.testing.database.planning.graph import components
from corelib.testing.database.planning.reset_plan import ResetPlan, Step


def plan(catalogue: Catalogue) -> ResetPlan:
    """Return in which order the tables are emptied; the same for every order of tables and keys in the catalogue.

    Tables with rows stay, so their keys set no order: none of their rows can refer to a row of a table that is empty in
    the template. Neither do keys that are not checked.

    Args:
        catalogue: of a template.

    Raises:
        ValueError: if a foreign key names a table that the catalogue does not have.
    """
    tables = {table.name: table for table in sorted(catalogue.tables, key=_by_name)}
    emptied = [name for name, table in tables.items() if not table.has_rows]
    keys = _checked_between(catalogue.foreign_keys, tables)
    steps = [_step(frozenset(names), tables, keys) for names in components(_children(emptied, keys))]
    return ResetPlan(steps=tuple(steps), reference=tuple(table for table in tables.values() if table.has_rows))


def _by_name(table: Table) -> TableName:
    return table.name


def _checked_between(foreign_keys: Iterable[ForeignKey], tables: Mapping[TableName, Table]) -> list[ForeignKey]:
    """Return the keys that set an order: checked, and from one table that is emptied to another one."""
    keys = []
    for key in sorted(foreign_keys, key=lambda key: (key.table, key.refers_to, key.name)):
        for end in (key.table, key.refers_to):
            if end not in tables:
                raise ValueError(f"The foreign key {key.name} of {key.table} names {end}, which is no known table.")
        if key.enabled and not key.refers_to_itself:
            keys.append(key)
    return [key for key in keys if not (tables[key.table].has_rows or tables[key.refers_to].has_rows)]


def _children(names: Iterable[TableName], keys: Iterable[ForeignKey]) -> Mapping[TableName, Collection[TableName]]:
    """Return for every table those that refer to it."""
    children: dict[TableName, dict[TableName, None]] = {name: {} for name in names}
    for key in keys:
        children[key.refers_to][key.table] = None
    return children


def _step(names: frozenset[TableName], tables: Mapping[TableName, Table], keys: Iterable[ForeignKey]) -> Step:
    cyclic = (key for key in keys if key.table in names and key.refers_to in names) if len(names) > 1 else ()
    return Step(tables=tuple(tables[name] for name in sorted(names)), cyclic_keys=tuple(cyclic))
