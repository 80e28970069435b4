"""The catalogue of a PostgreSQL database, as the planner takes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve
from sqlalchemy.engine import Connection, RowMapping

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
from corelib.testing.database.postgresql import catalogue_sql as sql
from corelib.testing.database.postgresql.names import qualified
from corelib.testing.database.postgresql.structure import FiringTrigger, Structure

_ON_DELETE = {
    "a": OnDelete.NO_ACTION,
    "r": OnDelete.RESTRICT,
    "c": OnDelete.CASCADE,
    "n": OnDelete.SET_NULL,
    "d": OnDelete.SET_DEFAULT,
}
_TRAITS = {"p": Trait.PARTITIONED, "f": Trait.FOREIGN}

Row = RowMapping


def read_structure(connection: Connection) -> Structure:
    """Read all tables but those of the system and temporary ones."""
    relations = _rows(connection, sql.TABLES)
    names = {row["oid"]: TableName(row["schema"], row["name"]) for row in relations}
    traits: dict[int, set[Trait]] = defaultdict(set)
    for row in relations:
        if row["kind"] in _TRAITS:
            traits[row["root"]].add(_TRAITS[row["kind"]])
        if row["secured"] and row["oid"] == row["root"]:
            traits[row["root"]].add(Trait.ROW_SECURITY)
    triggers = _triggers(_rows(connection, sql.TRIGGERS))
    counters, loose = _counters(_rows(connection, sql.SEQUENCES), names)
    roots = sorted((row for row in relations if row["oid"] == row["root"]), key=lambda row: names[row["oid"]])
    keys = [row for row in _rows(connection, sql.FOREIGN_KEYS) if {row["child"], row["parent"]} <= names.keys()]
    return Structure(
        tables=[
            Table(
                names[row["oid"]],
                counters=tuple(counters[row["oid"]]),
                triggers=tuple(triggers[row["oid"]]),
                traits=frozenset(traits[row["oid"]]),
            )
            for row in roots
        ],
        foreign_keys=_foreign_keys(keys, names),
        loose=tuple(loose),
        columns={names[row["oid"]]: row["columns"] for row in relations},
        modes={(names[row["child"]], row["name"]): row["modes"] or "" for row in keys},
        rules={names[row["root"]]: row["rules"] for row in relations if row["rules"]},
        not_owned=frozenset(names[row["root"]] for row in relations if not row["owned"]),
        filtered=frozenset(names[row["oid"]] for row in roots if row["filtered"]),
    )


def read_catalogue(connection: Connection, structure: Structure) -> tuple[Catalogue, Sequence[Counter]]:
    """Return the catalogue with what stands in tables and counters now, and the counters that belong to no column."""
    filled = _filled(connection, structure.tables)
    counters = [counter for table in structure.tables for counter in table.counters] + list(structure.loose)
    positions = _positions(connection, {counter.sequence for counter in counters if counter.sequence})
    tables = [
        evolve(table, has_rows=has_rows, counters=tuple(_at(counter, positions) for counter in table.counters))
        for table, has_rows in zip(structure.tables, filled, strict=True)
    ]
    return Catalogue(tables, structure.foreign_keys), [_at(counter, positions) for counter in structure.loose]


def _rows(connection: Connection, query: str) -> Sequence[Row]:
    return connection.exec_driver_sql(query, execution_options={"no_parameters": True}).mappings().all()


def _triggers(rows: Iterable[Row]) -> Mapping[int, list[Trigger]]:
    triggers: dict[int, list[Trigger]] = defaultdict(list)
    for row in rows:
        mode = row["mode"]
        trigger = FiringTrigger(row["name"], mode != "D", row["instead_of"], mode, row["on_partition"])
        triggers[row["root"]].append(trigger)
    return triggers


def _counters(
    rows: Iterable[Row], names: Mapping[int, TableName]
) -> tuple[Mapping[int, list[Counter]], Sequence[Counter]]:
    counters: dict[int, list[Counter]] = defaultdict(list)
    loose = []
    for row in rows:
        owned = row["root"] in names
        counter = Counter(
            column=row["column"] if owned else "",
            start=row["start"],
            increment=row["increment"],
            next_value=row["start"],
            minimum=row["minimum"],
            maximum=row["maximum"],
            sequence=TableName(row["schema"], row["name"]),
        )
        if owned:
            counters[row["root"]].append(counter)
        else:
            loose.append(counter)
    return counters, loose


def _foreign_keys(rows: Iterable[Row], names: Mapping[int, TableName]) -> Sequence[ForeignKey]:
    return [
        ForeignKey(
            name=row["name"],
            table=names[row["child"]],
            refers_to=names[row["parent"]],
            on_delete=_ON_DELETE[row["on_delete"]],
            enabled=row["enabled"],
            trusted=row["trusted"],
            deferrable=row["deferrable"],
        )
        for row in rows
    ]


def _filled(connection: Connection, tables: Sequence[Table]) -> Sequence[bool]:
    """Return for each table whether it has rows; a foreign one is not asked, since it is refused or stays as it is."""
    looks = ", ".join(
        "false" if Trait.FOREIGN in table.traits else f"EXISTS (SELECT FROM {sql.rows_of(table)})" for table in tables
    )
    answer: Sequence[bool] = _rows(connection, f"SELECT ARRAY[{looks}]::boolean[] AS filled")[0]["filled"]
    return answer


def _positions(connection: Connection, sequences: Iterable[TableName]) -> Mapping[TableName, tuple[int, bool]]:
    """Return the last value of each sequence, and whether it was given out."""
    ordered = sorted(sequences)
    if not ordered:
        return {}
    reads = " UNION ALL ".join(
        f"SELECT {number} AS number, last_value, is_called FROM {qualified(name)}"  # noqa: S608 - quoted
        for number, name in enumerate(ordered)
    )
    return {ordered[row["number"]]: (row["last_value"], row["is_called"]) for row in _rows(connection, reads)}


def _at(counter: Counter, positions: Mapping[TableName, tuple[int, bool]]) -> Counter:
    if counter.sequence is None:
        return counter
    last, called = positions[counter.sequence]
    return evolve(counter, next_value=last + counter.increment if called else last, used=called)
