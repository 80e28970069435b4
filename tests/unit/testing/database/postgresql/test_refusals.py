from __future__ import annotations

from collections.abc import Sequence

import pytest
from attrs import evolve

from corelib.testing.database.errors import CannotReset
from corelib.testing.database.planning.catalogue import Counter, ForeignKey, Table, TableName, Trait
from corelib.testing.database.postgresql.refusals import refuse_what_cannot_be_emptied, what_changed
from corelib.testing.database.postgresql.structure import FiringTrigger, Structure

ORDERS, LINES = TableName("app", "orders"), TableName("app", "lines")


def structure(*tables: Table) -> Structure:
    return Structure(tables, (), columns={table.name: "digest" for table in tables})


def refusal(found: Structure, *, as_replica: bool = False) -> str:
    with pytest.raises(CannotReset) as raised:
        refuse_what_cannot_be_emptied(found, found.tables, as_replica=as_replica)
    return raised.value.message


class TestRefuseWhatCannotBeEmptied:
    class WhenAllTablesArePlain:
        @pytest.mark.parametrize("as_replica", [False, True])
        def test_refuses_nothing(self, as_replica: bool) -> None:
            found = structure(Table(ORDERS), Table(LINES, traits=frozenset({Trait.PARTITIONED})))

            refuse_what_cannot_be_emptied(found, found.tables, as_replica=as_replica)

    class WhenSomeAreNot:
        def test_names_all_of_them(self) -> None:
            foreign = frozenset({Trait.FOREIGN})

            message = refusal(structure(Table(ORDERS, traits=foreign), Table(LINES, traits=foreign)))

            assert "app.orders is a foreign table" in message
            assert "app.lines is a foreign table" in message

        def test_names_a_rule(self) -> None:
            found = evolve(structure(Table(ORDERS)), rules={ORDERS: ["Okeep them"]})

            assert "app.orders has the rule keep them" in refusal(found)

        def test_names_the_trigger_of_a_partition(self) -> None:
            found = structure(Table(ORDERS, triggers=[FiringTrigger("audit", on_partition=True)]))

            assert "a partition with the trigger audit" in refusal(found)

        def test_names_a_trigger_on_a_table_of_somebody_else(self) -> None:
            found = evolve(structure(Table(ORDERS, triggers=[FiringTrigger("audit")])), not_owned=frozenset({ORDERS}))

            assert "the trigger audit, which only the owner" in refusal(found)

    class WhenTheSessionIsAReplica:
        def test_does_not_mind_what_does_not_fire(self) -> None:
            table = Table(ORDERS, triggers=[FiringTrigger("audit", on_partition=True)])
            found = evolve(structure(table), rules={ORDERS: ["Okeep them"]}, not_owned=frozenset({ORDERS}))

            refuse_what_cannot_be_emptied(found, found.tables, as_replica=True)

        def test_names_what_fires_always(self) -> None:
            found = evolve(structure(Table(ORDERS)), rules={ORDERS: ["Akeep them"]})

            assert "keep them" in refusal(found, as_replica=True)


class TestWhatChanged:
    @pytest.mark.parametrize(
        ("before", "now", "changes"),
        [
            (structure(Table(ORDERS)), structure(Table(ORDERS)), []),
            (structure(Table(ORDERS)), structure(Table(ORDERS), Table(LINES)), ["app.lines (new)"]),
            (structure(Table(ORDERS), Table(LINES)), structure(Table(ORDERS)), ["app.lines (gone)"]),
            (
                structure(Table(ORDERS)),
                structure(Table(ORDERS, triggers=[FiringTrigger("t")], counters=[Counter("id")])),
                ["app.orders (triggers, counters)"],
            ),
            (
                structure(Table(ORDERS)),
                evolve(structure(Table(ORDERS)), columns={ORDERS: "x"}),
                ["app.orders (columns)"],
            ),
            (
                structure(Table(ORDERS)),
                evolve(structure(Table(ORDERS)), foreign_keys=[ForeignKey("fk", ORDERS, ORDERS)]),
                ["app.orders (foreign keys)"],
            ),
            (
                evolve(structure(), loose=[Counter("", sequence=TableName("app", "numbers"))]),
                structure(),
                ["app.numbers (gone)"],
            ),
        ],
    )
    def test_is_named_with_its_table(self, before: Structure, now: Structure, changes: Sequence[str]) -> None:
        assert what_changed(before, now) == changes
