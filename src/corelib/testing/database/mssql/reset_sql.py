"""The batch of a reset, as T-SQL; nothing here connects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from textwrap import indent

from attrs import field, frozen

from corelib.testing.database.mssql.cascades import Cascades, Fired
from corelib.testing.database.mssql.catalogue_sql import STAMP, STAMP_WITH_POLICIES
from corelib.testing.database.mssql.counters_sql import Reseeding, reseeding
from corelib.testing.database.mssql.described import Policy, Reference
from corelib.testing.database.mssql.leaks_sql import OPEN_TRANSACTIONS
from corelib.testing.database.mssql.marks import READ_MARK
from corelib.testing.database.mssql.quoting import identifier, literal, quoted
from corelib.testing.database.mssql.reference_sql import digests
from corelib.testing.database.mssql.row_security import switched_off, switched_on
from corelib.testing.database.mssql.sequences_sql import restarting
from corelib.testing.database.planning.catalogue import Counter, ForeignKey, Table, TableName, Trait
from corelib.testing.database.planning.reset_plan import ResetPlan, Step

_SETTINGS = """SET NOCOUNT ON;
SET XACT_ABORT ON;
SET ANSI_NULLS ON;
SET ANSI_PADDING ON;
SET ANSI_WARNINGS ON;
SET ARITHABORT ON;
SET CONCAT_NULL_YIELDS_NULL ON;
SET QUOTED_IDENTIFIER ON;
SET NUMERIC_ROUNDABORT OFF;
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET LOCK_TIMEOUT {milliseconds};
IF @@TRANCOUNT > 0
BEGIN
    ROLLBACK TRANSACTION;
END;
"""
"""What a batch begins with.

Indexed views, filtered indexes and indexes of computed columns ask for these settings of everybody who deletes below
them (Microsoft: "Create Indexed Views", "CREATE INDEX (Transact-SQL)"). With XACT_ABORT every error ends the batch and
rolls it back (Microsoft: "SET XACT_ABORT (Transact-SQL)").
"""


@frozen
class ResetBatch:
    """Makes the batches of one clone; two for the same wishes are the same text, so their plan is cached.

    Args:
        plan: its steps, and the tables that stay.
        stamp: of the tables when the plan was made.
        reference: the tables that are compared.
        retention: of temporal tables that have one, as `6 MONTH`.
        lock_timeout: how long each statement waits for a lock.
        foreign_keys: by which deletions may cascade.
        sequences: that belong to no table.
        policies: which hide rows from a reset.
        has_policies: whether the stamp is that of a database with security policies.
        mark: of the kit, as the text that it is; without one, nobody asks for it.
    """

    plan: ResetPlan
    stamp: bytes
    reference: Sequence[Reference] = ()
    retention: Mapping[TableName, str] = field(factory=dict)
    lock_timeout: timedelta = timedelta(seconds=2)
    foreign_keys: Sequence[ForeignKey] = ()
    sequences: Sequence[Counter] = ()
    policies: Sequence[Policy] = ()
    has_policies: bool = False
    mark: str = ""

    @property
    def emptied(self) -> Sequence[Table]:
        """Return the tables by the numbers that the batch answers."""
        return [table for step in self.plan.steps for table in step.tables]

    def text(self, wanted: Reseeding | None, *, watching: bool) -> str:
        """Return the batch.

        It answers by results whose first column `found` tells what they are: that somebody has `taken` the database,
        `leaked` sessions or that the tables have `changed`, and then nothing was done; or the numbers of the tables
        that were `emptied`, those of counters that stay `fresh`, and the `reference` data as they are now.

        Args:
            wanted: where counters are to stand; None lets them go on.
            watching: look for sessions with an open transaction first, which takes a right on the server.
        """
        parts = [
            settings(self.lock_timeout),
            _RETURN_TAKEN.format(mark=READ_MARK, known=literal(self.mark)) if self.mark else "",
            "DECLARE @emptied TABLE (number int NOT NULL);\n",
            f"{OPEN_TRANSACTIONS};\n{_RETURN_LEAKED}" if watching else "",
            _RETURN_CHANGED.format(
                stamp=STAMP_WITH_POLICIES if self.has_policies else STAMP, known=f"0x{self.stamp.hex().upper()}"
            ),
            "BEGIN TRANSACTION;\n",
            switched_off(self.policies),
            *self._steps(),
            "" if wanted is None else reseeding(self.plan, wanted) + restarting(self.sequences),
            "SELECT N'emptied' AS found, e.number FROM @emptied AS e;\n",
            f"{digests(self.reference)};\n" if self.reference else "",
            switched_on(self.policies),
            "COMMIT TRANSACTION;\n",
        ]
        return "".join(parts)

    def _steps(self) -> Iterator[str]:
        numbers = {table.name: number for number, table in enumerate(self.emptied)}
        cascades = Cascades.of((*self.emptied, *self.plan.reference), self.foreign_keys)
        for step in self.plan.steps:
            blocks = "".join(
                _emptying(numbers[table.name], table, self.retention, cascades.fired_by(table.name))
                for table in step.tables
            )
            yield _unchecked(step, blocks) if step.cyclic_keys else blocks


_RETURN_TAKEN = """IF ISNULL(({mark}), N'') COLLATE Latin1_General_100_BIN2 <> {known}
BEGIN
    SELECT N'taken' AS found;
    RETURN;
