from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pytest
from attrs import field, frozen

from corelib.errors import Problem, ValidationFailed

pytest.importorskip("cattrs")
pytest.importorskip("hypothesis")
from hypothesis import given
from hypothesis import strategies as st

from corelib.adapters.cattrs import CattrsCodec

CODEC = CattrsCodec()  # one for all: making it compiles the classes


class Colour(Enum):
    RED = "red"
    BLUE = 2


@frozen
class Leaf:
    text: str
    exact: Decimal
    colour: Colour
    maybe: date | None


@frozen
class Everything:
    text: str
    whole: int
    number: float
    truth: bool
    exact: Decimal
    identifier: UUID
    instant: datetime
    day: date
    duration: timedelta
    leaf: Leaf
    maybe: Leaf | None
    leaves: list[Leaf]
    days: tuple[date, ...]
    pair: tuple[int, Decimal]
    by_name: dict[str, Leaf]
    by_number: dict[int, str]
    by_identifier: dict[UUID, datetime]
    by_duration: dict[timedelta, bool]
    by_fraction: dict[float, None]
    nested: list[list[int]] = field(factory=list)


OFFSETS = st.timedeltas(min_value=timedelta(hours=-14), max_value=timedelta(hours=14)).map(
    lambda offset: timezone(timedelta(minutes=offset // timedelta(minutes=1)))
)
INSTANTS = st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 31), timezones=OFFSETS)  # noqa: DTZ001
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False)
LEAVES = st.builds(Leaf, text=TEXTS, exact=DECIMALS, colour=st.sampled_from(Colour), maybe=st.none() | st.dates())
EVERYTHING = st.builds(
    Everything,
    text=TEXTS,
    whole=st.integers(),
    number=FLOATS,
    truth=st.booleans(),
    exact=DECIMALS,
    identifier=st.uuids(),
    instant=INSTANTS,
    day=st.dates(),
    duration=st.timedeltas(),
    leaf=LEAVES,
    maybe=st.none() | LEAVES,
    leaves=st.lists(LEAVES, max_size=3),
    days=st.lists(st.dates(), max_size=3).map(tuple),
    pair=st.tuples(st.integers(), DECIMALS),
    by_name=st.dictionaries(TEXTS, LEAVES, max_size=2),
    by_number=st.dictionaries(st.integers(), TEXTS, max_size=2),
    by_identifier=st.dictionaries(st.uuids(), INSTANTS, max_size=2),
    by_duration=st.dictionaries(st.timedeltas(), st.booleans(), max_size=2),
    by_fraction=st.dictionaries(FLOATS, st.none(), max_size=2),
    nested=st.lists(st.lists(st.integers(), max_size=2), max_size=2),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(list(Everything.__annotations__))
LEAF = {"text": "", "exact": "1.50", "colour": "red", "maybe": None}
VALID = {
    "text": "",
    "whole": 1,
    "number": 1.5,
    "truth": True,
    "exact": "1.50",
    "identifier": "019b0000-0000-7000-8000-000000000000",
    "instant": "2026-01-31T12:30:00Z",
    "day": "2026-01-31",
    "duration": 1,
    "leaf": LEAF,
    "maybe": None,
    "leaves": [LEAF],
    "days": [],
    "pair": [1, "1.50"],
    "by_name": {"a": LEAF},
    "by_number": {"1": "a"},
    "by_identifier": {},
    "by_duration": {"1": True},
    "by_fraction": {"1.5": None},
}


def answer_to(raw: object) -> Everything | Sequence[Problem]:
    try:
        return CODEC.structure(raw, Everything)
    except ValidationFailed as error:
        return error.problems


class TestCattrsCodec:
    @given(EVERYTHING)
    def test_reads_back_what_it_wrote(self, value: Everything) -> None:
        read = CODEC.decode(CODEC.encode(value), Everything)

        assert read == value

    @given(FIELDS, JSON)
    def test_answers_any_input_with_a_value_or_its_problems(self, name: str, junk: object) -> None:
        answer = answer_to({**VALID, name: junk})

        if isinstance(answer, Everything):
            assert CODEC.decode(CODEC.encode(answer), Everything) == answer
        else:
            assert {problem.path.partition("[")[0].partition(".")[0] for problem in answer} == {name}

    @given(st.text() | st.binary())
    def test_answers_any_text_with_a_value_or_its_problems(self, text: str | bytes) -> None:
        with pytest.raises(ValidationFailed) as caught:
            CODEC.decode(text, Everything)

        assert caught.value.problems
