from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest
from attrs import define, field, frozen

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa

from corelib.adapters.sqlalchemy import Parts, mapped
from corelib.adapters.sqlalchemy.mapping import MappingError
from corelib.errors import ConfigurationError

if TYPE_CHECKING:
    from fractions import Fraction


@frozen
class Price:
    amount: str
    currency: str


@frozen
class Page:
    text: str


@define(eq=False)
class Book:
    id: str
    title: str


@define(eq=False)
class PricedBook:
    id: str
    price: Price


@define(eq=False)
class PagedBook:
    id: str
    pages: list[Page]


@define(eq=False)
class VersionedBook:
    id: str
    version: int


@define(eq=False)
class CountedBook:
    id: str
    readers: int = field(default=0, init=False)


@define(eq=False)
class DividedBook:
    id: str
    share: Fraction


@frozen
class PlacedPage:
    position: str
    text: str


class Pamphlet:
    id: str


def table(*columns: str, name: str = "book", key: str = "id") -> sa.Table:
    return sa.Table(
        name, sa.MetaData(), *(sa.Column(column, sa.Unicode(10), primary_key=column == key) for column in columns)
    )


def page_table(*columns: str) -> sa.Table:
    return table(*columns, name="page", key="position")


class TestMapped:
    def test_takes_fields_to_the_columns_of_their_names(self) -> None:
        mapping = mapped(Book, table("id", "title", "version"))

        assert mapping.shape.columns == ("id", "title")

    def test_takes_a_value_object_to_the_columns_that_begin_with_its_name(self) -> None:
        mapping = mapped(PricedBook, table("id", "price_amount", "price_currency", "version"))

        assert mapping.shape.columns == ("id", "price_amount", "price_currency")

    def test_takes_parts_to_a_table_of_their_own(self) -> None:
        book, page = table("id", "version"), page_table("book_id", "position", "text")

        mapping = mapped(PagedBook, book, parts={"pages": Parts(Page, page, owner="book_id")})

        assert mapping.shape.columns == ("id",)
        assert mapping.parts["pages"].shape.columns == ("text",)
        assert mapping.tables == (book, page)

    def test_knows_the_columns_that_it_keeps_itself(self) -> None:
        book, page = table("id", "version"), page_table("book_id", "position", "text")

        mapping = mapped(PagedBook, book, parts={"pages": Parts(Page, page, owner="book_id")})

        assert (mapping.identifier, mapping.version) == (book.c["id"], book.c["version"])
        assert (mapping.parts["pages"].owner, mapping.parts["pages"].position) == (
            page.c["book_id"],
            page.c["position"],
        )

    class WhenTheClassIsNotOfAttrs:
        def test_says_how_to_make_it_one(self) -> None:
            with pytest.raises(MappingError, match=r"Pamphlet is not an attrs class\. Put @define above it\."):
                mapped(Pamphlet, table("id", "version"))

    class WhenThePrimaryKeyIsAnother:
        def test_names_the_table_and_the_key_that_it_needs(self) -> None:
            with pytest.raises(MappingError, match=r"book needs the primary key `id` to hold Book\. It has: title\."):
                mapped(Book, table("id", "title", "version", key="title"))

    class WhenThereIsNoColumnForTheVersion:
        def test_names_the_table_and_the_column(self) -> None:
            with pytest.raises(MappingError, match="table book needs an integer column `version`"):
                mapped(Book, table("id", "title"))

    class WhenAFieldHasNoColumn:
        def test_names_the_field(self) -> None:
            with pytest.raises(MappingError, match=r"table book has no column for Book\.title\."):
                mapped(Book, table("id", "version"))

        def test_lists_the_columns_that_there_are(self) -> None:
            with pytest.raises(MappingError) as caught:
                mapped(Book, table("id", "name", "version"))

            assert caught.value.hint == "It has: id, name, version."

        def test_is_a_fault_of_the_configuration(self) -> None:
            with pytest.raises(ConfigurationError):
                mapped(Book, table("id", "version"))

    class WhenAFieldOfAValueObjectHasNoColumn:
        def test_names_the_column_that_it_would_take(self) -> None:
            with pytest.raises(MappingError, match=r"table book has no column for PricedBook\.price_currency\."):
                mapped(PricedBook, table("id", "price_amount", "version"))

    class WhenAFieldIsNoArgumentOfTheClass:
        def test_says_that_it_could_not_be_read_back(self) -> None:
            with pytest.raises(
                MappingError, match=r"CountedBook\.readers \(it is no argument of the class, so it could"
            ):
                mapped(CountedBook, table("id", "readers", "version"))

    class WhenAColumnHasNoField:
        def test_names_the_column_and_the_class(self) -> None:
            with pytest.raises(MappingError, match=r"Book has no field for the column book\.shelf\."):
                mapped(Book, table("id", "title", "shelf", "version"))

        def test_says_what_to_do(self) -> None:
            with pytest.raises(MappingError) as caught:
                mapped(Book, table("id", "title", "shelf", "version"))

            assert caught.value.hint == "Add the field, or take the column out of the mapped table."

    class WhenAFieldTakesTheColumnOfTheVersion:
        def test_names_the_class_and_the_column(self) -> None:
            with pytest.raises(
                MappingError, match=r"VersionedBook has a field for the column book\.version, which the"
            ):
                mapped(VersionedBook, table("id", "version"))

    class WhenTheClassOfAFieldIsUnknownAtRunTime:
        def test_names_the_class_that_is_missing(self) -> None:
            with pytest.raises(MappingError, match=r"DividedBook has a field whose class .*'Fraction'"):
                mapped(DividedBook, table("id", "share", "version"))

    class WhenPartsAreMappedForNoField:
        def test_names_the_field_that_is_missing(self) -> None:
            page = page_table("book_id", "position", "text")

            with pytest.raises(MappingError, match="PagedBook has no field chapters, for which parts are mapped"):
                mapped(PagedBook, table("id", "version"), parts={"chapters": Parts(Page, page, owner="book_id")})

    class WhenPartsHaveNoTable:
        def test_asks_for_a_column_as_for_any_field(self) -> None:
            with pytest.raises(MappingError, match=r"table book has no column for PagedBook\.pages\."):
                mapped(PagedBook, table("id", "version"))

    class WhenTheTableOfThePartsLacksAColumn:
        @pytest.mark.parametrize(
            ("columns", "missing"),
            [
                (("position", "text"), "book_id"),
                (("book_id", "text"), "position"),
                (("text",), "book_id, position"),
            ],
        )
        def test_names_the_columns_that_the_mapping_names(self, columns: tuple[str, ...], missing: str) -> None:
            parts = {"pages": Parts(Page, page_table(*columns), owner="book_id")}

            with pytest.raises(MappingError, match=f"table page has no column {missing}, which its mapping names"):
                mapped(PagedBook, table("id", "version"), parts=parts)

        def test_names_the_field_of_the_part(self) -> None:
            parts = {"pages": Parts(Page, page_table("book_id", "position"), owner="book_id")}

            with pytest.raises(MappingError, match=r"table page has no column for Page\.text\."):
                mapped(PagedBook, table("id", "version"), parts=parts)

    class WhenTheTableOfThePartsHasAColumnTooMany:
        def test_names_the_column(self) -> None:
            parts = {"pages": Parts(Page, page_table("book_id", "position", "text", "ink"), owner="book_id")}

            with pytest.raises(MappingError, match=r"Page has no field for the column page\.ink\."):
                mapped(PagedBook, table("id", "version"), parts=parts)

    class WhenAPartHasAFieldForItsPosition:
        def test_names_the_column_that_the_adapter_keeps(self) -> None:
            parts = {"pages": Parts(PlacedPage, page_table("book_id", "position", "text"), owner="book_id")}

            with pytest.raises(MappingError, match=r"PlacedPage has a field for the column page\.position, which the"):
                mapped(PagedBook, table("id", "version"), parts=parts)

        def test_takes_another_column_for_the_position(self) -> None:
            page = page_table("book_id", "place", "position", "text")

            mapping = mapped(
                PagedBook,
                table("id", "version"),
                parts={"pages": Parts(PlacedPage, page, owner="book_id", position="place")},
            )

            assert mapping.parts["pages"].shape.columns == ("position", "text")

    def test_leaves_the_class_as_it_was(self) -> None:
        before = attrs.fields_dict(Book).keys()

        mapped(Book, table("id", "title", "version"))

        assert attrs.fields_dict(Book).keys() == before
        assert not hasattr(Book, "__table__")
