"""Tables that cannot be emptied between tests, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corelib.testing.database.errors import CannotReset
from corelib.testing.database.mssql.described import Policy
from corelib.testing.database.planning.catalogue import Table, Trait
from corelib.testing.database.planning.reset_plan import ResetPlan, Step

_WHY = {
    Trait.EXTERNAL: "its rows are in another place",
    Trait.FILE_TABLE: "its files may be in use outside of the server",
    Trait.LEDGER: "its history can never be removed",
    Trait.CHANGE_DATA_CAPTURE: "every deletion leaves rows in its change table",
    Trait.REPLICATED: "every deletion goes on to its subscribers",
}
"""Microsoft: "CREATE EXTERNAL TABLE (Transact-SQL)", "FileTables (SQL Server)", "SQL Server replication",
"Ledger considerations and limitations", "What is change data capture (CDC)?"."""

_IN_MEMORY = "what it would take to empty it is no part of a transaction"
"""ALTER TABLE of a memory-optimized table is not supported inside user transactions (Microsoft: "Unsupported SQL Server
features for In-Memory OLTP"), so neither its triggers, nor its history, nor its keys can be switched off meanwhile."""


def refuse(plan: ResetPlan) -> None:
    """Make sure that every table of a plan can be emptied.

    Raises:
        CannotReset: if not; it names all of them.
    """
    reasons = [reason for step in plan.steps for table in step.tables for reason in _reasons(step, table)]
    if reasons:
        raise CannotReset(
            f"These tables cannot be emptied between tests: {'; '.join(reasons)}.",
            hint='Give the tests that use them databases of their own, @pytest.mark.db(reset="clone"), leave the '
            "feature out of the template for tests, or have whole clones reverted to a database snapshot, "
            'corelib_db_reset = "snapshot", which is slower and has limits of its own.',
        )


def refuse_counting(plan: ResetPlan) -> None:
    """Make sure that every counter can be set back.

    That of a memory-optimized table moves only by the insertion of a row (Microsoft: "Implementing IDENTITY in a
    memory-optimized table").

    Raises:
        CannotReset: if not; it names the tables.
    """
    tables = (*(table for step in plan.steps for table in step.tables), *plan.reference)
    counting = [str(table.name) for table in tables if table.counters and Trait.MEMORY_OPTIMIZED in table.traits]
    if counting:
        raise CannotReset(
            f"The counters of memory-optimized tables cannot be set back: {', '.join(counting)}.",
            hint="Let them go on counting, with Identity.KEEP, or take a sequence for their keys.",
        )


def refuse_filtered(policies: Sequence[Policy]) -> None:
    """Say that the login may not switch off what hides rows (Microsoft: "ALTER SECURITY POLICY", Permissions).

    Raises:
        CannotReset: always; it names the tables and their policies.
    """
    named = sorted({f"{table} ({policy.name})" for policy in policies for table, _ in policy.predicates})
    raise CannotReset(
        f"Row-level security hides rows of these tables from a reset: {', '.join(named)}. The login may not switch it "
        "off for the moment.",
        hint="Grant it ALTER ANY SECURITY POLICY in the template, or give the tests databases of their own, "
        '@pytest.mark.db(reset="clone").',
    )


def _reasons(step: Step, table: Table) -> Iterator[str]:
    for trait, why in _WHY.items():
        if trait in table.traits:
            yield f"{table.name} ({trait.value}: {why})"
    if Trait.MEMORY_OPTIMIZED in table.traits:
        triggered = any(trigger.enabled and trigger.on_delete for trigger in table.triggers)
        for obstacle, there in (
            ("triggers", triggered),
            ("a history", table.history is not None),
            ("keys in a cycle", bool(step.cyclic_keys)),
            ("row-level security", Trait.ROW_SECURITY in table.traits),
        ):
            if there:
                yield f"{table.name} ({Trait.MEMORY_OPTIMIZED.value} with {obstacle}: {_IN_MEMORY})"
