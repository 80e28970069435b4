"""The batches of resets have the text of the golden files.

After a change that is meant, write them anew with CORELIB_REWRITE_GOLDEN=1 and read the difference.
"""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve

from corelib.testing.database.model import Identity
from corelib.testing.database.mssql.counters_sql import Reseeding, next_values
from corelib.testing.database.mssql.described import Column, Policy, Reference
from corelib.testing.database.mssql.reset_sql import ResetBatch
from corelib.testing.database.planning.catalogue import Counter, ForeignKey, OnDelete, Table, TableName, Trait, Trigger
from corelib.testing.database.planning.reset_plan import ResetPlan, Step

GOLDEN = Path(__file__).parent / "golden"
REWRITE = os.environ.get("CORELIB_REWRITE_GOLDEN") == "1"


def named(name: str, schema: str = "dbo") -> TableName:
    return TableName(schema, name)


def batch_of(*steps: Step) -> ResetBatch:
    return ResetBatch(ResetPlan(steps), stamp=b"\x01\x02")


def step(*tables: Table, keys: tuple[ForeignKey, ...] = ()) -> Step:
    return Step(tables, keys)


INT = Counter("id", minimum=-(2**31), maximum=2**31 - 1)
ORDERS = Table(named("orders"), counters=(INT,))
MEMBERS = Table(named("members"), counters=(evolve(INT, next_value=8, used=True),))
STATES = Table(named("states"), has_rows=True, counters=(evolve(INT, next_value=4, used=True),))
TEAM, LEADER = named("team"), named("leader")

PLAIN = batch_of(step(Table(named("a]b'c", "select"))), step(Table(named("orders"))))
COUNTED = evolve(PLAIN, plan=ResetPlan((step(ORDERS), step(MEMBERS)), (STATES,)))


def without_counters(batch: ResetBatch) -> str:
    return batch.text(None, watching=False)


def with_counters(batch: ResetBatch, identity: Identity, unused: dict[TableName, int] | None = None) -> str:
    starts = {(named("orders"), "id"): 1001, (named("members"), "id"): 2001}
    return batch.text(Reseeding(next_values(batch.plan, identity, starts), unused or {}), watching=False)


TEXTS = {
    "plain": without_counters(PLAIN),
    "watching": PLAIN.text(None, watching=True),
    "nothing to empty": without_counters(batch_of()),
    "cycle": without_counters(
        batch_of(
            step(
                Table(LEADER),
                Table(TEAM),
                keys=(
                    ForeignKey("fk trusted", TEAM, LEADER),
                    ForeignKey("fk_untrusted", LEADER, TEAM, trusted=False),
                    ForeignKey("fk_off", LEADER, TEAM, enabled=False, trusted=False),
                ),
            )
        )
    ),
    "triggers": without_counters(
        batch_of(
            step(
                Table(
                    named("orders"),
                    triggers=(Trigger("kept"), Trigger("instead", instead_of=True), Trigger("off", enabled=False)),
                )
            )
        )
    ),
    "triggers that a cascade may fire": without_counters(
        evolve(
            batch_of(
                step(Table(named("lines"), triggers=(Trigger("line]gone"),))),
                step(Table(named("notes"), triggers=(Trigger("note_changed", on_delete=False, on_update=True),))),
                step(Table(named("orders"), triggers=(Trigger("order_gone"),))),
            ),
            foreign_keys=(
                ForeignKey("fk_lines", named("lines"), named("orders"), on_delete=OnDelete.CASCADE),
                ForeignKey("fk_notes", named("notes"), named("orders"), on_delete=OnDelete.SET_NULL),
            ),
        )
    ),
    "row-level security": without_counters(
        evolve(
            batch_of(step(Table(named("orders"), traits=frozenset({Trait.ROW_SECURITY})))),
            reference=(Reference(named("states"), (Column("id", "int"),), 3),),
            policies=(
                Policy(named("tenants]", "sec"), frozenset({(named("orders"), "FILTER")})),
                Policy(named("regions"), frozenset({(named("states"), "FILTER")}), not_for_replication=True),
            ),
            has_policies=True,
        )
    ),
    "sequences": with_counters(
        evolve(
            batch_of(step(Table(named("orders")))),
            sequences=(
                Counter("", next_value=100, sequence=named("it's [a] number")),
                Counter("", increment=-1, next_value=-5, sequence=named("down", "select")),
            ),
        ),
        Identity.SPREAD,
    ),
    "temporal": without_counters(
        evolve(
            batch_of(
                step(
                    Table(named("prices"), history=named("prices_past", "history"), traits=frozenset({Trait.TEMPORAL}))
                ),
                step(Table(named("rates"), history=named("rates_past"), traits=frozenset({Trait.TEMPORAL}))),
            ),
            retention={named("prices"): "6 MONTH"},
        )
    ),
    "memory-optimized": without_counters(
        evolve(
            batch_of(step(Table(named("sessions"), traits=frozenset({Trait.MEMORY_OPTIMIZED})))),
            reference=(Reference(named("kinds"), (Column("id", "int"),), 2, in_memory=True),),
        )
    ),
    "reference data": without_counters(
        evolve(
            batch_of(),
            reference=(
                Reference(named("states"), (Column("id", "int"), Column("a]rea", ""), Column("note", "xml")), 3),
                Reference(named("zip codes"), (Column("code", "char"),), 1_001),
            ),
        )
    ),
    "marked": without_counters(evolve(batch_of(), mark='{"run": "it\'s"}')),
    "counters as in the template": with_counters(COUNTED, Identity.RESEED),
    "counters spread": with_counters(COUNTED, Identity.SPREAD),
    "counters of which one was spread but not used": with_counters(COUNTED, Identity.RESEED, {named("orders"): 1001}),
    "counters at the end of their types": with_counters(
        batch_of(
            step(Table(named("least"), counters=(Counter("id", start=0, next_value=0, minimum=0, maximum=255),))),
            step(Table(named("down"), counters=(Counter("id", start=9, next_value=9, increment=-1, maximum=9),))),
        ),
        Identity.RESEED,
    ),
}


