"""Reading what the catalogue of a database says about its tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from corelib.errors import SchemaMissing
from corelib.testing.database.mssql.catalogue_sql import CATALOGUE, EDGE_CONSTRAINTS, POLICIES, columns_of, counted
from corelib.testing.database.mssql.described import Column, Described, Policy, Reference
from corelib.testing.database.mssql.refusals import refuse_filtered
from corelib.testing.database.mssql.row_security import unfiltered
from corelib.testing.database.mssql.rows import Batches, Result, Row
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

_ON_DELETE = (OnDelete.NO_ACTION, OnDelete.CASCADE, OnDelete.SET_NULL, OnDelete.SET_DEFAULT)
"""By number (Microsoft: "sys.foreign_keys (Transact-SQL)")."""

_HISTORY, _TEMPORAL = 1, 2
"""Values of temporal_type (Microsoft: "sys.tables (Transact-SQL)")."""

_LEDGER_HISTORY = 1
"""A value of ledger_type, since SQL Server 2022 (Microsoft: "sys.tables (Transact-SQL)")."""

_TRAITS = {
    "is_memory_optimized": Trait.MEMORY_OPTIMIZED,
    "is_node": Trait.GRAPH_NODE,
    "is_edge": Trait.GRAPH_EDGE,
    "is_external": Trait.EXTERNAL,
    "is_filetable": Trait.FILE_TABLE,
    "ledger_type": Trait.LEDGER,
    "is_tracked_by_cdc": Trait.CHANGE_DATA_CAPTURE,
    "is_replicated": Trait.REPLICATED,
    "is_merge_published": Trait.REPLICATED,
}
"""Columns of sys.tables that are not 0 for such tables."""

_INTERNAL_GRAPH_TYPES = frozenset({1, 3, 4, 6, 7})
"""Columns of graph tables that no statement may name (Microsoft: "SQL Graph Architecture")."""

_RANGES = {
    "tinyint": (0, 255),
    "smallint": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
}


def described(batches: Batches) -> Described:
    """Return what the catalogue says, and which tables have rows.

    Raises:
        CannotReset: if row-level security hides rows, and the login may not switch it off.
        CorelibError: if the login may not read it.
    """
    tables, counters, keys, triggers, viewed, shapes, sequences, secured = batches.run(CATALOGUE)
    by_id = {row.number("object_id"): row for row in tables}
    policies = _policies(batches, by_id) if secured else ()
    counts = _counts(batches, tables, policies)
    known = _Rows(
        by_id,
        counts,
        _grouped(counters, "object_id"),
        _grouped(triggers, "parent_id"),
        frozenset(row.number("referenced_id") for row in viewed),
        frozenset(name for policy in policies for name, _ in policy.predicates),
    )
    owned = [row for row in tables if not _is_history(row)]
    found = tuple(known.table(row) for row in owned)
    between = (*_keys(keys, by_id), *_edges(batches, by_id))
    return Described(
        Catalogue(found, between),
        {_name(row): retention for row in owned if (retention := _retention(row))},
        _references(batches, by_id, counts),
        {_name(by_id[row.number("object_id")]): row.binary("shape") for row in shapes},
        tuple(_sequences(sequences)),
        policies,
        has_policies=bool(secured),
    )


@frozen
class _Rows:
    """The answers by table."""

    _by_id: Mapping[int, Row]
    _counts: Mapping[int, int]
    _counters: Mapping[int, Result]
    _triggers: Mapping[int, Result]
    _viewed: frozenset[int]
    _secured: frozenset[TableName]

    def table(self, row: Row) -> Table:
        number = row.number("object_id")
        history = self._by_id.get(row.number("history_table_id"))
        past = row.number("history_table_id")
        return Table(
            _name(row),
            has_rows=number in self._counts or past in self._counts,
            counters=tuple(_counter(each) for each in self._counters.get(number, ())),
            triggers=tuple(_trigger(each) for each in self._triggers.get(number, ())),
            traits=frozenset(self._traits(row, history)),
            history=None if history is None else _name(history),
        )

    def _traits(self, row: Row, history: Row | None) -> Iterator[Trait]:
        yield from (trait for column, trait in _TRAITS.items() if row.number(column))
        if row.number("temporal_type") == _TEMPORAL:
            yield Trait.TEMPORAL
        if row.number("object_id") in self._viewed:
            yield Trait.INDEXED_VIEW
        if self._secured & {_name(each) for each in (row, history) if each is not None}:
            yield Trait.ROW_SECURITY


def _name(row: Row) -> TableName:
    return TableName(row.text("schema_name"), row.text("name"))


def _is_history(row: Row) -> bool:
    """Return whether the rows of a table belong to those of another one, a temporal or an updatable ledger table."""
    return row.number("temporal_type") == _HISTORY or row.number("ledger_type") == _LEDGER_HISTORY


def _grouped(rows: Result, column: str) -> Mapping[int, Result]:
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.number(column)].append(row)
    return groups


def _policies(batches: Batches, tables: Mapping[int, Row]) -> Sequence[Policy]:
    """Return the policies of tables that are shown: others, of views, are in nobody's way."""
    (rows,) = batches.run(POLICIES)
    shown = [row for row in rows if row.number("target_object_id") in tables]
    predicates: dict[TableName, set[tuple[TableName, str]]] = defaultdict(set)
    for row in shown:
        said = ("predicate_type_desc", "predicate_definition", "operation_desc")
        text = " ".join(row.text(column) for column in said if row.has(column))
        predicates[_name(row)].add((_name(tables[row.number("target_object_id")]), text))
    away = {_name(row) for row in shown if row.flag("is_not_for_replication")}
    policies = [Policy(name, frozenset(each), name in away) for name, each in predicates.items()]
    if not all(row.flag("may_alter") for row in shown):
        refuse_filtered(policies)
    return policies


