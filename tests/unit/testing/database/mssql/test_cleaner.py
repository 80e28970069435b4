from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest

pytest.importorskip("sqlalchemy")

from tests.unit.testing.database.mssql.scripted_session import (
    BLIND,
    NOBODY,
    RESET,
    Answer,
    Scripted,
    catalogue,
    policy,
    server,
    table,
)

from corelib.errors import PermissionDenied, PersistentFailure, ReferenceViolation, RowLocked, TransientFailure
from corelib.testing.database.errors import CannotReset, NotOwned, ReferenceDataChanged, TransactionLeaked
from corelib.testing.database.model import Identity, Kind, Mark
from corelib.testing.database.mssql.cleaner import MssqlCleaner
from corelib.testing.database.planning.mark_text import text_of

TEST = "tests/test_orders.py::test_pays"
URL = "mssql://server/clone"
LEAK: Mapping[str, object] = {
    "found": "leaked",
    "session_id": 57,
    "program_name": "app",
    "status": "sleeping",
    "since": datetime(2026, 1, 2, 12, 30, 5),  # noqa: DTZ001 - as the server tells it
    "statement": "INSERT INTO orders\n VALUES (@P1)",
}
STATES = [[{"number": 0, "quantity": 3}]]
COLUMNS = [[{"object_id": 1, "name": "id", "type_name": "int"}]]


def cleaner_of(scripted: Scripted, *, lock_timeout: timedelta = timedelta(seconds=2)) -> MssqlCleaner:
    return MssqlCleaner(URL, lock_timeout=lock_timeout, connect=lambda url: scripted)


def emptied(*numbers: int) -> Answer:
    return [[{"found": "emptied", "number": number} for number in numbers]]


def digest(number: int, quantity: int, value: int) -> Mapping[str, object]:
    return {"found": "reference", "number": number, "quantity": quantity, "digest": value}


def shape(object_id: int, digest: bytes) -> Mapping[str, object]:
    return {"object_id": object_id, "shape": digest}


def with_reference(*resets: Answer) -> Scripted:
    """A server whose table `states` has three rows in the template."""
    return server(
        table(1, "states"),
        table(2, "orders"),
        counts=[STATES],
        columns=[COLUMNS],
        digests=[[[digest(0, 3, 42)]]],
        reset=resets,
    )


def counter(object_id: int, last: int | None) -> Mapping[str, object]:
    return {
        "object_id": object_id,
        "name": "id",
        "type_name": "int",
        "precision": 10,
        "seed_value": 1,
        "increment_value": 1,
        "last_value": last,
    }


def with_counter(*resets: Answer, **columns: object) -> Scripted:
    """A server whose table `orders` has an identity that was never used."""
    tables = [table(1, "orders", **columns)]
    return server(catalogue=[catalogue(tables, [counter(1, None)])], reset=resets)


def with_policies(*policies: Mapping[str, object], **answers: Sequence[Answer]) -> Scripted:
    """A server whose table `orders` is empty, and whose `states` has three rows, with security policies."""
    described = catalogue([table(1, "states"), table(2, "orders")], secured=[{"object_id": 9}])
    return server(
        **{
            "catalogue": [described],
            "policies": [[policies]],
            "counts": [STATES],
            "columns": [COLUMNS],
            "digests": [[[digest(0, 3, 42)]]],
            "reset": [[[digest(0, 3, 42)]]],
            **answers,
        }
    )


