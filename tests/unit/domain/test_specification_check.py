from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import NewType
from uuid import UUID, uuid4

import pytest
from attrs import define, frozen

from corelib.domain.fields import (
    assigned_field,
    created_at_field,
    encrypted_field,
    removal_field,
    tenant_field,
    updated_by_field,
)
from corelib.domain.specification import Sort, Specification, ascending, where
from corelib.domain.specification_check import check, check_changes, check_sort, field_type, is_optional
from corelib.errors import InvalidSpecification, MisuseError

Number = NewType("Number", int)


class Kind(Enum):
    NEW = "new"


@frozen
class Money:
    amount: Decimal
    note: str | None = None


@frozen
class Contact:
    phone: str = encrypted_field()


@frozen
class Line:
    text: str
    secret: str = encrypted_field()


@define(eq=False)
class Order:
    id: UUID
    number: Number
    kind: Kind
    total: Money
    contact: Contact
    lines: list[Line]
    discount: Money | None = None
    due_at: datetime | None = None
    weight: Number | None = None
    name: str | None = encrypted_field()
    tenant: str | None = tenant_field()
    created_at: datetime | None = created_at_field()
    updated_by: str | None = updated_by_field()
    removed_at: datetime | None = removal_field()


@define(eq=False)
class Counter:
    id: int | None = assigned_field()


class TestCheck:
    class WhenAFieldIsEncrypted:
        @pytest.mark.parametrize(
            "specification",
            [
                where("name") == "Ada",
                where("name").starts_with("A"),
                where("name").one_of(["Ada"]),
                where("name").is_null(),
                ~(where("contact.phone") == "1"),
                where("lines").any(where("secret") == "s"),
            ],
        )
        def test_is_refused(self, specification: Specification) -> None:
            with pytest.raises(InvalidSpecification, match="is encrypted, so nothing can be found"):
                check(specification, Order)

        @pytest.mark.parametrize("path", ["name", "contact.phone"])
        def test_is_no_order_either(self, path: str) -> None:
            with pytest.raises(InvalidSpecification, match="is encrypted"):
                check_sort([ascending(path)], Order)

    class WhenAFieldHasARole:
        @pytest.mark.parametrize(
            ("specification", "kind"),
            [
                (where("tenant") == "a", Order),
                (where("removed_at").is_null(), Order),
                (where("created_at") < datetime(2026, 1, 1, tzinfo=UTC), Order),
                (where("id") > 1, Counter),
            ],
        )
        def test_can_be_looked_at(self, specification: Specification, kind: type) -> None:
            check(specification, kind)

    class WhenAFieldHasATypeOfItsOwnName:
        @pytest.mark.parametrize("path", ["number", "weight"])
        def test_is_of_the_type_behind_it(self, path: str) -> None:
            check(where(path) > 1, Order)
            check_sort([Sort(path)], Order)

            assert field_type(Order, path) is int


class TestIsOptional:
    @pytest.mark.parametrize(
        ("path", "optional"),
        [
            ("id", False),
            ("number", False),
            ("weight", True),
            ("total.amount", False),
            ("total.note", True),
            ("discount.amount", True),
            ("due_at", True),
        ],
    )
    def test_says_whether_none_may_be_found_there(self, path: str, optional: bool) -> None:
        assert is_optional(Order, path) is optional

    def test_refuses_an_unknown_field(self) -> None:
        with pytest.raises(InvalidSpecification, match="has no field 'size'"):
            is_optional(Order, "size")


class TestCheckChanges:
    class WhenTheyFit:
        @pytest.mark.parametrize(
            ("path", "value"),
            [
                ("number", 1),
                ("kind", Kind.NEW),
                ("total.amount", Decimal(1)),
                ("total.amount", 1),
                ("total.note", None),
                ("due_at", datetime(2026, 1, 1, tzinfo=UTC)),
                ("due_at", None),
                ("name", "Ada"),
                ("name", None),
                ("contact.phone", "1"),
            ],
        )
        def test_lets_them_pass(self, path: str, value: object) -> None:
            check_changes({path: value}, Order)

    class WhenThereAreNone:
        def test_refuses_the_call(self) -> None:
            with pytest.raises(MisuseError, match="nothing to change"):
                check_changes({}, Order)

    class WhenOneDoesNotFit:
        @pytest.mark.parametrize(
            ("path", "value", "message"),
            [
                ("size", 1, "has no field 'size'"),
                ("id", uuid4(), "is the identifier"),
                ("lines", [], "is a collection"),
                ("total", Money(Decimal(1)), "Order.total is a Money. Set its fields"),
                ("discount.amount", Decimal(1), "Order.discount may be None, so 'amount' in it cannot be set"),
                ("number", None, "may not be None"),
                ("total.amount", None, "may not be None"),
                ("number", "one", "is a int, so it cannot be set to this str"),
                ("number", True, "cannot be set to this bool"),
                ("kind", "new", "cannot be set to this str"),
                ("due_at", datetime(2026, 1, 1), "A datetime needs a time zone"),  # noqa: DTZ001 - the mistake
                ("tenant", "a", "is filled by the store"),
                ("removed_at", None, "is filled by the store"),
                ("created_at", None, "is filled by the store"),
                ("updated_by", "me", "is filled by the store"),
            ],
        )
        def test_refuses_it(self, path: str, value: object, message: str) -> None:
            with pytest.raises(InvalidSpecification, match=message):
                check_changes({"weight": 1, path: value}, Order)

        def test_refuses_an_assigned_identifier(self) -> None:
            with pytest.raises(InvalidSpecification, match="is the identifier"):
                check_changes({"id": 1}, Counter)

        def test_does_not_show_the_value(self) -> None:
            with pytest.raises(InvalidSpecification) as refused:
                check_changes({"name": 4711}, Order)

            assert "4711" not in str(refused.value)