END;
"""

_RETURN_LEAKED = """IF EXISTS (SELECT 1 FROM @leaked)
BEGIN
    SELECT N'leaked' AS found, * FROM @leaked;
    RETURN;
END;
"""

_RETURN_CHANGED = """DECLARE @stamp varbinary(32) = {stamp};
IF @stamp <> {known}
BEGIN
    SELECT N'changed' AS found;
    RETURN;
END;
"""


def settings(lock_timeout: timedelta) -> str:
    """Return what a batch begins with."""
    return _SETTINGS.format(milliseconds=max(1, round(lock_timeout.total_seconds() * 1_000)))


def _emptying(number: int, table: Table, retention: Mapping[TableName, str], fired: Sequence[Fired]) -> str:
    body = _deletion(table, retention.get(table.name, ""))
    for owner, trigger in reversed(fired):
        alter, name = f"ALTER TABLE {quoted(owner)}", identifier(trigger.name)
        body = f"{alter} DISABLE TRIGGER {name};\n{body}{alter} ENABLE TRIGGER {name};\n"
    return _when([table], f"{body}INSERT INTO @emptied VALUES ({number});\n")  # noqa: S608 - names are delimited


def _deletion(table: Table, retention: str) -> str:
    """Return what deletes all rows, and for a temporal table its history.

    A history takes no DELETE while it is one, error 13560; since a batch is compiled before versioning is off, the
    deletion is compiled apart (Microsoft: "Manage retention of historical data in system-versioned temporal tables").
    """
    if table.history is None:
        return f"{_delete(table)};\n"
    name, history = quoted(table.name), quoted(table.history)
    kept = f", HISTORY_RETENTION_PERIOD = {retention}" if retention else ""
    deletions = literal(f"{_delete(table)}; DELETE FROM {history} WITH (TABLOCK)")  # noqa: S608 - names are delimited
    return (
        f"ALTER TABLE {name} SET (SYSTEM_VERSIONING = OFF);\n"
        f"EXEC sys.sp_executesql {deletions};\n"
        f"ALTER TABLE {name} SET (SYSTEM_VERSIONING = ON (HISTORY_TABLE = {history}, "
        f"DATA_CONSISTENCY_CHECK = OFF{kept}));\n"
    )


def _delete(table: Table) -> str:
    """Return what deletes all rows.

    With TABLOCK a heap gives back its pages, which the next test for rows would read otherwise (Microsoft: "DELETE
    (Transact-SQL)"). TRUNCATE TABLE is refused for a table that a foreign key refers to, error 4712.
    """
    return f"DELETE FROM {quoted(table.name)} WITH ({'SNAPSHOT' if _in_memory(table) else 'TABLOCK'})"  # noqa: S608 - names are delimited


def _when(tables: Sequence[Table], body: str) -> str:
    """Return what is done only if one of the tables has rows, or its history has."""
    tests = [_has_rows(quoted(table.name), in_memory=_in_memory(table)) for table in tables]
    tests += [_has_rows(quoted(table.history), in_memory=False) for table in tables if table.history is not None]
    return f"IF {' OR '.join(tests)}\nBEGIN\n{indent(body, '    ')}END;\n"


def _has_rows(name: str, *, in_memory: bool) -> str:
    """Return a test for rows.

    READCOMMITTEDLOCK waits for rows that are not committed yet, also where READ_COMMITTED_SNAPSHOT is on (Microsoft:
    "Table hints (Transact-SQL)"). Memory-optimized tables know no locks, and need SNAPSHOT within a transaction, error
    41368 (Microsoft: "Transactions with memory-optimized tables").
    """
    return f"EXISTS (SELECT 1 FROM {name} WITH ({'SNAPSHOT' if in_memory else 'READCOMMITTEDLOCK'}))"  # noqa: S608 - names are delimited


def _in_memory(table: Table) -> bool:
    return Trait.MEMORY_OPTIMIZED in table.traits


def _unchecked(step: Step, blocks: str) -> str:
    """Return blocks during which the keys of a cycle are not checked, and after which they are as before."""
    keys = [key for key in step.cyclic_keys if key.enabled]
    off = "".join(f"ALTER TABLE {quoted(key.table)} NOCHECK CONSTRAINT {identifier(key.name)};\n" for key in keys)
    return _when(step.tables, f"{off}{blocks}{''.join(map(_checked, keys))}")


def _checked(key: ForeignKey) -> str:
    """Return what checks a key again, and makes it trusted only if it was (Microsoft: "ALTER TABLE (Transact-SQL)")."""
    how = "CHECK" if key.trusted else "NOCHECK"
    return f"ALTER TABLE {quoted(key.table)} WITH {how} CHECK CONSTRAINT {identifier(key.name)};\n"
