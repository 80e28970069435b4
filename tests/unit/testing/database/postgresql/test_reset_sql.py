"""The function of a reset, compared with the files in `golden`.

After a change that is meant, write them anew with CORELIB_REWRITE_GOLDEN=1 and read the difference.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from corelib.testing.database.planning.catalogue import Catalogue, Counter, ForeignKey, Table, TableName, Trait
from corelib.testing.database.planning.planner import plan
from corelib.testing.database.postgresql.names import dollar_quoted, literal, qualified
from corelib.testing.database.postgresql.reset_sql import ResetScript
from corelib.testing.database.postgresql.structure import FiringTrigger

GOLDEN = Path(__file__).parent / "golden"
REWRITE = os.environ.get("CORELIB_REWRITE_GOLDEN") == "1"


def named(text: str) -> TableName:
    schema, _, name = text.partition("|")
    return TableName(schema, name)


def key(child: str, parent: str) -> ForeignKey:
    return ForeignKey("fk", named(child), named(parent))


def identity(sequence: str, *, next_value: int = 1) -> Counter:
    return Counter("id", next_value=next_value, sequence=named(sequence))


def triggers() -> tuple[FiringTrigger, ...]:
    return tuple(FiringTrigger(f"in mode {mode}", mode != "D", mode=mode) for mode in "ODRA")


def shop() -> Catalogue:
    return Catalogue(
        [
            Table(named("app|countries"), has_rows=True, counters=(identity("app|countries_id_seq", next_value=251),)),
            Table(named("app|versions"), has_rows=True),
            Table(named("app|order"), counters=(identity("app|order_id_seq"),), triggers=triggers()),
            Table(named('app|Weiß "x"'), counters=(identity("app|it's", next_value=7),)),
            Table(named("audit log|a.b"), traits=frozenset({Trait.PARTITIONED})),
            Table(named("app|teams")),
            Table(named("app|members")),
            Table(named("app|offices")),
        ],
        [
            key('app|Weiß "x"', "app|order"),
            key("app|order", "app|countries"),
            key("app|teams", "app|members"),
            key("app|members", "app|teams"),
            key("app|teams", "app|offices"),
        ],
    )


def script(catalogue: Catalogue, *, as_replica: bool = False) -> ResetScript:
    looked_at = {table.name: 250 for table in catalogue.tables if table.name.name == "countries"}
    return ResetScript(plan(catalogue), looked_at, [identity("app|numbers", next_value=1000)], as_replica)


SCRIPTS: Mapping[str, ResetScript] = {
    "reset_as_replica": script(shop(), as_replica=True),
    "reset_as_owner": script(shop()),
    "reset_of_nothing": ResetScript(plan(Catalogue([]))),
}


class TestResetScript:
    @pytest.mark.parametrize("name", SCRIPTS)
    def test_has_the_text_of_the_golden_file(self, name: str) -> None:
        file = GOLDEN / f"{name}.sql"

        text = SCRIPTS[name].text() + "\n"

        if REWRITE:
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    class WhenTriggersFireOnDelete:
        def test_disables_those_that_fire_for_its_owner(self) -> None:
            text = script(shop()).text()

            assert text.count("DISABLE TRIGGER") == 2
            assert 'DISABLE TRIGGER "in mode O"' in text
            assert 'DISABLE TRIGGER "in mode A"' in text

        def test_disables_those_that_fire_in_a_replica(self) -> None:
            text = script(shop(), as_replica=True).text()

            assert text.count("DISABLE TRIGGER") == 2
            assert 'ENABLE REPLICA TRIGGER "in mode R"' in text
            assert 'ENABLE ALWAYS TRIGGER "in mode A"' in text

    class WhenASequenceServesTwoTables:
        def test_sets_it_once(self) -> None:
            shared = [Table(named(f"app|{name}"), counters=(identity("app|numbers"),)) for name in ("a", "b")]

            text = ResetScript(plan(Catalogue(shared))).text()

            assert text.count('FROM "app"."numbers"') == 1

    class WhenASequenceIsUsedUp:
        def test_leaves_it(self) -> None:
            used_up = Counter("id", next_value=128, maximum=127, sequence=named("app|numbers"))

            text = ResetScript(plan(Catalogue([Table(named("app|a"), counters=(used_up,))]))).text()

            assert "setval" not in text


class TestNames:
    @pytest.mark.parametrize(
        ("name", "written"),
        [
            ("app|order", '"app"."order"'),
            ('a.b|Weiß "x"', '"a.b"."Weiß ""x"""'),
            ("app|$corelib$", '"app"."$corelib$"'),
        ],
    )
    def test_are_quoted(self, name: str, written: str) -> None:
        assert qualified(named(name)) == written

    def test_stand_between_single_quotes_in_a_text(self) -> None:
        assert literal("it's") == "'it''s'"

    def test_never_end_the_body_of_a_function(self) -> None:
        body = dollar_quoted("$corelib$ and $corelib1$")

        assert body.startswith("$corelib2$\n")
        assert body.endswith("\n$corelib2$")