def _sequences(rows: Result) -> Iterator[Counter]:
    for row in rows:
        start, current, increment = (row.number(f"{each}_value") for each in ("start", "current", "increment"))
        minimum, maximum = row.number("minimum_value"), row.number("maximum_value")
        used = row.has("last_used_value") or current != start
        following = current + increment if used else current
        if not minimum <= following <= maximum:
            if not row.flag("is_cycling"):
                continue
            following = minimum if increment > 0 else maximum
        yield Counter(
            "",
            start=start,
            increment=increment,
            next_value=following,
            used=used,
            minimum=minimum,
            maximum=maximum,
            sequence=_name(row),
        )


def _counts(batches: Batches, tables: Result, policies: Sequence[Policy]) -> Mapping[int, int]:
    """Return the number of rows of tables that have some; external ones, whose rows are elsewhere, are not asked."""
    asked = [row for row in tables if not row.flag("is_external")]
    if not asked:
        return {}
    results = batches.run(unfiltered(policies, counted([_name(row) for row in asked])))
    return {
        asked[row.number("number")].number("object_id"): row.number("quantity") for result in results for row in result
    }


def _counter(row: Row) -> Counter:
    start, increment = row.number("seed_value"), row.number("increment_value")
    largest = 10 ** row.number("precision") - 1
    minimum, maximum = _RANGES.get(row.text("type_name"), (-largest, largest))
    used = row.has("last_value")
    return Counter(
        row.text("name"),
        start=start,
        increment=increment,
        next_value=row.number("last_value") + increment if used else start,
        used=used,
        minimum=minimum,
        maximum=maximum,
    )


def _trigger(row: Row) -> Trigger:
    return Trigger(
        row.text("name"),
        enabled=not row.flag("is_disabled"),
        instead_of=row.flag("is_instead_of_trigger"),
        on_delete=row.flag("on_delete"),
        on_update=row.flag("on_update"),
    )


def _keys(rows: Result, tables: Mapping[int, Row]) -> Iterator[ForeignKey]:
    """Return the keys between tables that are shown: one that refers to a system table sets no order."""
    for row in rows:
        table, parent = tables.get(row.number("parent_object_id")), tables.get(row.number("referenced_object_id"))
        if table is not None and parent is not None:
            yield _key(row, table, parent)


def _key(row: Row, table: Row, parent: Row) -> ForeignKey:
    return ForeignKey(
        row.text("name"),
        _name(table),
        _name(parent),
        on_delete=_ON_DELETE[row.number("delete_referential_action")],
        enabled=not row.flag("is_disabled"),
        trusted=not row.flag("is_not_trusted"),
    )


def _edges(batches: Batches, tables: Mapping[int, Row]) -> Iterator[ForeignKey]:
    """Return edge constraints as the foreign keys that they are: edges go before the nodes that they connect.

    An edge table without a constraint lets its nodes go first (Microsoft: "Edge constraints").
    """
    if not any(row.flag("is_edge") for row in tables.values()):
        return
    try:
        (rows,) = batches.run(EDGE_CONSTRAINTS)
    except SchemaMissing:  # the view came with SQL Server 2019
        return
    for row in rows:
        edge = tables[row.number("parent_object_id")]
        for node in sorted({row.number("from_object_id"), row.number("to_object_id")}):
            yield _key(row, edge, tables[node])


def _retention(row: Row) -> str:
    """Return how long a history is kept, as T-SQL has it; -1 stands for ever, which is what it is by default."""
    period = row.number("history_retention_period")
    return f"{period} {row.text('history_retention_period_unit_desc')}" if period > 0 else ""


def _references(batches: Batches, tables: Mapping[int, Row], counts: Mapping[int, int]) -> Sequence[Reference]:
    if not counts:
        return ()
    (rows,) = batches.run(columns_of(counts))
    columns = _grouped([row for row in rows if _is_readable(row)], "object_id")
    return tuple(
        Reference(
            _name(tables[number]),
            tuple(_column(row) for row in columns.get(number, ())),
            quantity,
            in_memory=tables[number].flag("is_memory_optimized"),
        )
        for number, quantity in counts.items()
    )


def _is_readable(row: Row) -> bool:
    """Return whether a column can be compared: one that is always encrypted cannot, without its key."""
    return row.number("graph_type") not in _INTERNAL_GRAPH_TYPES and not row.has("encryption_type")


def _column(row: Row) -> Column:
    return Column(row.text("name"), "" if row.flag("is_assembly_type") else row.text("type_name"))
