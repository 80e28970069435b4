"""What is found wrong when a class is mapped; every message names the field and the column."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import attrs
import pytest
from attrs import define, frozen

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa

from corelib.adapters.sqlalchemy import ExactDecimal, ExactInterval, Parts, Subclasses, UtcDateTime, mapped
from corelib.adapters.sqlalchemy.mapping import MappingError
from corelib.domain.fields import assigned_field, created_at_field, encrypted_field, updated_at_field
from corelib.errors import ConfigurationError


class Colour(Enum):
    RED = "red"
    BLUE = 2


class Grade(Enum):
    GOOD = 1


@frozen
class Isbn:
    group: str
    number: int


@frozen
class Shelf:
    """One field: takes the column of its owner's name."""

    label: str


@frozen
class Remark:
    """All of it may be missing."""

    text: str | None = None
    author: str | None = None


@frozen
class Page:
    text: str


def of(kind: Any) -> type:
    """A class with an identifier and a field of some kind."""
    return attrs.make_class("Book", {"id": attrs.field(type=str), "value": attrs.field(type=kind)})


def with_column(*columns: sa.Column[Any]) -> sa.Table:
    key = sa.Column("id", sa.Unicode(10), primary_key=True)
    return sa.Table("book", sa.MetaData(), key, *columns, sa.Column("version", sa.Integer))


