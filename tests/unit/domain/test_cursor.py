from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import NewType
from uuid import UUID, uuid4

import pytest
from attrs import define, frozen
from hypothesis import given
from hypothesis import strategies as st

from corelib.domain.cursor import LONGEST, after, decode_cursor, encode_cursor
from corelib.domain.specification import Sort, ascending, descending
from corelib.domain.specification_evaluation import in_order, satisfies, sortable
from corelib.errors import InvalidCursor, MisuseError

Number = NewType("Number", int)


class Colour(Enum):
    RED = "red"


class Isbn(str):
    __slots__ = ()


@frozen
class Place:
    shelf: str
    number: int


@frozen
class Money:
    amount: Decimal


@define(eq=False)
class Book:
    id: UUID
    title: str | None = None
    pages: Number = Number(0)
    weight: float = 0.0
    price: Money | None = None
    printed: date | None = None
    lent_at: datetime | None = None
    lent_for: timedelta | None = None
    sold: bool = False


@define(eq=False)
class Slot:
    id: Place
    label: str = ""


@define(eq=False)
class Edition:
    id: Isbn


@define(eq=False)
class Paint:
    id: Colour


IDENTIFIER = UUID(int=7)
EVERYTHING = [
    ascending("title"),
    descending("pages"),
    ascending("weight"),
    ascending("price.amount"),
    ascending("printed"),
    descending("lent_at"),
    ascending("lent_for"),
]

titles = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
books = st.builds(
    Book,
    id=st.uuids(),
    title=titles,
    pages=st.integers().map(Number),
    weight=st.floats(allow_nan=False),
    price=st.none() | st.builds(Money, st.decimals(allow_nan=False, allow_infinity=False)),
    printed=st.none() | st.dates(),
    lent_at=st.none() | st.datetimes(timezones=st.timezones()),
    lent_for=st.none() | st.timedeltas(),
)
few = st.builds(
    Book,
    id=st.uuids(),
    title=st.sampled_from([None, "", "a", "A", "\U00020bb7", "\ufb01"]),
    pages=st.integers(0, 2).map(Number),
    price=st.sampled_from([None, Money(Decimal("1.0")), Money(Decimal("1.00")), Money(Decimal(2))]),
)
sorts = st.lists(
    st.builds(Sort, st.sampled_from(["title", "pages", "price.amount"]), st.booleans()), unique_by=lambda s: s.path
)


def values_of(book: Book, sort: Sequence[Sort]) -> list[object]:
    known = {
        "title": book.title,
        "pages": book.pages,
        "weight": book.weight,
        "price.amount": book.price.amount if book.price else None,
        "printed": book.printed,
        "lent_at": book.lent_at,
        "lent_for": book.lent_for,
    }
    return [known[entry.path] for entry in sort]


