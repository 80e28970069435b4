from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import pytest

pytest.importorskip("sqlalchemy")

from tests.unit.testing.database.mssql.scripted_session import Answer, Scripted, catalogue, policy, server, table

from corelib.errors import SchemaMissing
from corelib.testing.database.errors import CannotReset
from corelib.testing.database.mssql.catalogue import described
from corelib.testing.database.mssql.catalogue_sql import (
    CATALOGUE,
    EDGE_CONSTRAINTS,
    POLICIES,
    STAMP,
    STAMP_WITH_POLICIES,
    counted,
)
from corelib.testing.database.mssql.described import Column, Described, Policy, Reference
from corelib.testing.database.mssql.leaks_sql import HOLDERS, MAY_SEE
from corelib.testing.database.planning.catalogue import (
    Counter,
    ForeignKey,
    OnDelete,
    Table,
    TableName,
    Trait,
    Trigger,
)

ORDERS, USERS = TableName("dbo", "orders"), TableName("dbo", "users")


def only_table(scripted: Scripted) -> Table:
    (found,) = described(scripted).catalogue.tables
    return found


def reading(*answers: Answer) -> Described:
    return described(server(catalogue=answers))


def identity(**columns: object) -> Mapping[str, object]:
    usual = {"object_id": 1, "name": "id", "type_name": "int", "precision": 10}
    return {**usual, "seed_value": 1, "increment_value": 1, "last_value": None, **columns}