class TestMssqlCleaner:
    class WhenNothingIsInTheWay:
        def test_tells_which_tables_had_rows(self) -> None:
            cleaner = cleaner_of(server(table(1, "orders"), table(2, "users"), reset=[emptied(1)]))

            outcome = cleaner.reset(TEST, identity=Identity.KEEP)

            assert (outcome.emptied, outcome.round_trips) == (("dbo.users",), 1)

        def test_asks_the_server_once(self) -> None:
            scripted = server(table(1, "orders"))
            cleaner = cleaner_of(scripted)
            before = len(scripted.sent)

            cleaner.reset(TEST, identity=Identity.RESEED)

            assert len(scripted.sent) - before == 1

        def test_empties_children_before_their_parents(self) -> None:
            key = {"name": "fk", "parent_object_id": 2, "referenced_object_id": 1, "delete_referential_action": 0}
            tables = [table(1, "a"), table(2, "b")]
            scripted = server(catalogue=[catalogue(tables, keys=[key])])
            cleaner = cleaner_of(scripted)

            cleaner.reset(TEST, identity=Identity.KEEP)

            (batch,) = scripted.resets()
            assert batch.index("DELETE FROM [dbo].[b]") < batch.index("DELETE FROM [dbo].[a]")

        def test_fires_no_trigger_of_a_child_that_a_deletion_cascades_to(self) -> None:
            key = {"name": "fk", "parent_object_id": 2, "referenced_object_id": 1, "delete_referential_action": 1}
            trigger = {"parent_id": 2, "name": "gone", "on_delete": 1}
            tables = [table(1, "a"), table(2, "b")]
            scripted = server(catalogue=[catalogue(tables, keys=[key], triggers=[trigger])])
            cleaner = cleaner_of(scripted)

            cleaner.reset(TEST, identity=Identity.KEEP)

            (batch,) = scripted.resets()
            off, parent, on = "[b] DISABLE TRIGGER [gone]", "DELETE FROM [dbo].[a]", "[b] ENABLE TRIGGER [gone]"
            assert batch.rindex(off) < batch.index(parent) < batch.rindex(on)

        def test_waits_for_locks_as_long_as_it_is_told(self) -> None:
            scripted = server(table(1, "orders"))
            cleaner = cleaner_of(scripted, lock_timeout=timedelta(milliseconds=300))

            cleaner.reset(TEST, identity=Identity.KEEP)

            assert "SET LOCK_TIMEOUT 300;" in scripted.sent[0]
            assert "SET LOCK_TIMEOUT 300;" in scripted.resets()[0]

        def test_compares_the_tables_with_those_of_its_plan(self) -> None:
            scripted = server(table(1, "orders"))
            cleaner = cleaner_of(scripted)

            cleaner.reset(TEST, identity=Identity.KEEP)

            assert "IF @stamp <> 0x0102" in scripted.resets()[0]

        def test_leaves_tables_with_rows_of_the_template_alone(self) -> None:
            scripted = with_reference([[digest(0, 3, 42)]])
            cleaner = cleaner_of(scripted)

            cleaner.reset(TEST, identity=Identity.KEEP)

            (batch,) = scripted.resets()
            assert "DELETE FROM [dbo].[orders]" in batch
            assert "DELETE FROM [dbo].[states]" not in batch

        def test_gives_back_its_connection_at_the_end(self) -> None:
            scripted = server()
            cleaner = cleaner_of(scripted)

            cleaner.close()

            assert scripted.closed

    class WhenCountersAreSetBack:
        def test_lets_them_go_on_unless_it_is_told_otherwise(self) -> None:
            scripted = with_counter([])
            cleaner = cleaner_of(scripted)

            cleaner.reset(TEST, identity=Identity.KEEP)

            assert "CHECKIDENT" not in scripted.resets()[0]

        def test_sets_them_where_the_template_s_stand(self) -> None:
            scripted = with_counter([])
            cleaner = cleaner_of(scripted)

            cleaner.reset(TEST, identity=Identity.RESEED)

            assert (
                "(0, OBJECT_ID(N'[dbo].[orders]'), N'''[dbo].[orders]''', 0, 1, CONVERT(decimal(38, 0), NULL), 0)"
                in scripted.resets()[0]
            )

        def test_spreads_them(self) -> None:
            scripted = with_counter([])
            cleaner = cleaner_of(scripted)

            cleaner.reset(TEST, identity=Identity.SPREAD)

            assert (
                "(0, OBJECT_ID(N'[dbo].[orders]'), N'''[dbo].[orders]''', 1000, 1001, CONVERT(decimal(38, 0), NULL), 1)"
                in scripted.resets()[0]
            )

        def test_remembers_which_were_never_used(self) -> None:
            scripted = with_counter([[{"found": "fresh", "number": 0}]], [])
            cleaner = cleaner_of(scripted)
            cleaner.reset(TEST, identity=Identity.SPREAD)

            cleaner.reset(TEST, identity=Identity.RESEED)

            assert "(0, OBJECT_ID(N'[dbo].[orders]'), N'''[dbo].[orders]''', 0, 1, 1001, 1)" in scripted.resets()[1]

        def test_forgets_that_once_the_table_has_had_rows(self) -> None:
            scripted = with_counter([[{"found": "fresh", "number": 0}]], emptied(0), [])
            cleaner = cleaner_of(scripted)
            cleaner.reset(TEST, identity=Identity.SPREAD)
            cleaner.reset(TEST, identity=Identity.KEEP)

            cleaner.reset(TEST, identity=Identity.RESEED)

            assert (
                "(0, OBJECT_ID(N'[dbo].[orders]'), N'''[dbo].[orders]''', 0, 1, CONVERT(decimal(38, 0), NULL), 0)"
                in scripted.resets()[2]
            )

        def test_does_not_remember_counters_of_reference_data(self) -> None:
            scripted = with_counter([[{"found": "fresh", "number": -1}]], [])
            cleaner = cleaner_of(scripted)
            cleaner.reset(TEST, identity=Identity.SPREAD)

            cleaner.reset(TEST, identity=Identity.SPREAD)

            assert scripted.resets()[0] == scripted.resets()[1]

        def test_refuses_those_of_memory_optimized_tables(self) -> None:
            scripted = with_counter([], is_memory_optimized=True)
            cleaner = cleaner_of(scripted)

            with pytest.raises(CannotReset, match=r"memory-optimized tables cannot be set back: dbo\.orders"):
                cleaner.reset(TEST, identity=Identity.RESEED)

            assert scripted.resets() == []

        def test_restarts_sequences_where_the_template_s_stand(self) -> None:
            row = {"schema_name": "dbo", "name": "numbers", "start_value": 5, "increment_value": 1, "current_value": 5}
            row |= {"minimum_value": 1, "maximum_value": 99, "last_used_value": None}
            scripted = server(catalogue=[catalogue(sequences=[row])])
            cleaner = cleaner_of(scripted)

            for identity in Identity:
                cleaner.reset(TEST, identity=identity)

            restarts = ["ALTER SEQUENCE [dbo].[numbers] RESTART WITH 5;" in batch for batch in scripted.resets()]
            assert restarts == [False, True, True]

    class WhenRowsAreHidden:
        OFF = "ALTER SECURITY POLICY [sec].[tenants] WITH (STATE = OFF);"

        def test_switches_the_policy_off_and_on_again(self) -> None:
            scripted = with_policies(policy(2))
            cleaner = cleaner_of(scripted)

            cleaner.reset(TEST, identity=Identity.KEEP)

            (batch,) = scripted.resets()
            assert batch.count(self.OFF) == 1
            assert batch.endswith("[tenants] WITH (STATE = ON);\nCOMMIT TRANSACTION;\n")

        def test_sees_all_rows_of_reference_data(self) -> None:
            scripted = with_policies(policy(1))

            cleaner_of(scripted)

            (reading,) = [batch for batch in scripted.sent if "N'reference'" in batch]
            assert reading.startswith(f"BEGIN TRANSACTION;\n{self.OFF}\nSELECT N'reference'")
            assert reading.endswith("ROLLBACK TRANSACTION;\n")

        def test_compares_what_policies_say_with_what_they_said(self) -> None:
            scripted = with_policies(policy(1))
            cleaner = cleaner_of(scripted)

            cleaner.reset(TEST, identity=Identity.KEEP)

            stamps = [batch for batch in scripted.sent if "sys.foreign_keys" in batch and "HASHBYTES" in batch][-2:]
            assert ["sys.security_predicates" in batch for batch in stamps] == [True, True]

        def test_names_the_table_whose_policy_was_changed(self) -> None:
            changed: Answer = [[{"found": "changed"}]]
            other = policy(2, predicate_definition="(2)")
            cleaner = cleaner_of(with_policies(policies=[[[policy(2)]], [[other]]], reset=[changed]))

            with pytest.raises(CannotReset, match=r"has changed tables: dbo\.orders was changed\."):
                cleaner.reset(TEST, identity=Identity.KEEP)

        def test_refuses_a_login_that_may_not_switch_it_off(self) -> None:
            scripted = with_policies(policy(2, may_alter=0))

            with pytest.raises(CannotReset, match=r"dbo\.orders \(sec\.tenants\)"):
                cleaner_of(scripted)

            assert scripted.closed

    class WhenATransactionIsOpen:
        def test_ends_it_and_empties_the_tables_all_the_same(self) -> None:
            scripted = server(table(1, "orders"), reset=[[[LEAK]], emptied(0)])
            cleaner = cleaner_of(scripted)

            with pytest.raises(TransactionLeaked) as leaked:
                cleaner.reset(TEST, identity=Identity.KEEP)

            told = "session 57 (app) sleeping since 12:30:05 after 'INSERT INTO orders VALUES (@P1)'"
            assert (leaked.value.test, leaked.value.sessions) == (TEST, (told,))
            assert "KILL 57" in scripted.sent
            assert len(scripted.resets()) == 2

        def test_looks_for_it_before_and_not_after(self) -> None:
            scripted = server(table(1, "orders"), reset=[[[LEAK]], emptied(0)])
            cleaner = cleaner_of(scripted)

            with pytest.raises(TransactionLeaked):
                cleaner.reset(TEST, identity=Identity.KEEP)

            assert ["sys.dm_tran_session_transactions" in batch for batch in scripted.resets()] == [True, False]

        @pytest.mark.parametrize("error", [RowLocked("1222"), TransientFailure("1205")])
        def test_finds_it_when_a_lock_is_not_to_be_had(self, error: Exception) -> None:
            scripted = server(table(1, "orders"), reset=[error, emptied(0)], holders=[[[LEAK]]])
            cleaner = cleaner_of(scripted)

            with pytest.raises(TransactionLeaked, match="session 57"):
                cleaner.reset(TEST, identity=Identity.KEEP)

            assert "KILL 57" in scripted.sent

        def test_goes_on_if_it_has_ended_by_itself(self) -> None:
            scripted = server(table(1, "orders"), reset=[RowLocked("1222"), emptied(0)])
            cleaner = cleaner_of(scripted)

            outcome = cleaner.reset(TEST, identity=Identity.KEEP)

            assert (outcome.emptied, outcome.round_trips) == (("dbo.orders",), 3)

        def test_gives_up_if_the_lock_is_held_by_nobody_that_can_be_seen(self) -> None:
            scripted = server(table(1, "orders"), reset=[RowLocked("1222")])
            cleaner = cleaner_of(scripted)

            with pytest.raises(RowLocked):
                cleaner.reset(TEST, identity=Identity.KEEP)

        def test_takes_a_session_that_ends_meanwhile_for_ended(self) -> None:
            scripted = server(
                table(1, "orders"), reset=[[[LEAK]], emptied(0)], kill=[PersistentFailure("6106")], holders=[NOBODY]
            )
            cleaner = cleaner_of(scripted)

            with pytest.raises(TransactionLeaked):
                cleaner.reset(TEST, identity=Identity.KEEP)

        def test_says_so_if_the_login_may_not_end_it(self) -> None:
            scripted = server(
                table(1, "orders"), reset=[[[LEAK]]], kill=[PersistentFailure("6102")], holders=[[[LEAK]]]
            )
            cleaner = cleaner_of(scripted)

            with pytest.raises(PermissionDenied, match="session 57") as denied:
                cleaner.reset(TEST, identity=Identity.KEEP)

            assert "ALTER ANY CONNECTION" in denied.value.hint
            assert "tester" in denied.value.message

        def test_says_so_if_the_login_may_not_see_it(self) -> None:
            scripted = server(table(1, "orders"), may_see=[BLIND], reset=[RowLocked("1222")])
            cleaner = cleaner_of(scripted)

            with pytest.raises(PermissionDenied, match="tester may not see who holds it") as denied:
                cleaner.reset(TEST, identity=Identity.KEEP)

            assert "VIEW SERVER STATE" in denied.value.hint

        def test_does_not_look_where_the_login_may_not(self) -> None:
            scripted = server(table(1, "orders"), may_see=[BLIND])
            cleaner = cleaner_of(scripted)

            cleaner.reset(TEST, identity=Identity.KEEP)

            assert "sys.dm_tran" not in scripted.resets()[0]

    class WhenReferenceDataWereChanged:
        @pytest.mark.parametrize("now", [digest(0, 4, 42), digest(0, 3, 43)], ids=["other rows", "other values"])
        def test_names_the_tables(self, now: Mapping[str, object]) -> None:
            cleaner = cleaner_of(with_reference([[now]]))

            with pytest.raises(ReferenceDataChanged) as changed:
                cleaner.reset(TEST, identity=Identity.KEEP)

            assert (changed.value.test, changed.value.tables) == (TEST, ("dbo.states",))

        def test_says_so_also_of_a_test_that_left_a_transaction_open(self) -> None:
            cleaner = cleaner_of(with_reference([[LEAK]], [[digest(0, 4, 42)]]))

            with pytest.raises(ReferenceDataChanged):
                cleaner.reset(TEST, identity=Identity.KEEP)

        def test_says_so_if_their_rows_refer_to_one_that_has_to_go(self) -> None:
            scripted = with_reference(ReferenceViolation("547"))
            scripted.answers = {**scripted.answers, "SELECT N'reference'": [[[digest(0, 3, 42)]], [[digest(0, 3, 7)]]]}
            cleaner = cleaner_of(scripted)

            with pytest.raises(ReferenceDataChanged):
                cleaner.reset(TEST, identity=Identity.KEEP)

    class WhenTablesWereChanged:
        def test_names_them(self) -> None:
            before = catalogue([table(1, "orders"), table(2, "users"), table(4, "teams")], shapes=[shape(1, b"1")])
            after = catalogue(
                [table(1, "orders"), table(3, "new"), table(4, "teams", is_node=True)], shapes=[shape(1, b"2")]
            )
            scripted = server(catalogue=[before, after], reset=[[[{"found": "changed"}]]])
            cleaner = cleaner_of(scripted)

            with pytest.raises(CannotReset) as refused:
                cleaner.reset(TEST, identity=Identity.KEEP)

            assert refused.value.message == (
                f"{TEST} has changed tables: dbo.new was made; dbo.users was dropped; "
                "dbo.orders was changed; dbo.teams was changed."
            )

        def test_says_so_also_of_what_it_cannot_name(self) -> None:
            scripted = server(table(1, "orders"), reset=[[[{"found": "changed"}]]])
            cleaner = cleaner_of(scripted)

            with pytest.raises(CannotReset, match="one was dropped and made again"):
                cleaner.reset(TEST, identity=Identity.KEEP)

    class WhenSomebodyHasTakenTheDatabase:
        MINE, HIS = text_of(Mark(Kind.CLONE, "a" * 12, "f")), text_of(Mark(Kind.CLONE, "b" * 12, "f"))

        def test_asks_for_the_mark_before_anything_else(self) -> None:
            scripted = server(table(1, "orders"), identity=[[[{"name": "clone_1", "mark": self.MINE}]]])

            cleaner_of(scripted).reset(TEST, identity=Identity.KEEP)

            (batch,) = scripted.resets()
            assert batch.index(self.MINE) < batch.index("@leaked") < batch.index("@stamp")

        def test_refuses_it_and_tells_whose_it_is(self) -> None:
            identities = [[[{"name": "clone_1", "mark": mark}]] for mark in (self.MINE, self.HIS)]
            scripted = server(table(1, "orders"), identity=identities, reset=[[[{"found": "taken"}]]])

            with pytest.raises(NotOwned, match=r"database clone_1 .*found was the mark of the clone of run b"):
                cleaner_of(scripted).reset(TEST, identity=Identity.KEEP)

        def test_does_not_ask_where_there_was_no_mark(self) -> None:
            scripted = server(table(1, "orders"))

            cleaner_of(scripted).reset(TEST, identity=Identity.KEEP)

            assert "taken" not in scripted.resets()[0]

    class WhenARowCannotBeDeleted:
        def test_says_so(self) -> None:
            cleaner = cleaner_of(server(table(1, "orders"), reset=[ReferenceViolation("fk_x is violated")]))

            with pytest.raises(CannotReset, match="fk_x is violated"):
                cleaner.reset(TEST, identity=Identity.KEEP)

    class WhenItCannotBegin:
        def test_refuses_tables_that_cannot_be_emptied(self) -> None:
            scripted = server(table(1, "copied", is_replicated=True))

            with pytest.raises(CannotReset, match=r"dbo\.copied"):
                cleaner_of(scripted)

            assert scripted.closed

        def test_gives_back_its_connection(self) -> None:
            scripted = server(may_see=[PersistentFailure("no")])

            with pytest.raises(PersistentFailure):
                cleaner_of(scripted)

            assert scripted.closed


def test_the_batch_of_a_reset_is_told_from_others_by_its_transaction() -> None:
    scripted = server(table(1, "orders"))

    cleaner_of(scripted)

    assert [batch for batch in scripted.sent if RESET in batch] == []
