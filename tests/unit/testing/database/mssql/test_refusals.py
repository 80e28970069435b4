from __future__ import annotations

import pytest

from corelib.testing.database.errors import CannotReset
from corelib.testing.database.mssql.refusals import refuse, refuse_counting
from corelib.testing.database.planning.catalogue import Counter, ForeignKey, Table, TableName, Trait, Trigger
from corelib.testing.database.planning.reset_plan import ResetPlan, Step

NAME, OTHER = TableName("dbo", "things"), TableName("dbo", "others")
IN_MEMORY = frozenset({Trait.MEMORY_OPTIMIZED})


def plan_of(*tables: Table, keys: tuple[ForeignKey, ...] = ()) -> ResetPlan:
    return ResetPlan((Step(tables, keys),))


class TestRefuse:
    @pytest.mark.parametrize(
        "trait",
        [Trait.EXTERNAL, Trait.FILE_TABLE, Trait.LEDGER, Trait.CHANGE_DATA_CAPTURE, Trait.REPLICATED],
        ids=lambda trait: trait.name,
    )
    def test_names_tables_that_cannot_be_emptied_and_why(self, trait: Trait) -> None:
        plan = plan_of(Table(NAME, traits=frozenset({trait})))

        with pytest.raises(CannotReset, match=f"dbo.things \\({trait.value}: ") as refused:
            refuse(plan)

        assert 'reset="clone"' in refused.value.hint
        assert 'corelib_db_reset = "snapshot"' in refused.value.hint

    @pytest.mark.parametrize(
        ("table", "obstacle"),
        [
            (Table(NAME, traits=IN_MEMORY, triggers=(Trigger("t"),)), "triggers"),
            (Table(NAME, traits=IN_MEMORY, history=OTHER), "a history"),
            (Table(NAME, traits=IN_MEMORY | {Trait.ROW_SECURITY}), "row-level security"),
        ],
        ids=["triggers", "history", "row-level security"],
    )
    def test_names_memory_optimized_tables_with_what_no_transaction_switches_off(
        self, table: Table, obstacle: str
    ) -> None:
        with pytest.raises(CannotReset, match=f"dbo.things .memory-optimized table with {obstacle}"):
            refuse(plan_of(table))

    def test_names_memory_optimized_tables_in_a_cycle(self) -> None:
        key = ForeignKey("fk", NAME, OTHER)

        with pytest.raises(CannotReset, match=r"dbo\.things .memory-optimized table with keys in a cycle"):
            refuse(plan_of(Table(NAME, traits=IN_MEMORY), Table(OTHER, traits=IN_MEMORY), keys=(key,)))

    def test_names_all_of_them(self) -> None:
        traits = frozenset({Trait.LEDGER})

        with pytest.raises(CannotReset, match=r"dbo\.things .*; dbo\.others"):
            refuse(plan_of(Table(NAME, traits=traits), Table(OTHER, traits=traits)))

    @pytest.mark.parametrize(
        "table",
        [
            Table(NAME),
            Table(NAME, traits=frozenset({Trait.TEMPORAL}), history=OTHER),
            Table(NAME, traits=frozenset({Trait.GRAPH_EDGE})),
            Table(NAME, traits=frozenset({Trait.INDEXED_VIEW})),
            Table(NAME, traits=frozenset({Trait.ROW_SECURITY})),
            Table(NAME, traits=IN_MEMORY, triggers=(Trigger("off", enabled=False), Trigger("u", on_delete=False))),
        ],
        ids=["plain", "temporal", "graph", "indexed view", "row-level security", "memory-optimized"],
    )
    def test_takes_the_others(self, table: Table) -> None:
        refuse(plan_of(table))

    def test_does_not_mind_what_stays(self) -> None:
        refuse(ResetPlan((), (Table(NAME, has_rows=True, traits=frozenset({Trait.LEDGER})),)))


class TestRefuseCounting:
    def test_names_memory_optimized_tables_with_counters(self) -> None:
        with pytest.raises(CannotReset, match=r"dbo\.things") as refused:
            refuse_counting(plan_of(Table(NAME, traits=IN_MEMORY, counters=(Counter("id"),))))

        assert "Identity.KEEP" in refused.value.hint

    def test_takes_those_without(self) -> None:
        refuse_counting(plan_of(Table(NAME, traits=IN_MEMORY), Table(OTHER, counters=(Counter("id"),))))
