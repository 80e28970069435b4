from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

pytest.importorskip("hypothesis")

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.testing.database.planning.catalogues import catalogue, catalogues, key, named, tables
from tests.unit.testing.database.planning.tiny_database import TinyDatabase

from corelib.testing.database.planning.catalogue import Catalogue, ForeignKey, Table, TableName
from corelib.testing.database.planning.planner import plan
from corelib.testing.database.planning.reset_plan import ResetPlan


def order(found: ResetPlan) -> list[str]:
    """The tables of each step, as `lines` or `members + teams`."""
    return [" + ".join(table.name.name for table in step.tables) for step in found.steps]


def filled(data: st.DataObject, catalogue: Catalogue) -> TinyDatabase:
    """A database as a test leaves it: rows of the template refer to nothing that the template does not have."""
    database = TinyDatabase(catalogue)
    kept = {table.name: table.has_rows for table in catalogue.tables}
    for name, stays in kept.items():
        keys = [key for key in catalogue.foreign_keys if key.table == name]
        for number in range(2):
            database.insert(
                name,
                number,
                {key: data.draw(st.sampled_from(targets(key, stays, kept[key.refers_to]))) for key in keys},
            )
    return database


def targets(key: ForeignKey, child_is_kept: bool, parent_is_kept: bool) -> Sequence[int | None]:
    return [None] if child_is_kept and not parent_is_kept else [None, 0, 1]


def reachable(catalogue: Catalogue) -> set[tuple[TableName, TableName]]:
    """Which table leads to which by checked keys between emptied tables: Warshall's algorithm."""
    names = [table.name for table in catalogue.tables if not table.has_rows]
    leads = {(key.table, key.refers_to) for key in catalogue.foreign_keys if key.enabled}
    leads = {(child, parent) for child, parent in leads if child in names and parent in names}
    for through in names:
        leads |= {
            (child, parent) for child in names for parent in names if {(child, through), (through, parent)} <= leads
        }
    return leads


