from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import define, field, frozen

from corelib.domain.fields import (
    Role,
    created_at_field,
    created_by_field,
    removal_field,
    tenant_field,
    updated_at_field,
    updated_by_field,
)
from corelib.domain.specification_evaluation import satisfies
from corelib.domain.stamping import (
    field_of,
    give_to_tenant,
    presence,
    removal_of,
    stamp_changed,
    stamp_new,
    stamps,
    tenant_for,
)
from corelib.errors import MisuseError, TenantMissing

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


@define(eq=False)
class Note:
    id: str = "N-1"
    made_at: datetime | None = created_at_field()
    made_by: str | None = created_by_field()
    seen_at: datetime | None = updated_at_field()
    seen_by: str | None = updated_by_field()
    owner: str | None = tenant_field()
    gone_at: datetime | None = removal_field()


@frozen(eq=False)
class Leaf:
    id: str = "L-1"
    made_at: datetime | None = created_at_field()
    owner: str | None = tenant_field()


@define(eq=False)
class Bin:
    id: str = "B-1"
    gone_at: datetime | None = removal_field()


@define(eq=False)
class Plain:
    id: str = "P-1"
    made_at: datetime | None = field(default=None)


class TestStampNew:
    def test_says_when_and_by_whom_it_was_first_and_last_written(self) -> None:
        note = Note()

        stamp_new(note, NOON, "ada")

        assert (note.made_at, note.made_by, note.seen_at, note.seen_by) == (NOON, "ada", NOON, "ada")

    def test_sets_the_one_field_of_a_frozen_class(self) -> None:
        leaf = Leaf()

        stamp_new(leaf, NOON, None)

        assert leaf.made_at == NOON

    def test_leaves_classes_alone_that_have_not_opted_in(self) -> None:
        plain = Plain()

        stamp_new(plain, NOON, "ada")

        assert plain.made_at is None


class TestStampChanged:
    def test_says_when_and_by_whom_it_was_last_written(self) -> None:
        note = Note()
        stamp_new(note, NOON, "ada")

        stamp_changed(note, LATER, None)

        assert (note.made_at, note.made_by, note.seen_at, note.seen_by) == (NOON, "ada", LATER, None)


class TestStamps:
    def test_names_the_fields_of_the_last_writing(self) -> None:
        assert stamps(Note, NOON, "ada") == {"seen_at": NOON, "seen_by": "ada"}

    def test_is_empty_without_such_fields(self) -> None:
        assert stamps(Plain, NOON, "ada") == {}


class TestFieldOf:
    def test_names_the_field_or_none(self) -> None:
        assert (field_of(Note, Role.TENANT), field_of(Plain, Role.TENANT)) == ("owner", None)


class TestTenantFor:
    def test_is_the_tenant_of_the_context_for_classes_with_tenants(self) -> None:
        assert (tenant_for(Note, "a"), tenant_for(Plain, "a"), tenant_for(Plain, None)) == ("a", None, None)

    def test_is_missing_without_one(self) -> None:
        with pytest.raises(TenantMissing, match="Note belongs to tenants"):
            tenant_for(Note, None)


class TestGiveToTenant:
    @pytest.mark.parametrize("kind", [Note, Leaf])
    def test_fills_the_field(self, kind: type) -> None:
        aggregate = kind()

        give_to_tenant(aggregate, "a")

        assert aggregate.owner == "a"

    def test_takes_one_that_is_its_own(self) -> None:
        note = Note(owner="a")

        give_to_tenant(note, "a")

        assert note.owner == "a"

    def test_refuses_that_of_another_without_naming_him(self) -> None:
        with pytest.raises(MisuseError, match="belongs to another tenant") as refused:
            give_to_tenant(Note(owner="rival"), "a")

        assert "rival" not in str(refused.value)

    def test_needs_a_tenant(self) -> None:
        with pytest.raises(TenantMissing):
            give_to_tenant(Note(owner="a"), None)

    def test_leaves_other_classes_alone(self) -> None:
        give_to_tenant(Plain(), None)


class TestPresence:
    @pytest.mark.parametrize("removed", [False, True])
    def test_shows_what_belongs_to_the_tenant_and_is_or_is_not_removed(self, removed: bool) -> None:
        notes = [Note(owner=owner, gone_at=gone_at) for owner in ("a", "b") for gone_at in (None, NOON)]

        shown = presence(Note, "a", removed=removed)

        assert shown is not None
        assert [note for note in notes if satisfies(note, shown)] == [notes[1 if removed else 0]]

    def test_is_one_condition_where_one_is_enough(self) -> None:
        removed, leaf = presence(Bin, None, removed=True), presence(Leaf, "a")

        assert removed is not None
        assert leaf is not None
        assert [satisfies(Bin(gone_at=at), removed) for at in (None, NOON)] == [False, True]
        assert [satisfies(Leaf(owner=owner), leaf) for owner in ("a", "b")] == [True, False]

    def test_is_no_condition_for_other_classes(self) -> None:
        assert presence(Plain, None) is None

    def test_needs_a_tenant(self) -> None:
        with pytest.raises(TenantMissing):
            presence(Leaf, None)

    @pytest.mark.parametrize("kind", [Leaf, Plain])
    def test_refuses_to_show_removed_ones_of_classes_that_keep_none(self, kind: type) -> None:
        with pytest.raises(MisuseError, match="has no removal_field"):
            presence(kind, "a", removed=True)


class TestRemovalOf:
    def test_names_the_field(self) -> None:
        assert removal_of(Bin) == "gone_at"