def value(kind: Any, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column("value", kind, nullable=nullable)


FITTING: list[tuple[Any, Any]] = [
    (bool, sa.Boolean()),
    (int, sa.Integer()),
    (int, sa.BigInteger()),
    (str, sa.String(5)),
    (str, sa.Unicode(5)),
    (str, sa.UnicodeText()),
    (float, sa.Float()),
    (float, sa.Double()),
    (Decimal, sa.Numeric(10, 2)),
    (Decimal, ExactDecimal(10, 2)),
    (bytes, sa.LargeBinary()),
    (UUID, sa.Uuid()),
    (datetime, UtcDateTime()),
    (date, sa.Date()),
    (time, sa.Time()),
    (timedelta, ExactInterval()),
    (Grade, sa.SmallInteger()),
    (Shelf, sa.Unicode(5)),
    (list[str], sa.JSON()),
    (Isbn, sa.JSON()),
    (Isbn, sa.PickleType()),
]
UNFIT: list[tuple[Any, Any, str]] = [
    (int, sa.Unicode(5), "is a int, but the column is Unicode"),
    (str, sa.Integer(), "is a str, but the column is Integer"),
    (bool, sa.Integer(), "is a bool, but the column is Integer"),
    (Decimal, sa.Float(), "is a Decimal, but the column is Float"),
    (Decimal, sa.Integer(), r"Use ExactDecimal\(precision, scale\), which is exact on every engine"),
    (datetime, sa.DateTime(), "Use UtcDateTime, which keeps the instant"),
    (datetime, sa.Date(), "is a datetime, but the column is Date"),
    (date, UtcDateTime(), "is a date, but the column is UtcDateTime"),
    (UUID, sa.String(36), r"Use sa\.Uuid"),
    (Decimal, sa.Numeric(), "is a Decimal, but the column is Numeric"),
    (Decimal, sa.Numeric(10, 2, asdecimal=False), "is a Decimal, but the column is Numeric"),
    (timedelta, sa.Interval(), "Use ExactInterval, which keeps microseconds"),
    (bytes, sa.Unicode(5), "is a bytes, but the column is Unicode"),
    (Shelf, sa.Integer(), "is a str, but the column is Integer"),
    (Colour, sa.Unicode(5), "is the enum Colour, whose value is a int, but the column is Unicode"),
    (list[str], sa.Unicode(5), r"is a list\[str\], which no column can hold\. Use a sa\.JSON column"),
    (object, sa.Unicode(5), "is a object, which no column can hold"),
    (Isbn, sa.Unicode(5), "is a Isbn, which no column can hold"),
]


class TestMapped:
    @pytest.mark.parametrize(("kind", "column"), FITTING, ids=str)
    def test_takes_a_column_that_keeps_the_values_of_its_field(self, kind: Any, column: Any) -> None:
        mapping = mapped(of(kind), with_column(value(column)))

        assert mapping.shape.columns == ("id", "value")

    class WhenAColumnCannotKeepTheValuesOfItsField:
        @pytest.mark.parametrize(("kind", "column", "reason"), UNFIT, ids=str)
        def test_names_both_and_says_what_would(self, kind: Any, column: Any, reason: str) -> None:
            with pytest.raises(MappingError, match=rf"Book\.value, in the column book\.value, .*{reason}"):
                mapped(of(kind), with_column(value(column)))

        def test_names_the_path_of_a_value_object(self) -> None:
            table = with_column(sa.Column("value_group", sa.Unicode(5)), sa.Column("value_number", sa.Unicode(5)))

            with pytest.raises(MappingError, match=r"Book\.value\.number, in the column book\.value_number, is a int"):
                mapped(of(Isbn), table)

        def test_names_the_class_of_a_plain_part(self) -> None:
            page = sa.Table(
                *("page", sa.MetaData()),
                *(sa.Column("book_id", sa.Unicode(10), primary_key=True),),
                *(sa.Column("position", sa.Integer, primary_key=True), sa.Column("text", sa.Integer)),
            )
            parts = {"value": Parts(str, page, owner="book_id", value="text")}

            with pytest.raises(MappingError, match=r"str, in the column page\.text, is a str, but the column is Int"):
                mapped(of(list[str]), with_id(), parts=parts)

    class WhenAFieldMayBeNoneAndItsColumnMayNot:
        def test_names_both(self) -> None:
            with pytest.raises(
                MappingError, match=r"Book\.value, in the column book\.value, may be None, but the column is NOT NULL"
            ):
                mapped(of(str | None), with_column(value(sa.Unicode(5))))

        def test_names_the_column_within_an_optional_value_object(self) -> None:
            table = with_column(
                sa.Column("value_group", sa.Unicode(5), nullable=True),
                sa.Column("value_number", sa.Integer, nullable=False),
            )

            with pytest.raises(MappingError, match=r"Book\.value\.number, in the column book\.value_number, may be"):
                mapped(of(Isbn | None), table)

    class WhenAnOptionalValueObjectHasNoRequiredField:
        def test_says_that_none_and_an_empty_one_look_alike(self) -> None:
            table = with_column(
                sa.Column("value_text", sa.Unicode(5), nullable=True),
                sa.Column("value_author", sa.Unicode(5), nullable=True),
            )

            with pytest.raises(MappingError, match=r"Book\.value \(all fields of Remark may be None"):
                mapped(of(Remark | None), table)

    class WhenAJsonColumnWouldKeepNoneAsText:
        def test_names_both_and_says_what_to_do(self) -> None:
            with pytest.raises(
                MappingError, match=r"Book\.value, in the column book\.value, may be None.*none_as_null=True"
            ):
                mapped(of(list[str] | None), with_column(value(sa.JSON(), nullable=True)))

        def test_takes_one_that_keeps_null(self) -> None:
            mapping = mapped(of(list[str] | None), with_column(value(sa.JSON(none_as_null=True), nullable=True)))

            assert mapping.shape.columns == ("id", "value")

    class WhenAnEncryptedFieldHasAColumnThatIsNoText:
        def test_names_both(self) -> None:
            with pytest.raises(MappingError, match=r"Secret\.value, in the column book\.value, is encrypted, but the"):
                mapped(Secret, with_column(value(sa.LargeBinary())))

    class WhenTheIdentifierHasSeveralColumns:
        def test_takes_all_of_them_as_the_key(self) -> None:
            mapping = mapped(Composite, composite("id_group", "id_number"))

            assert [column.name for column in mapping.identifiers] == ["id_group", "id_number"]
            assert mapping.shape.key(Isbn("g", 7)) == ("g", 7)

        @pytest.mark.parametrize("key", [("id_group",), ("id_number", "id_group"), ()], ids=str)
        def test_names_the_key_that_the_table_needs(self, key: tuple[str, ...]) -> None:
            with pytest.raises(MappingError, match="needs the primary key `id_group`, `id_number` to hold Composite"):
                mapped(Composite, composite(*key))

        def test_needs_as_many_columns_in_the_table_of_parts(self) -> None:
            page = sa.Table("page", sa.MetaData(), sa.Column("owner", sa.Unicode(9)), sa.Column("text", sa.Unicode(9)))
            parts = {"pages": Parts(Page, page, owner="owner", position=None)}

            with pytest.raises(
                MappingError, match=r"Paged\.pages name 1 columns of their owner, whose identifier has 2"
            ):
                mapped(Paged, composite("id_group", "id_number"), parts=parts)

    class WhenTheClassHasNoIdentifier:
        def test_names_the_field(self) -> None:
            table = sa.Table("page", sa.MetaData(), sa.Column("text", sa.Unicode(9)), sa.Column("version", sa.Integer))

            with pytest.raises(MappingError, match="Page has no field `id`"):
                mapped(Page, table)

    class WhenPartsNameNoFieldAsTheirKey:
        def test_names_the_field(self) -> None:
            page = sa.Table(
                *("page", sa.MetaData()),
                *(sa.Column("book_id", sa.Unicode(9)), sa.Column("position", sa.Integer)),
                sa.Column("text", sa.Unicode(9)),
            )
            parts = {"value": Parts(Page, page, owner="book_id", key="number")}

            with pytest.raises(MappingError, match=r"Book\.value have no field number, named as their key"):
                mapped(of(list[Page]), with_id(), parts=parts)

    class WhenAFieldOfPartsIsNoCollection:
        @pytest.mark.parametrize("kind", [str, list, dict[str, str], Page])
        def test_says_how_to_annotate_it(self, kind: Any) -> None:
            page = sa.Table("page", sa.MetaData(), sa.Column("book_id"), sa.Column("text", sa.Unicode(9)))
            parts = {"value": Parts(Page, page, owner="book_id", position=None)}

            with pytest.raises(MappingError, match=r"Book\.value is no collection of parts\. Annotate it as list"):
                mapped(of(kind), with_id(), parts=parts)

    class WhenRolesDoNotFit:
        def test_refuses_an_assigned_field_that_is_not_the_identifier(self) -> None:
            with pytest.raises(MappingError, match=r"Numbered\.value is an assigned_field\(\), which only `id` can be"):
                mapped(Numbered, with_column(value(sa.Integer())))

        def test_refuses_an_assigned_identifier_that_is_no_number(self) -> None:
            with pytest.raises(MappingError, match=r"Assigned\.id is assigned by the store, so its column must be an"):
                mapped(Assigned, with_id())

        def test_refuses_two_fields_with_the_same_role(self) -> None:
            table = with_column(sa.Column("first", UtcDateTime), sa.Column("second", UtcDateTime))

            with pytest.raises(MappingError, match="Twice has two fields for 'updated at': first and second"):
                mapped(Twice, table)

        def test_knows_the_columns_of_roles(self) -> None:
            mapping = mapped(Stamped, with_column(sa.Column("made", UtcDateTime)))

            assert list(mapping.roles.values()) == [("made",)]

    class WhenAClassOfAHierarchyDoesNotDeriveFromTheMappedOne:
        def test_names_both(self) -> None:
            with pytest.raises(ConfigurationError, match="Page does not derive from Stamped, in whose table it lies"):
                mapped(
                    Stamped,
                    with_column(sa.Column("made", UtcDateTime), sa.Column("kind", sa.Unicode(5))),
                    subclasses=Subclasses("kind", {"page": Page}),
                )

        def test_refuses_a_hierarchy_without_classes(self) -> None:
            with pytest.raises(ConfigurationError, match="need at least one entry in classes"):
                Subclasses("kind", {})

    class WhenTheTableOfAHierarchyDoesNotFit:
        def test_names_the_field_without_a_column(self) -> None:
            with pytest.raises(MappingError, match=r"no column for Stamped\.made\."):
                mapped(
                    Stamped,
                    with_column(sa.Column("kind", sa.Unicode(5))),
                    subclasses=Subclasses("kind", {"a": Stamped}),
                )

        def test_names_the_column_that_tells_the_classes_apart(self) -> None:
            with pytest.raises(MappingError, match=r"no column for Stamped\.kind\."):
                mapped(
                    Stamped, with_column(sa.Column("made", UtcDateTime)), subclasses=Subclasses("kind", {"a": Stamped})
                )

        def test_names_a_column_of_one_class_that_may_not_be_null(self) -> None:
            table = with_column(
                sa.Column("made", UtcDateTime),
                sa.Column("kind", sa.Unicode(5)),
                sa.Column("ink", sa.Unicode(5), nullable=False),
            )

            with pytest.raises(MappingError, match=r"Stamped\.ink, in the column book\.ink, may be None"):
                mapped(Stamped, table, subclasses=Subclasses("kind", {"a": Stamped, "b": Inked}))


def with_id() -> sa.Table:
    return with_column()


def composite(*key: str) -> sa.Table:
    columns = [sa.Column("id_group", sa.Unicode(9)), sa.Column("id_number", sa.Integer)]
    table = sa.Table("book", sa.MetaData(), *columns, sa.Column("version", sa.Integer))
    table.append_constraint(sa.PrimaryKeyConstraint(*key))
    return table


@define(eq=False)
class Composite:
    id: Isbn


@define(eq=False)
class Paged:
    id: Isbn
    pages: list[Page]


@define(eq=False)
class Secret:
    id: str
    value: str = encrypted_field()


@define(eq=False)
class Numbered:
    id: str
    value: int | None = assigned_field()


@define(eq=False)
class Assigned:
    id: int | None = assigned_field()


@define(eq=False)
class Twice:
    id: str
    first: datetime | None = updated_at_field()
    second: datetime | None = updated_at_field()


@define(eq=False)
class Stamped:
    id: str
    made: datetime | None = created_at_field()


@define(eq=False, kw_only=True)
class Inked(Stamped):
    ink: str
