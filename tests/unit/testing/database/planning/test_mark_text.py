from __future__ import annotations

import json

import pytest

pytest.importorskip("hypothesis")

from hypothesis import given
from hypothesis import strategies as st

from corelib.testing.database.model import Kind, Mark
from corelib.testing.database.planning.mark_text import mark_in, text_of

MARK = Mark(Kind.CLONE, "0123456789ab", "f" * 64)
MARKS = st.builds(Mark, st.sampled_from(Kind), st.text(), st.text())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def changed(**changes: object) -> str:
    return json.dumps({**json.loads(text_of(MARK)), **changes})


class TestTextOf:
    @given(MARKS)
    def test_is_read_as_the_mark_it_was_made_of(self, mark: Mark) -> None:
        assert mark_in(text_of(mark)) == mark

    @given(MARKS)
    def test_is_ascii(self, mark: Mark) -> None:
        assert text_of(mark).isascii()

    def test_tells_people_what_it_is(self) -> None:
        assert "Made by the database test kit of corelib for automated tests." in text_of(MARK)


class TestMarkIn:
    @pytest.mark.parametrize("text", [None, "", "the orders of 2026", "{", "[" * 100_000, "null", "[]", "{}", '"x"'])
    def test_is_none_for_other_texts(self, text: str | None) -> None:
        assert mark_in(text) is None

    @given(JSON.map(json.dumps))
    def test_is_none_for_other_json(self, text: str) -> None:
        assert mark_in(text) is None

    @pytest.mark.parametrize(
        "changes",
        [
            {"kind": "production"},
            {"kind": None},
            {"kind": []},
            {"run": None},
            {"run": 7},
            {"fingerprint": None},
            {"corelib_test_database": None},
        ],
    )
    def test_is_none_for_a_mark_with_something_else_in_it(self, changes: dict[str, object]) -> None:
        assert mark_in(changed(**changes)) is None

    def test_is_none_for_the_mark_of_a_newer_kit(self) -> None:
        assert mark_in(changed(corelib_test_database=2)) is None

    def test_passes_over_what_a_later_kit_adds(self) -> None:
        assert mark_in(changed(worker="gw3")) == MARK