def file_of(case: str) -> str:
    return f"reset_{re.sub('[^a-z]+', '_', case)}"


class TestResetBatch:
    @pytest.mark.parametrize("case", TEXTS)
    def test_has_the_text_of_the_golden_file(self, case: str) -> None:
        file = GOLDEN / f"{file_of(case)}.sql"

        text = TEXTS[case]

        if REWRITE:
            file.write_text(text, encoding="utf-8", newline="\n")
        assert text == file.read_text(encoding="utf-8")

    def test_has_no_other_golden_files(self) -> None:
        files = {file.stem for file in GOLDEN.glob("reset_*.sql")}

        assert files == {file_of(case) for case in TEXTS}

    @pytest.mark.filterwarnings("ignore")
    @pytest.mark.parametrize("case", TEXTS)
    def test_is_transact_sql_as_far_as_a_parser_knows(self, case: str) -> None:
        sqlglot = pytest.importorskip("sqlglot")

        trees = sqlglot.parse(TEXTS[case], read="tsql", error_level=sqlglot.ErrorLevel.RAISE)

        found = [node for tree in trees for node in tree.find_all(sqlglot.exp.Delete)]
        assert len(found) == TEXTS[case].count("    DELETE FROM")

    def test_is_the_same_text_for_the_same_wishes(self) -> None:
        first, second = PLAIN.text(Reseeding(), watching=True), PLAIN.text(Reseeding(), watching=True)

        assert first == second

    @pytest.mark.parametrize(
        ("timeout", "milliseconds"),
        [(timedelta(seconds=2), 2000), (timedelta(milliseconds=1.5), 2), (timedelta(0), 1)],
        ids=["seconds", "a fraction", "nothing, which would be no timeout but an error at once"],
    )
    def test_bounds_the_wait_for_a_lock(self, timeout: timedelta, milliseconds: int) -> None:
        text = without_counters(evolve(PLAIN, lock_timeout=timeout))

        assert f"SET LOCK_TIMEOUT {milliseconds};" in text

    def test_numbers_tables_as_it_lists_them(self) -> None:
        text = without_counters(PLAIN)

        assert [str(table.name) for table in PLAIN.emptied] == ["select.a]b'c", "dbo.orders"]
        assert text.index("VALUES (0)") < text.index("VALUES (1)")

    def test_leaves_counters_alone_that_are_to_go_on(self) -> None:
        text = without_counters(COUNTED)

        assert "CHECKIDENT" not in text

    def test_leaves_sequences_alone_that_are_to_go_on(self) -> None:
        text = without_counters(evolve(PLAIN, sequences=(Counter("", sequence=named("numbers")),)))

        assert "SEQUENCE" not in text

    def test_has_policies_off_only_within_its_transaction(self) -> None:
        text = TEXTS["row-level security"]

        marks = [
            "BEGIN TRANSACTION",
            "STATE = OFF",
            "EXISTS (SELECT 1 FROM [dbo].[orders]",
            "N'reference'",
            "STATE = ON",
        ]
        places = [text.index(mark) for mark in [*marks, "COMMIT TRANSACTION"]]
        assert places == sorted(places)