def written(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")


def fingerprint(cursor: str) -> object:
    return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[0]


def comparable(values: Sequence[object]) -> list[object]:
    """Values with instants counted: of two zones, `==` takes none for equal that a change of the clock repeats."""
    return [value - EPOCH if isinstance(value, datetime) else value for value in values]


class TestEncodeCursor:
    def test_is_safe_in_a_url(self) -> None:
        cursor = encode_cursor(Book, [ascending("title")], ["\U0001f9ea?&=/+ \n"], IDENTIFIER)

        assert cursor.replace("-", "").replace("_", "").isalnum()

    def test_differs_with_class_sort_and_direction(self) -> None:
        cursors = {
            encode_cursor(Book, [], [], IDENTIFIER),
            encode_cursor(Book, [ascending("pages")], [1], IDENTIFIER),
            encode_cursor(Book, [descending("pages")], [1], IDENTIFIER),
            encode_cursor(Slot, [], [], Place("a", 1)),
        }

        assert len({fingerprint(cursor) for cursor in cursors}) == 4

    @pytest.mark.parametrize(
        ("kind", "sort", "values", "identifier", "message"),
        [
            (Paint, [], [], Colour.RED, "Colour cannot be put into a cursor"),
            (Book, [], [], "text", "str cannot be put into a cursor as UUID"),
            (Book, [], [], None, "NoneType cannot be put"),
            (Book, [ascending("pages")], [True], IDENTIFIER, "bool cannot be put"),
            (Book, [ascending("title")], ["x" * LONGEST], IDENTIFIER, "too long for a cursor"),
            (Book, [ascending("title")], ["\ud800"], IDENTIFIER, "surrogate"),
        ],
    )
    def test_refuses_what_no_cursor_holds(
        self, kind: type, sort: list[Sort], values: list[object], identifier: object, message: str
    ) -> None:
        with pytest.raises(MisuseError, match=message):
            encode_cursor(kind, sort, values, identifier)


class TestDecodeCursor:
    class WhenTheCursorIsAsItWasMade:
        @given(book=books)
        def test_returns_what_it_was_made_of(self, book: Book) -> None:
            values = values_of(book, EVERYTHING)

            decoded, identifier = decode_cursor(encode_cursor(Book, EVERYTHING, values, book.id), Book, EVERYTHING)

            assert (comparable(decoded), identifier) == (comparable(values), book.id)

        @pytest.mark.parametrize(
            ("kind", "identifier"), [(Slot, Place("a", 1)), (Edition, Isbn("3-16")), (Book, IDENTIFIER)]
        )
        def test_returns_identifiers_of_their_class(self, kind: type, identifier: object) -> None:
            _, found = decode_cursor(encode_cursor(kind, [], [], identifier), kind, [])

            assert (found, type(found)) == (identifier, type(identifier))

        def test_takes_whole_numbers_for_decimals_and_floats(self) -> None:
            sort = [ascending("weight"), ascending("price.amount")]

            values, _ = decode_cursor(encode_cursor(Book, sort, [1, 2], IDENTIFIER), Book, sort)

            assert (values, [type(value) for value in values]) == ((1.0, Decimal(2)), [float, Decimal])

        def test_keeps_instants_of_other_zones(self) -> None:
            noon = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=timezone(-timedelta(hours=5)))
            sort = [ascending("lent_at")]

            values, _ = decode_cursor(encode_cursor(Book, sort, [noon], IDENTIFIER), Book, sort)

            assert values == (noon,)

    class WhenTheCursorIsForSomethingElse:
        @pytest.mark.parametrize("sort", [[], [descending("pages")], [ascending("title")], [ascending("pages")] * 2])
        def test_is_refused_for_another_sort(self, sort: list[Sort]) -> None:
            cursor = encode_cursor(Book, [ascending("pages")], [1], IDENTIFIER)

            with pytest.raises(InvalidCursor, match="for other aggregates, or for another order"):
                decode_cursor(cursor, Book, sort)

        def test_is_refused_for_another_class(self) -> None:
            cursor = encode_cursor(Book, [], [], IDENTIFIER)

            with pytest.raises(InvalidCursor, match="for other aggregates"):
                decode_cursor(cursor, Edition, [])

    class WhenTheCursorWasChanged:
        @pytest.mark.parametrize(
            "cursor",
            [
                "",
                "=",
                "a",
                "garbage!",
                "ä" * 8,
                "MTIz",
                written(),
                written({"a": 1}),
                written("a", "b", "c"),
                base64.urlsafe_b64encode(b'{"a":1,"b":[],"c":3}').decode(),
                base64.urlsafe_b64encode(b"[" * 20_000).decode(),
                base64.urlsafe_b64encode(b"\xff\xfe\xfd").decode(),
            ],
        )
        def test_is_refused_without_meaning(self, cursor: str) -> None:
            with pytest.raises(InvalidCursor, match="is none, or was changed"):
                decode_cursor(cursor, Book, [])

        def test_is_refused_if_it_is_huge(self) -> None:
            with pytest.raises(InvalidCursor, match="longer than any cursor"):
                decode_cursor("A" * (LONGEST + 1), Book, [])

        @given(data=st.data())
        def test_is_refused_or_means_what_its_text_says(self, data: st.DataObject) -> None:
            sort = [ascending("title"), descending("pages")]
            cursor = encode_cursor(Book, sort, ["a title", 12], IDENTIFIER)
            place = data.draw(st.integers(0, len(cursor) - 1))
            changed = cursor[:place] + data.draw(st.sampled_from(["", "A", "=", "-", "\n", "é"])) + cursor[place + 1 :]

            try:
                values, identifier = decode_cursor(changed, Book, sort)
            except InvalidCursor:
                return

            assert encode_cursor(Book, sort, values, identifier) == changed

        @pytest.mark.parametrize(
            ("path", "value"),
            [
                ("pages", None),
                ("pages", True),
                ("pages", 1.0),
                ("pages", "1"),
                ("title", 1),
                ("title", "\ud800"),
                ("weight", "nan"),
                ("weight", 1.5),
                ("weight", "1e0"),
                ("price.amount", "Infinity"),
                ("price.amount", "NaN"),
                ("price.amount", "one"),
                ("price.amount", 1),
                ("printed", "2026-13-01"),
                ("printed", "20260101"),
                ("lent_at", "2026-01-01T00:00:00"),
                ("lent_at", "2026-01-01T00:00:00Z"),
                ("lent_for", 10**30),
                ("lent_for", 1.5),
                ("title", ["a"]),
            ],
        )
        def test_is_refused_with_a_value_that_the_field_cannot_have(self, path: str, value: object) -> None:
            sort = [ascending(path)]
            made = fingerprint(encode_cursor(Book, sort, [None], IDENTIFIER))

            with pytest.raises(InvalidCursor):
                decode_cursor(written(made, [value], str(IDENTIFIER)), Book, sort)

        @pytest.mark.parametrize("key", [None, 1, "no uuid", IDENTIFIER.hex, f"{{{IDENTIFIER}}}", [str(IDENTIFIER)]])
        def test_is_refused_with_another_kind_of_identifier(self, key: object) -> None:
            made = fingerprint(encode_cursor(Book, [], [], IDENTIFIER))

            with pytest.raises(InvalidCursor):
                decode_cursor(written(made, [], key), Book, [])

        @pytest.mark.parametrize("key", [None, "a", [], ["a"], ["a", "1"], ["a", 1, 2], [None, 1]])
        def test_is_refused_with_a_composite_identifier_that_does_not_fit(self, key: object) -> None:
            made = fingerprint(encode_cursor(Slot, [], [], Place("a", 1)))

            with pytest.raises(InvalidCursor):
                decode_cursor(written(made, [], key), Slot, [])

        @pytest.mark.parametrize(("kind", "value"), [(Book, False), (Paint, "red")])
        def test_is_refused_for_fields_that_have_no_order(self, kind: type, value: object) -> None:
            made = fingerprint(encode_cursor(Book, [], [], IDENTIFIER))

            with pytest.raises(InvalidCursor):
                decode_cursor(written(made, [], value), kind, [])

        def test_is_refused_for_an_identifier_that_is_an_enum(self) -> None:
            made = hashlib.sha256(b'["Paint"]').hexdigest()[:12]

            with pytest.raises(InvalidCursor, match="was changed"):
                decode_cursor(written(made, [], "red"), Paint, [])


