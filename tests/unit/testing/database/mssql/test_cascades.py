from __future__ import annotations

from attrs import evolve

from corelib.testing.database.mssql.cascades import Cascades
from corelib.testing.database.planning.catalogue import ForeignKey, OnDelete, Table, TableName, Trigger

GONE = Trigger("gone")
CHANGED = Trigger("changed", on_delete=False, on_update=True)
OFF = Trigger("off", enabled=False)


def table(name: str) -> Table:
    return Table(TableName("dbo", name), triggers=(GONE, CHANGED, OFF))


def key(child: Table, parent: Table, on_delete: OnDelete, *, name: str = "fk", enabled: bool = True) -> ForeignKey:
    return ForeignKey(name, child.name, parent.name, on_delete=on_delete, enabled=enabled)


A, B, C = table("a"), table("b"), table("c")


def fired(*keys: ForeignKey) -> list[tuple[str, Trigger]]:
    """What a deletion of all rows of `a` may fire."""
    return [(name.name, trigger) for name, trigger in Cascades.of((A, B, C), keys).fired_by(A.name)]


class TestCascades:
    def test_fire_what_the_table_has_for_delete(self) -> None:
        assert fired() == [("a", GONE)]

    def test_reach_the_children_of_children(self) -> None:
        keys = (key(B, A, OnDelete.CASCADE), key(C, B, OnDelete.CASCADE))

        assert fired(*keys) == [("a", GONE), ("b", GONE), ("c", GONE)]

    def test_change_children_whose_keys_are_set(self) -> None:
        keys = (key(B, A, OnDelete.SET_NULL), key(C, A, OnDelete.SET_DEFAULT))

        assert fired(*keys) == [("a", GONE), ("b", CHANGED), ("c", CHANGED)]

    def test_end_at_a_child_that_is_changed(self) -> None:
        keys = (key(B, A, OnDelete.SET_NULL), key(C, B, OnDelete.CASCADE))

        assert fired(*keys) == [("a", GONE), ("b", CHANGED)]

    def test_leave_out_children_that_only_forbid(self) -> None:
        assert fired(key(B, A, OnDelete.NO_ACTION), key(C, A, OnDelete.RESTRICT)) == [("a", GONE)]

    def test_leave_out_keys_that_are_not_checked(self) -> None:
        assert fired(key(B, A, OnDelete.CASCADE, enabled=False)) == [("a", GONE)]

    def test_come_to_an_end_in_a_cycle(self) -> None:
        keys = (key(B, A, OnDelete.CASCADE), key(A, B, OnDelete.CASCADE), key(A, A, OnDelete.CASCADE))

        assert fired(*keys) == [("a", GONE), ("b", GONE)]

    def test_name_each_trigger_once(self) -> None:
        twice = key(B, A, OnDelete.SET_NULL)

        assert fired(twice, evolve(twice, name="fk_2")) == [("a", GONE), ("b", CHANGED)]
