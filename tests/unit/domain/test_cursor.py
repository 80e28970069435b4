from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import uuid4

import pytest
from tests.unit.domain.library import IDENTIFIER, Book, Colour, Edition, Isbn, Paint, Place, Slot

from corelib.domain.cursor import LONGEST, after, decode_cursor, encode_cursor
from corelib.domain.specification import Sort, ascending, descending
from corelib.domain.specification_evaluation import satisfies, sortable
from corelib.errors import InvalidCursor, MisuseError


def written(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")


def fingerprint(cursor: str) -> object:
    return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[0]


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