class TestPlan:
    class WhenKeysLeadOneWay:
        def test_has_children_before_their_parents(self) -> None:
            found = plan(catalogue("users orders lines", "orders > users", "lines > orders", "lines > users"))

            assert order(found) == ["lines", "orders", "users"]

        def test_has_tables_without_keys_by_name(self) -> None:
            assert order(plan(catalogue("c a b"))) == ["a", "b", "c"]

        def test_is_the_same_for_every_order_of_the_catalogue(self) -> None:
            keys = ["orders > users", "lines > orders", "teams > members", "members > teams"]

            there = plan(catalogue("users orders lines teams members", *keys))
            back = plan(catalogue("members teams lines orders users", *reversed(keys)))

            assert there == back

        def test_names_no_cyclic_keys(self) -> None:
            found = plan(catalogue("orders lines", "lines > orders"))

            assert [step.cyclic_keys for step in found.steps] == [(), ()]

        def test_keeps_names_with_the_same_letters_apart(self) -> None:
            upper, lower = TableName("App", "Order"), TableName("app", "order")

            found = plan(Catalogue([Table(upper), Table(lower)], [ForeignKey("fk", upper, lower)]))

            assert [step.tables[0].name for step in found.steps] == [upper, lower]

    class WhenKeysLeadInACircle:
        def test_empties_its_tables_together(self) -> None:
            found = plan(catalogue("teams members", "teams > members", "members > teams"))

            assert order(found) == ["members + teams"]

        def test_names_the_keys_of_the_circle_alone(self) -> None:
            found = plan(
                catalogue(
                    "offices teams members cards",
                    *["teams > members", "members > teams", "teams > offices", "cards > members", "members > members"],
                )
            )

            assert order(found) == ["cards", "members + teams", "offices"]
            assert found.steps[1].cyclic_keys == (key("members > teams"), key("teams > members"))

        def test_takes_a_table_that_refers_to_itself_for_no_circle(self) -> None:
            found = plan(catalogue("categories", "categories > categories"))

            assert order(found) == ["categories"]
            assert found.steps[0].cyclic_keys == ()

    class WhenAKeyIsNotChecked:
        def test_leaves_it_out(self) -> None:
            keys = [key("teams > members"), key("members > teams", enabled=False)]

            found = plan(Catalogue(tables("members teams"), keys))

            assert order(found) == ["teams", "members"]
            assert [step.cyclic_keys for step in found.steps] == [(), ()]

    class WhenTheTemplateHasRows:
        def test_leaves_their_tables_as_they_are(self) -> None:
            found = plan(catalogue("kinds orders", "orders > kinds", reference=["kinds"]))

            assert order(found) == ["orders"]
            assert [table.name for table in found.reference] == [named("kinds")]

        def test_lets_such_a_table_refer_to_one_that_is_emptied(self) -> None:
            found = plan(catalogue("kinds orders", "kinds > orders", "orders > kinds", reference=["kinds"]))

            assert order(found) == ["orders"]
            assert found.steps[0].cyclic_keys == ()

    class WhenThereIsNothing:
        def test_has_no_steps(self) -> None:
            assert plan(Catalogue([])) == ResetPlan((), ())

    class WhenAKeyNamesAnUnknownTable:
        @pytest.mark.parametrize("text", ["orders > users", "users > orders"])
        def test_refuses_it_by_name(self, text: str) -> None:
            with pytest.raises(ValueError, match=r"app\.users"):
                plan(catalogue("orders", text))

    class WhenThereAreAThousandTables:
        @pytest.mark.parametrize("circle", [False, True])
        def test_takes_a_chain_of_them_in_well_under_a_second(self, circle: bool) -> None:
            chain = [f"t{number:04} > t{number + 1:04}" for number in range(999)] + ["t0999 > t0000"] * circle
            large = catalogue(" ".join(f"t{number:04}" for number in range(1000)), *chain)
            started = time.perf_counter()

            found = plan(large)

            assert time.perf_counter() - started < 0.5
            assert len(found.steps) == (1 if circle else 1000)

        def test_takes_many_keys_between_them(self) -> None:
            several = [f"t{n:04} > t{n // step:04}" for n in range(1000) for step in (2, 3, 5, 7, 11)]
            large = catalogue(" ".join(f"t{number:04}" for number in range(1000)), *several)
            started = time.perf_counter()

            found = plan(large)

            assert time.perf_counter() - started < 0.5
            assert [step.tables[0].name.name for step in found.steps][-1] == "t0000"

    class WhenItIsCarriedOut:
        @given(st.data())
        def test_is_refused_by_no_server_and_leaves_reference_data_alone(self, data: st.DataObject) -> None:
            drawn = data.draw(catalogues())
            database = filled(data, drawn)
            before = {table.name: dict(database.rows[table.name]) for table in drawn.tables if table.has_rows}

            database.run(plan(drawn), backwards=data.draw(st.booleans()))

            assert {name: rows for name, rows in database.rows.items() if rows} == before

    class WhenItIsComparedWithAllPaths:
        @given(catalogues())
        def test_puts_tables_together_exactly_if_keys_lead_there_and_back(self, drawn: Catalogue) -> None:
            leads = reachable(drawn)
            names = [table.name for table in drawn.tables if not table.has_rows]

            found = plan(drawn)

            place = {table.name: number for number, step in enumerate(found.steps) for table in step.tables}
            assert sorted(place) == sorted(names)
            for one in names:
                for other in names:
                    together = one == other or {(one, other), (other, one)} <= leads
                    assert (place[one] == place[other]) == together

        @given(catalogues())
        def test_names_exactly_the_keys_that_are_needed(self, drawn: Catalogue) -> None:
            leads = reachable(drawn)
            needed = {
                key
                for key in drawn.foreign_keys
                if key.enabled and key.table != key.refers_to and {(key.table, key.refers_to)} <= leads
                if (key.refers_to, key.table) in leads
            }

            found = plan(drawn)

            assert {key for step in found.steps for key in step.cyclic_keys} == needed
            assert sum(len(step.cyclic_keys) for step in found.steps) == len(needed)

        @given(st.data())
        def test_does_not_depend_on_the_order_of_the_catalogue(self, data: st.DataObject) -> None:
            drawn = data.draw(catalogues())
            tables, keys = data.draw(st.permutations(drawn.tables)), data.draw(st.permutations(drawn.foreign_keys))
            shuffled = Catalogue(tables, keys)

            assert plan(shuffled) == plan(drawn)
