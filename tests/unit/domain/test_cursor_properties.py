from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest

pytest.importorskip("hypothesis")

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.domain.library import EVERYTHING, IDENTIFIER, Book, Money, Number, values_of

from corelib.domain.cursor import after, decode_cursor, encode_cursor
from corelib.domain.specification import Sort, ascending, descending
from corelib.domain.specification_evaluation import in_order, satisfies
from corelib.errors import InvalidCursor

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
titles = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
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


def comparable(values: Sequence[object]) -> list[object]:
    """Values with instants counted: of two zones, `==` takes none for equal that a change of the clock repeats."""
    return [value - EPOCH if isinstance(value, datetime) else value for value in values]


class TestDecodeCursor:
    class WhenTheCursorIsAsItWasMade:
        @given(book=books)
        def test_returns_what_it_was_made_of(self, book: Book) -> None:
            values = values_of(book, EVERYTHING)

            decoded, identifier = decode_cursor(encode_cursor(Book, EVERYTHING, values, book.id), Book, EVERYTHING)

            assert (comparable(decoded), identifier) == (comparable(values), book.id)

    class WhenTheCursorWasChanged:
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


class TestAfter:
    @given(made=st.lists(few, max_size=8, unique_by=lambda book: book.id), sort=sorts, typed=st.booleans())
    def test_is_true_of_exactly_those_that_follow(self, made: list[Book], sort: list[Sort], typed: bool) -> None:
        ordered = in_order(sorted(made, key=lambda book: book.id), sort)

        for place, book in enumerate(ordered):
            following = after(sort, values_of(book, sort), book.id, Book if typed else None)

            assert [other for other in ordered if satisfies(other, following)] == ordered[place + 1 :]
