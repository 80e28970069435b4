"""Setting the counters of generated keys back, as T-SQL; nothing here connects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import field, frozen

from corelib.testing.database.model import Identity
from corelib.testing.database.mssql.quoting import literal, object_id, quoted
from corelib.testing.database.planning.catalogue import Counter, Table, TableName
from corelib.testing.database.planning.reset_plan import ResetPlan

Starts = Mapping[tuple[TableName, str], int]


@frozen
class Reseeding:
    """Where counters are to stand after a reset.

    Args:
        starts: the next value of every counter of the tables that are emptied; without one, the template's.
        unused: counters that never generated a value, though they were reseeded before: with which value.
    """

    starts: Starts = field(factory=dict)
    unused: Mapping[TableName, int] = field(factory=dict)


_STILL_UNUSED = """WHEN CONVERT(decimal(38, 0), i.last_value) = w.unused_value
            AND NOT EXISTS (SELECT 1 FROM @emptied AS e WHERE e.number = w.number)
            AND NOT EXISTS (SELECT 1 FROM sys.partitions AS p JOIN sys.allocation_units AS u
                ON u.container_id = p.hobt_id WHERE p.object_id = i.object_id AND u.total_pages > 0) THEN 1
        """
"""A test for a counter that stands where it was put before its first use.

One insert that was rolled back leaves the same value, but pages as well (Microsoft: "sys.allocation_units
(Transact-SQL)"): what allocates them is taken not to be rolled back, which no page of Microsoft's says.
"""


def reseeding(plan: ResetPlan, wanted: Reseeding) -> str:
    """Return statements that set back the counters that have moved, rolled back inserts included; "" if there are none.

    After DBCC CHECKIDENT ... RESEED the next row gets the new value if the table never had one, and otherwise the new
    value plus the increment (Microsoft: "DBCC CHECKIDENT (Transact-SQL)"). Whether it ever had one is not kept apart
    from the value: sys.identity_columns tells NULL before the first value only. So whoever reseeds such a counter has
    to remember it until the table has had rows; the statements answer by `fresh` which ones these are.

    @emptied must have the numbers of the tables that had rows.
    """
    lines = [_line(*entry, wanted) for entry in _counters(plan)]
    if not lines:
        return ""
    listed = ",\n        ".join(lines)
    return f"""DECLARE @moved TABLE (
    number int NOT NULL, argument nvarchar(600) NOT NULL, fresh int NOT NULL, value decimal(38, 0) NOT NULL);
INSERT INTO @moved
SELECT w.number, w.argument, f.fresh, CASE f.fresh WHEN 1 THEN w.next_value ELSE w.current_value END
    FROM (VALUES
        {listed}
    ) AS w (number, object_id, argument, current_value, next_value, unused_value, differs)
    JOIN sys.identity_columns AS i ON i.object_id = w.object_id
    CROSS APPLY (SELECT CASE WHEN i.last_value IS NULL THEN 1
        {_STILL_UNUSED if wanted.unused else ""}ELSE 0 END AS fresh) AS f
    WHERE (f.fresh = 1 AND w.differs = 1)
        OR (f.fresh = 0 AND CONVERT(decimal(38, 0), i.last_value) <> w.current_value);
DECLARE @reseed nvarchar(max);
SELECT @reseed = STRING_AGG(CONCAT(CONVERT(nvarchar(max), N'DBCC CHECKIDENT ('), m.argument, N', RESEED, ', m.value,
    N') WITH NO_INFOMSGS'), N'; ') FROM @moved AS m;
IF @reseed IS NOT NULL
BEGIN
    EXEC sys.sp_executesql @reseed;
END;
SELECT N'fresh' AS found, m.number FROM @moved AS m WHERE m.fresh = 1;
"""  # noqa: S608 - names are delimited


def next_values(plan: ResetPlan, identity: Identity, starts: Starts) -> Starts:
    """Return the next value of every counter of the tables that are emptied."""
    return {
        (table.name, counter.column): starts[table.name, counter.column]
        if identity is Identity.SPREAD
        else counter.next_value
        for step in plan.steps
        for table in step.tables
        for counter in table.counters
    }


def _counters(plan: ResetPlan) -> Iterator[tuple[int, Table, Counter]]:
    """Number the tables that are emptied as they come, and the others from -1 downward."""
    emptied = [table for step in plan.steps for table in step.tables]
    numbered = [*enumerate(emptied), *((-number, table) for number, table in enumerate(plan.reference, start=1))]
    for number, table in numbered:
        for counter in table.counters:
            yield number, table, counter


def _line(number: int, table: Table, counter: Counter, wanted: Reseeding) -> str:
    following = wanted.starts.get((table.name, counter.column), counter.next_value)
    unused = wanted.unused.get(table.name)
    standing = counter.start if unused is None else unused
    values: Sequence[object] = (
        number,
        object_id(table.name),
        literal(_argument(table.name)),
        _current(counter, following),
        following,
        "CONVERT(decimal(38, 0), NULL)" if unused is None else unused,
        int(standing != following),
    )
    return f"({', '.join(map(str, values))})"


def _argument(name: TableName) -> str:
    """Return a table's name as a constant, as one of Unicode only where it has to be: not every server takes that."""
    return literal(quoted(name)).removeprefix("N" if quoted(name).isascii() else "")


def _current(counter: Counter, following: int) -> int:
    """Return the value before a next one.

    Where the type of the column has none, as at the least value of an int, there is no way back to it but TRUNCATE
    TABLE: the counter goes on one step later.
    """
    before = following - counter.increment
    return before if counter.minimum <= before <= counter.maximum else following