class TestAfter:
    @given(made=st.lists(few, max_size=8, unique_by=lambda book: book.id), sort=sorts, typed=st.booleans())
    def test_is_true_of_exactly_those_that_follow(self, made: list[Book], sort: list[Sort], typed: bool) -> None:
        ordered = in_order(sorted(made, key=lambda book: book.id), sort)

        for place, book in enumerate(ordered):
            following = after(sort, values_of(book, sort), book.id, Book if typed else None)

            assert [other for other in ordered if satisfies(other, following)] == ordered[place + 1 :]

    def test_goes_by_the_fields_of_a_composite_identifier(self) -> None:
        slots = [Slot(Place(shelf, number)) for shelf, number in [("a", 2), ("a", 10), ("b", 1)]]

        following = after([], [], Place("a", 2))

        assert [slot.id for slot in slots if satisfies(slot, following)] == [Place("a", 10), Place("b", 1)]
        assert sortable(Place("a", 2)) == ("a", 2)

    def test_is_short_for_fields_that_are_never_missing(self) -> None:
        identifier = uuid4()

        assert "IsNull" not in repr(after([ascending("pages")], [1], identifier, Book))
        assert "IsNull" in repr(after([ascending("pages")], [1], identifier))
        assert "IsNull" in repr(after([ascending("title")], ["a"], identifier, Book))

    def test_knows_instants(self) -> None:
        noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
        book = Book(IDENTIFIER, lent_at=noon + timedelta(microseconds=1))

        assert satisfies(book, after([ascending("lent_at")], [noon], IDENTIFIER, Book))
