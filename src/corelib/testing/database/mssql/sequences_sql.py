"""Restarting sequences, as T-SQL; nothing here connects."""

from __future__ import annotations

from collections.abc import Sequence

from corelib.testing.database.mssql.quoting import object_id, quoted
from corelib.testing.database.planning.catalogue import Counter, TableName


def restarting(sequences: Sequence[Counter]) -> str:
    """Return statements that let sequences that have moved go on where the template's do; "" if there are none.

    current_value alone does not tell: it is the same before the first value after a restart and after it (Microsoft:
    "sys.sequences (Transact-SQL)"). So one that has generated a value counts as moved: at worst it is restarted once
    more. The restart is rolled back with the reset; values that were generated are not given back by any rollback
    (Microsoft: "Sequence numbers", "ALTER SEQUENCE (Transact-SQL)").
    """
    return "".join(_restart(counter.sequence, counter.next_value) for counter in sequences if counter.sequence)


def _restart(name: TableName, value: int) -> str:
    return (
        f"IF EXISTS (SELECT 1 FROM sys.sequences AS q WHERE q.object_id = {object_id(name)}\n"  # noqa: S608 - delimited
        f"    AND (q.last_used_value IS NOT NULL OR CONVERT(decimal(38, 0), q.current_value) <> {value}))\n"
        f"BEGIN\n    ALTER SEQUENCE {quoted(name)} RESTART WITH {value};\nEND;\n"
    )
