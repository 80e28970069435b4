"""Where counters stand after a revert, which brings them back to where the template's stand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from corelib.testing.database.model import Identity
from corelib.testing.database.mssql.counters_sql import Reseeding, Starts, next_values, reseeding
from corelib.testing.database.mssql.reset_sql import settings
from corelib.testing.database.mssql.rows import Result
from corelib.testing.database.planning.catalogue import Counter, TableName
from corelib.testing.database.planning.reset_plan import ResetPlan
from corelib.testing.database.planning.spread import spread


def starts_after(plan: ResetPlan, identity: Identity, found: Result) -> Starts | None:
    """Return the next values that counters are to have after a revert; None for those of the template.

    Args:
        plan: of the clone when its snapshot was made.
        identity: what becomes of the counters.
        found: the answer to `snapshot_sql.COUNTERS` before the revert; needed only to keep them.
    """
    match identity:
        case Identity.RESEED:
            return None
        case Identity.SPREAD:
            starts = spread([table for step in plan.steps for table in step.tables])
            return next_values(plan, identity, starts)
        case Identity.KEEP:
            return _kept(plan, found)


def counting(plan: ResetPlan, starts: Starts, lock_timeout: timedelta) -> str:
    """Return the batch that puts the counters there, after a revert; "" if there are none."""
    moved = reseeding(plan, Reseeding(starts))
    return f"{settings(lock_timeout)}DECLARE @emptied TABLE (number int NOT NULL);\n{moved}" if moved else ""


def _kept(plan: ResetPlan, found: Result) -> Starts:
    last = {
        (TableName(row.text("schema_name"), row.text("table_name")), row.text("column_name")): row.number("last_value")
        for row in found
    }
    return {
        (name, counter.column): _following(last[name, counter.column], counter)
        for name, counter in _counters(plan)
        if (name, counter.column) in last
    }


def _counters(plan: ResetPlan) -> Iterator[tuple[TableName, Counter]]:
    for table in (*(table for step in plan.steps for table in step.tables), *plan.reference):
        for counter in table.counters:
            yield table.name, counter


def _following(last: int, counter: Counter) -> int:
    """Return the value after the last one; at the end of the type there is none, so the last one comes again."""
    following = last + counter.increment
    return following if counter.minimum <= following <= counter.maximum else last