class TestDescribed:
    class WhenTablesArePlain:
        def test_names_them(self) -> None:
            found = described(server(table(1, "orders"), {**table(2, "x"), "schema_name": "sales"}))

            assert [table.name for table in found.catalogue.tables] == [ORDERS, TableName("sales", "x")]

        def test_takes_a_database_without_any(self) -> None:
            found = described(server())

            assert (found.catalogue.tables, found.reference, found.retention) == ((), (), {})

        def test_does_without_columns_that_an_older_version_has_not(self) -> None:
            found = only_table(server(table(1, "orders")))

            assert found == Table(ORDERS)

    class WhenTablesAreNotPlain:
        @pytest.mark.parametrize(
            ("columns", "trait"),
            [
                ({"is_memory_optimized": True}, Trait.MEMORY_OPTIMIZED),
                ({"is_node": True}, Trait.GRAPH_NODE),
                ({"is_external": True}, Trait.EXTERNAL),
                ({"is_filetable": True}, Trait.FILE_TABLE),
                ({"ledger_type": 2}, Trait.LEDGER),
                ({"ledger_type": 3}, Trait.LEDGER),
                ({"is_tracked_by_cdc": True}, Trait.CHANGE_DATA_CAPTURE),
                ({"is_replicated": True}, Trait.REPLICATED),
                ({"is_merge_published": True}, Trait.REPLICATED),
            ],
        )
        def test_says_how(self, columns: Mapping[str, object], trait: Trait) -> None:
            assert only_table(server(table(1, "t", **columns))).traits == {trait}

        def test_finds_those_under_an_indexed_view(self) -> None:
            found = reading(catalogue([table(1, "t")], views=[{"referenced_id": 1}]))

            assert found.catalogue.tables[0].traits == {Trait.INDEXED_VIEW}

        def test_does_not_ask_external_ones_for_rows(self) -> None:
            scripted = server(table(1, "far", is_external=True))

            described(scripted)

            assert [batch for batch in scripted.sent if "COUNT_BIG" in batch] == []

        def test_leaves_the_history_of_a_ledger_table_out(self) -> None:
            found = described(server(table(1, "kept", ledger_type=2), table(2, "past", ledger_type=1)))

            assert [table.name.name for table in found.catalogue.tables] == ["kept"]

    class WhenTablesAreTemporal:
        CURRENT = table(
            1,
            "prices",
            temporal_type=2,
            history_table_id=2,
            history_retention_period=6,
            history_retention_period_unit_desc="MONTH",
        )
        PAST = table(2, "prices_past", temporal_type=1)

        def test_keeps_table_and_history_together(self) -> None:
            found = only_table(server(self.CURRENT, self.PAST))

            assert (found.traits, found.history) == (frozenset({Trait.TEMPORAL}), TableName("dbo", "prices_past"))

        def test_tells_how_long_the_history_is_kept(self) -> None:
            found = described(server(self.CURRENT, self.PAST))

            assert found.retention == {TableName("dbo", "prices"): "6 MONTH"}

        def test_tells_nothing_of_a_history_that_is_kept_for_ever(self) -> None:
            forever = {**self.CURRENT, "history_retention_period": -1, "history_retention_period_unit_desc": "INFINITE"}

            assert described(server(forever, self.PAST)).retention == {}

        def test_takes_a_history_with_rows_for_reference_data(self) -> None:
            found = described(
                server(self.CURRENT, self.PAST, counts=[[[{"number": 1, "quantity": 5}]]], columns=[[[]]])
            )

            assert found.catalogue.tables[0].has_rows
            assert found.reference == (Reference(TableName("dbo", "prices_past"), (), 5),)

    class WhenKeysAreCounted:
        @pytest.mark.parametrize(
            ("columns", "counter"),
            [
                ({}, Counter("id", minimum=-(2**31), maximum=2**31 - 1)),
                (
                    {"type_name": "tinyint", "seed_value": 5, "increment_value": 5, "last_value": 20},
                    Counter("id", start=5, increment=5, next_value=25, used=True, minimum=0, maximum=255),
                ),
                ({"type_name": "smallint"}, Counter("id", minimum=-(2**15), maximum=2**15 - 1)),
                ({"type_name": "bigint"}, Counter("id", minimum=-(2**63), maximum=2**63 - 1)),
                ({"type_name": "numeric", "precision": 3}, Counter("id", minimum=-999, maximum=999)),
                (
                    {"seed_value": 0, "last_value": 0},
                    Counter("id", start=0, next_value=1, used=True, minimum=-(2**31), maximum=2**31 - 1),
                ),
            ],
            ids=["never used", "used", "small", "big", "decimal", "used from 0"],
        )
        def test_tells_where_the_counter_stands(self, columns: Mapping[str, object], counter: Counter) -> None:
            found = reading(catalogue([table(1, "orders")], [identity(**columns)]))

            assert found.catalogue.tables[0].counters == (counter,)

    class WhenTablesHaveTriggers:
        def test_tells_their_state_and_kind(self) -> None:
            triggers = [
                {"parent_id": 1, "name": "a", "is_disabled": False, "on_delete": 1, "on_update": 0},
                {"parent_id": 1, "name": "b", "is_disabled": True, "is_instead_of_trigger": True, "on_delete": 1},
                {"parent_id": 1, "name": "c", "is_disabled": False, "on_delete": 0, "on_update": 1},
            ]

            found = reading(catalogue([table(1, "orders")], triggers=triggers))

            assert found.catalogue.tables[0].triggers == (
                Trigger("a"),
                Trigger("b", enabled=False, instead_of=True),
                Trigger("c", on_delete=False, on_update=True),
            )

    class WhenSequencesCount:
        USUAL: ClassVar[Mapping[str, object]] = {
            "schema_name": "dbo",
            "name": "numbers",
            "start_value": 5,
            "increment_value": 2,
            "minimum_value": 1,
            "maximum_value": 9,
            "current_value": 5,
            "last_used_value": None,
        }
        DOWN: ClassVar[Mapping[str, object]] = {**USUAL, "start_value": 9, "increment_value": -2, "current_value": 9}

        @pytest.mark.parametrize(
            ("row", "following", "used"),
            [
                (USUAL, 5, False),
                ({**USUAL, "last_used_value": 5}, 7, True),
                ({**USUAL, "current_value": 7}, 9, True),
                ({**USUAL, "current_value": 9, "last_used_value": 9, "is_cycling": True}, 1, True),
                (DOWN, 9, False),
                ({**DOWN, "current_value": 1, "last_used_value": 1, "is_cycling": True}, 9, True),
            ],
            ids=["never used", "used once", "given out as a range", "cycling", "down", "cycling downward"],
        )
        def test_tells_what_they_generate_next(self, row: Mapping[str, object], following: int, used: bool) -> None:
            found = reading(catalogue(sequences=[row]))

            (counter,) = found.sequences
            assert (counter.sequence, counter.next_value, counter.used) == (
                TableName("dbo", "numbers"),
                following,
                used,
            )

        def test_leaves_those_out_that_are_used_up(self) -> None:
            used_up = {**self.USUAL, "current_value": 9, "last_used_value": 9}

            assert reading(catalogue(sequences=[used_up])).sequences == ()

    class WhenRowsAreHidden:
        SECURED: ClassVar[Answer] = catalogue([table(1, "orders"), table(2, "users")], secured=[{"object_id": 9}])

        def secured_by(self, *rows: Mapping[str, object], **answers: Sequence[Answer]) -> Scripted:
            return server(catalogue=[self.SECURED], policies=[[rows]], **answers)

        def test_tells_by_which_policies_and_of_which_tables(self) -> None:
            found = described(self.secured_by(policy(2, operation_desc="BEFORE DELETE")))

            assert [table.traits for table in found.catalogue.tables] == [frozenset(), {Trait.ROW_SECURITY}]
            assert found.policies == [
                Policy(TableName("sec", "tenants"), frozenset({(USERS, "FILTER (1) BEFORE DELETE")}))
            ]

        def test_tells_that_replication_passes_a_policy_by(self) -> None:
            found = described(self.secured_by(policy(1, is_not_for_replication=True)))

            assert [policy.not_for_replication for policy in found.policies] == [True]

        def test_takes_policies_that_are_off_or_of_views_for_none(self) -> None:
            found = described(self.secured_by(policy(77)))

            assert (found.policies, found.has_policies) == ([], True)

        def test_counts_all_rows_and_leaves_the_policy_as_it_was(self) -> None:
            rows: Answer = [[{"number": 0, "quantity": 7}]]
            scripted = self.secured_by(policy(1), counts=[rows], columns=[[[]]])

            found = described(scripted)

            (counting,) = [batch for batch in scripted.sent if "COUNT_BIG" in batch]
            assert counting.startswith(
                "BEGIN TRANSACTION;\nALTER SECURITY POLICY [sec].[tenants] WITH (STATE = OFF);\nSELECT 0"
            )
            assert counting.endswith(";\nROLLBACK TRANSACTION;\n")
            assert [table.has_rows for table in found.catalogue.tables] == [True, False]

        def test_finds_those_of_a_history(self) -> None:
            current = table(1, "prices", temporal_type=2, history_table_id=2)
            past = table(2, "prices_past", temporal_type=1)
            answer = catalogue([current, past], secured=[{"object_id": 9}])

            found = described(server(catalogue=[answer], policies=[[[policy(2)]]]))

            assert found.catalogue.tables[0].traits == {Trait.TEMPORAL, Trait.ROW_SECURITY}

        def test_refuses_what_the_login_may_not_switch_off(self) -> None:
            scripted = self.secured_by(policy(1, may_alter=0), policy(2, may_alter=0))

            with pytest.raises(CannotReset, match=r"dbo\.orders \(sec\.tenants\), dbo\.users \(sec") as refused:
                described(scripted)

            assert "ALTER ANY SECURITY POLICY" in refused.value.hint

        def test_asks_nothing_about_policies_where_there_are_none(self) -> None:
            scripted = server(table(1, "orders"))

            described(scripted)

            assert [batch for batch in scripted.sent if "sys.security_policies" in batch] == []

    class WhenTablesReferToOthers:
        @pytest.mark.parametrize(
            ("number", "action"),
            [(0, OnDelete.NO_ACTION), (1, OnDelete.CASCADE), (2, OnDelete.SET_NULL), (3, OnDelete.SET_DEFAULT)],
        )
        def test_tells_what_becomes_of_the_children(self, number: int, action: OnDelete) -> None:
            key = {"name": "fk", "parent_object_id": 1, "referenced_object_id": 2, "delete_referential_action": number}

            found = reading(catalogue([table(1, "orders"), table(2, "users")], keys=[key]))

            assert found.catalogue.foreign_keys == (ForeignKey("fk", ORDERS, USERS, on_delete=action),)

        def test_tells_whether_they_are_checked_and_trusted(self) -> None:
            key = {
                "name": "fk",
                "parent_object_id": 1,
                "referenced_object_id": 2,
                "delete_referential_action": 0,
                "is_disabled": True,
                "is_not_trusted": True,
            }

            found = reading(catalogue([table(1, "orders"), table(2, "users")], keys=[key]))

            assert found.catalogue.foreign_keys == (ForeignKey("fk", ORDERS, USERS, enabled=False, trusted=False),)

        def test_passes_over_keys_to_tables_that_it_may_not_see(self) -> None:
            key = {"name": "fk", "parent_object_id": 1, "referenced_object_id": 9, "delete_referential_action": 0}

            assert reading(catalogue([table(1, "orders")], keys=[key])).catalogue.foreign_keys == ()

    class WhenTablesAreAGraph:
        TABLES = (table(1, "person", is_node=True), table(2, "knows", is_edge=True))

        def test_takes_edge_constraints_for_foreign_keys(self) -> None:
            edge = {"name": "ec", "parent_object_id": 2, "delete_referential_action": 1, "from_object_id": 1}

            found = described(server(*self.TABLES, edges=[[[{**edge, "to_object_id": 1}]]]))

            person, knows = TableName("dbo", "person"), TableName("dbo", "knows")
            assert found.catalogue.foreign_keys == (ForeignKey("ec", knows, person, on_delete=OnDelete.CASCADE),)

        def test_does_without_them_where_the_server_knows_none(self) -> None:
            found = described(server(*self.TABLES, edges=[SchemaMissing("208")]))

            assert found.catalogue.foreign_keys == ()

    class WhenTablesHaveRows:
        ROWS: ClassVar[Answer] = [[{"number": 0, "quantity": 7}]]

        def test_takes_them_for_reference_data(self) -> None:
            columns: Answer = [
                [
                    {"object_id": 1, "name": "id", "type_name": "int"},
                    {"object_id": 1, "name": "area", "type_name": "geography", "is_assembly_type": True},
                ]
            ]

            found = described(server(table(1, "orders"), table(2, "users"), counts=[self.ROWS], columns=[columns]))

            assert [table.has_rows for table in found.catalogue.tables] == [True, False]
            assert found.reference == (Reference(ORDERS, (Column("id", "int"), Column("area", "")), 7),)

        def test_leaves_columns_out_that_cannot_be_read(self) -> None:
            columns: Answer = [
                [
                    {"object_id": 1, "name": "graph_id_1", "graph_type": 1},
                    {"object_id": 1, "name": "secret", "encryption_type": 1},
                    {"object_id": 1, "name": "$node_id", "graph_type": 2, "type_name": "nvarchar"},
                ]
            ]

            found = described(server(table(1, "t", is_node=True), counts=[self.ROWS], columns=[columns]))

            assert found.reference[0].columns == (Column("$node_id", "nvarchar"),)


class TestQuestions:
    @pytest.mark.filterwarnings("ignore")
    @pytest.mark.parametrize(
        "text",
        [
            CATALOGUE,
            EDGE_CONSTRAINTS,
            POLICIES,
            f"SELECT {STAMP}",
            f"SELECT {STAMP_WITH_POLICIES}",
            HOLDERS,
            MAY_SEE,
            counted([ORDERS, USERS]),
        ],
        ids=["catalogue", "edges", "policies", "stamp", "stamp with policies", "holders", "rights", "rows"],
    )
    def test_are_transact_sql(self, text: str) -> None:
        sqlglot = pytest.importorskip("sqlglot")
        known = tuple(getattr(sqlglot.exp, kind) for kind in ("Select", "Union", "Declare", "Insert"))

        parsed = sqlglot.parse(text, read="tsql", error_level=sqlglot.ErrorLevel.RAISE)

        assert [tree for tree in parsed if not isinstance(tree, known)] == []

    def test_ask_for_the_rows_of_many_tables_in_several_statements(self) -> None:
        text = counted([TableName("dbo", f"t{number}") for number in range(101)])

        assert [part.count("COUNT_BIG(*) AS") for part in text.split(";\n")] == [100, 1]
