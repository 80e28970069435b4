"""The catalogue of an SQLite file, as the planner takes it."""
# ruff: noqa: S608 - names are quoted

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen
from sqlalchemy.engine import Connection

from corelib.testing.database.planning.catalogue import (
    Catalogue,
    Counter,
    ForeignKey,
    OnDelete,
    Table,
    TableName,
    Trait,
    Trigger,
)
from corelib.testing.database.sqlite.names import SCHEMA, qualified

_MOST_COLUMNS = 500
"""How many tables one query looks at; SQLite allows 2,000 columns by default ("Limits In SQLite")."""

_LARGEST = 2**63 - 1

_TABLES = """SELECT name, type FROM pragma_table_list
WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name"""
"""Without the tables in which a virtual one keeps its data, which have the type `shadow` (since SQLite 3.37)."""

_KEYS = """SELECT t.name AS child, k.id, k."table" AS parent, k.on_delete
FROM pragma_table_list t, pragma_foreign_key_list(t.name, 'main') k
WHERE t.schema = 'main' AND t.type = 'table' AND k.seq = 0 ORDER BY child, k.id"""

_IGNORED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^]]*\]|--[^\n]*|/\*.*?\*/""", re.DOTALL)
"""Texts, quoted names and comments."""


@frozen
class Definition:
    """A row of `sqlite_schema`."""

    kind: str
    name: str
    table: str
    statement: str


def read_definitions(connection: Connection) -> Sequence[Definition]:
    """Return the tables and triggers of the file, in the order in which they were made."""
    rows = connection.exec_driver_sql(
        "SELECT type, name, tbl_name, sql FROM main.sqlite_master WHERE type IN ('table', 'trigger') "
        "AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY rowid"
    )
    return [Definition(*row) for row in rows]


def delete_triggers(definitions: Iterable[Definition]) -> Mapping[str, Sequence[Definition]]:
    """Return the triggers that fire on DELETE, by the name of their table in small letters."""
    triggers: dict[str, list[Definition]] = defaultdict(list)
    for definition in definitions:
        if definition.kind == "trigger" and _fires_on_delete(definition.statement):
            triggers[definition.table.lower()].append(definition)
    return triggers


def _fires_on_delete(statement: str) -> bool:
    head = _words(statement).partition(" BEGIN ")[0]
    return " DELETE ON " in head


def _words(statement: str) -> str:
    """Return the words of a statement in capitals, each quoted name or text as one that means nothing."""
    return " ".join(_IGNORED.sub(" _ ", statement).upper().split())


def read_catalogue(connection: Connection) -> Catalogue:
    """Read the tables of the file itself and the foreign keys between them."""
    kinds = {str(row.name): str(row.type) for row in connection.exec_driver_sql(_TABLES)}
    definitions = read_definitions(connection)
    statements = {each.name: each.statement for each in definitions if each.kind == "table"}
    triggers = delete_triggers(definitions)
    last_values = read_last_values(connection)
    filled = _filled(connection, list(kinds))
    tables = [
        Table(
            TableName(SCHEMA, name),
            has_rows=filled[name],
            counters=_counters(name, statements[name], last_values),
            triggers=tuple(Trigger(each.name) for each in triggers.get(name.lower(), ())),
            traits=frozenset({Trait.VIRTUAL} if kind == "virtual" else ()),
        )
        for name, kind in kinds.items()
    ]
    return Catalogue(tables, _foreign_keys(connection, kinds))


def read_last_values(connection: Connection) -> Mapping[str, int]:
    """Return the last key of every AUTOINCREMENT table that ever had a row."""
    known = connection.exec_driver_sql("SELECT 1 FROM main.sqlite_master WHERE name = 'sqlite_sequence'").first()
    if not known:
        return {}
    return {row.name: row.seq for row in connection.exec_driver_sql("SELECT name, seq FROM main.sqlite_sequence")}


def filled_tables(connection: Connection, names: Sequence[TableName]) -> Sequence[TableName]:
    """Return those tables that have rows, in the same order."""
    filled: list[TableName] = []
    for start in range(0, len(names), _MOST_COLUMNS):
        some = names[start : start + _MOST_COLUMNS]
        looks = ", ".join(f"EXISTS (SELECT 1 FROM {qualified(name)})" for name in some)
        row = connection.exec_driver_sql(f"SELECT {looks}").one()
        filled += [name for name, has_rows in zip(some, row, strict=True) if has_rows]
    return filled


def _filled(connection: Connection, names: Sequence[str]) -> Mapping[str, bool]:
    filled = {name.name for name in filled_tables(connection, [TableName(SCHEMA, name) for name in names])}
    return {name: name in filled for name in names}


def _counters(name: str, statement: str, last_values: Mapping[str, int]) -> Sequence[Counter]:
    if " AUTOINCREMENT" not in _words(statement):
        return ()
    last = last_values.get(name, 0)
    return (Counter(column="rowid", next_value=last + 1, used=name in last_values, maximum=_LARGEST),)


def _foreign_keys(connection: Connection, names: Iterable[str]) -> Sequence[ForeignKey]:
    """Return the keys; SQLite takes names in any case, and keys to tables that do not exist, which are left out."""
    spelled = {name.lower(): TableName(SCHEMA, name) for name in names}
    return [
        ForeignKey(
            name=f"foreign key {row.id}",
            table=spelled[row.child.lower()],
            refers_to=spelled[row.parent.lower()],
            on_delete=OnDelete(row.on_delete),
        )
        for row in connection.exec_driver_sql(_KEYS)
        if row.parent.lower() in spelled and row.child.lower() in spelled
    ]
