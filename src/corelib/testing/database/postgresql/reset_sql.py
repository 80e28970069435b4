"""The statements of a reset: one function, made once in the cleaner's own session and called in one round trip.

PL/pgSQL keeps the plans of its statements, so a call costs little more than a look at each table. The function lives in
the schema pg_temp: nobody else sees it, and it goes with the session.
"""
# ruff: noqa: S608 - names are quoted

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import field, frozen

from corelib.testing.database.planning.catalogue import Counter, Table, TableName
from corelib.testing.database.planning.reset_plan import ResetPlan, Step
from corelib.testing.database.planning.spread import spread
from corelib.testing.database.postgresql import catalogue_sql
from corelib.testing.database.postgresql.catalogue_sql import rows_of
from corelib.testing.database.postgresql.names import dollar_quoted, literal, qualified, quoted
from corelib.testing.database.postgresql.structure import FiringTrigger

CALL = "SELECT * FROM pg_temp.corelib_reset(%(identity)s, %(since)s, %(outline)s, %(alone)s)"

SWOLLEN_BYTES = 128 * 1024
"""From which size on an empty table is vacuumed."""

_ENABLE = {"O": "ENABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


@frozen
class ResetScript:
    """What the function is made of.

    Args:
        plan: of the reset.
        looked_at: how many rows the template has in those reference tables that every reset looks at.
        loose: counters that belong to no column.
        as_replica: whether the session has `session_replication_role = replica`, in which triggers of the mode `O` and
            the checks of foreign keys do not fire.
    """

    plan: ResetPlan
    looked_at: Mapping[TableName, int] = field(factory=dict)
    loose: Sequence[Counter] = ()
    as_replica: bool = False

    @property
    def tables(self) -> Sequence[Table]:
        """Return the tables that are emptied; the function answers with their places in this sequence."""
        return [table for step in self.plan.steps for table in step.tables]

    def text(self) -> str:
        """Return the statement that makes the function."""
        body = "\n".join(self._body())
        return (
            "CREATE OR REPLACE FUNCTION pg_temp.corelib_reset(identity text, since xid, outline text, alone boolean,\n"
            "  OUT open_transactions integer[], OUT tables_touched boolean, OUT rows_touched boolean,\n"
            "  OUT emptied integer[], OUT swollen integer[])\n"
            f"LANGUAGE plpgsql AS {dollar_quoted(body)}"
        )

    def _body(self) -> Iterator[str]:
        yield "#variable_conflict use_variable"  # a table may have a column of the name of an argument
        yield "DECLARE"
        yield "  filled boolean[];"
        yield "BEGIN"
        yield from _unless_alone_and_untouched(self._rows_touched())
        if self.tables:
            yield "filled := (SELECT ARRAY["
            yield ",\n".join(f"  EXISTS (SELECT FROM {rows_of(table)})" for table in self.tables)
            yield "]);"
            yield "emptied := array_positions(filled, true);"
            yield "IF cardinality(emptied) > 0 THEN"
            yield "SET CONSTRAINTS ALL IMMEDIATE;"
            yield from self._deletions()
            yield from self._swollen()
            yield "END IF;"
        yield from self._counters()
        yield "END"

    def _rows_touched(self) -> str:
        """Return a condition: another number of rows than in the template, or one that was written since."""
        tables = [table for table in self.plan.reference if table.name in self.looked_at]
        return "\n  OR ".join(
            f"(SELECT count(*) <> {self.looked_at[table.name]} OR min(age(xmin)) <= age(since) FROM {rows_of(table)})"
            for table in tables
        )

    def _deletions(self) -> Iterator[str]:
        places = {table.name: place for place, table in enumerate(self.tables, start=1)}
        for step in self.plan.steps:
            yield f"IF {' OR '.join(f'filled[{places[table.name]}]' for table in step.tables)} THEN"
            switched = [(table, trigger) for table in step.tables for trigger in self._firing(table)]
            for table, trigger in switched:
                yield f"  ALTER TABLE {qualified(table.name)} DISABLE TRIGGER {quoted(trigger.name)};"
            yield f"  {_deletion(step)};"
            for table, trigger in switched:
                yield f"  ALTER TABLE {qualified(table.name)} {_ENABLE[trigger.mode]} TRIGGER {quoted(trigger.name)};"
            yield "END IF;"

    def _swollen(self) -> Iterator[str]:
        """Note which of the emptied tables have grown by rows that are gone: every look at them has to pass these."""
        yield "swollen := ARRAY(SELECT place FROM unnest(emptied) place WHERE pg_relation_size((ARRAY["
        yield ",\n".join(f"  {literal(qualified(table.name))}::regclass" for table in self.tables)
        yield f"])[place]) > {SWOLLEN_BYTES});"

    def _firing(self, table: Table) -> Sequence[FiringTrigger]:
        """Return the triggers that this session's deletions would fire."""
        known = [trigger for trigger in table.triggers if isinstance(trigger, FiringTrigger)]
        return [trigger for trigger in known if fires(trigger.mode, as_replica=self.as_replica)]

    def _counters(self) -> Iterator[str]:
        """Set back the counters that stand elsewhere: an insert that was rolled back moves them too."""
        lines = list(self._wanted())
        if not lines:
            return
        yield "IF identity <> 'keep' THEN"
        yield "PERFORM setval(c.counter, CASE identity WHEN 'spread' THEN c.spread ELSE c.reseed END, false) FROM ("
        yield "\n  UNION ALL ".join(lines)
        yield ") c (counter, reseed, spread, last_value, is_called)"
        yield "WHERE c.is_called OR c.last_value <> CASE identity WHEN 'spread' THEN c.spread ELSE c.reseed END;"
        yield "END IF;"

    def _wanted(self) -> Iterator[str]:
        first = spread(self.tables)
        seen: set[TableName] = set()
        for table in self.tables:
            for counter in table.counters:
                yield from _wanted(counter, first[table.name, counter.column], seen)
        for counter in [*(counter for table in self.plan.reference for counter in table.counters), *self.loose]:
            yield from _wanted(counter, counter.next_value, seen)


def fires(mode: str, *, as_replica: bool) -> bool:
    """Return whether a trigger or a rule of this mode fires in a session of this kind."""
    return mode in ("RA" if as_replica else "OA")


def _unless_alone_and_untouched(rows_touched: str) -> Iterable[str]:
    """Return what ends the call before it changes anything, if that would wait, fail, or hide what a test did."""
    return [
        f"IF alone THEN open_transactions := ARRAY({catalogue_sql.OPEN_TRANSACTIONS}); END IF;",
        f"tables_touched := ({catalogue_sql.OUTLINE}) <> outline OR COALESCE({catalogue_sql.CHANGED_SINCE}, false);",
        "IF cardinality(open_transactions) > 0 OR tables_touched THEN RETURN; END IF;",
        f"rows_touched := COALESCE({rows_touched or 'false'}, false);",
        "IF rows_touched THEN RETURN; END IF;",
    ]


def _deletion(step: Step) -> str:
    """Return one statement that empties all tables of a step.

    The parts of a WITH run on one snapshot, and foreign keys that are not deferred are checked when the whole statement
    is done (PostgreSQL: "Data-Modifying Statements in WITH", "SET CONSTRAINTS"), so cycles need no more.
    """
    *others, last = [f"DELETE FROM {rows_of(table)}" for table in step.tables]
    parts = ", ".join(f"deletion_{number} AS ({deletion})" for number, deletion in enumerate(others, start=1))
    return f"WITH {parts} {last}" if parts else last


def _wanted(counter: Counter, spread_from: int, seen: set[TableName]) -> Iterator[str]:
    """Return where a counter stands and is to stand; nothing for one that has been dealt with or is used up."""
    sequence = counter.sequence
    if sequence is None or sequence in seen or not counter.minimum <= counter.next_value <= counter.maximum:
        return
    seen.add(sequence)
    name = literal(qualified(sequence))
    yield (
        f"SELECT {name}::regclass, {counter.next_value}::bigint, {spread_from}::bigint, last_value, is_called "
        f"FROM {qualified(sequence)}"
    )
