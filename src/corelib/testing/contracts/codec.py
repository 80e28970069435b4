"""The contract of `corelib.ports.codec.Codec`."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, ClassVar
from uuid import UUID

import pytest
from attrs import field, frozen, make_class, validators
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corelib.errors import Problem, ValidationFailed
from corelib.ports.codec import Codec
from corelib.testing.contracts.suite import ContractSuite


class Colour(Enum):
    """Named by text."""

    RED = "red"
    BLUE = "blue"


class Size(Enum):
    """Named by number."""

    SMALL = 1
    LARGE = 2


@frozen
class Leaf:
    """A nested class."""

    name: str
    count: int = 0


@frozen
class Everything:
    """One field for each type that the port names."""

    text: str
    whole: int
    number: float
    flag: bool
    nothing: None
    exact: Decimal
    identifier: UUID
    day: date
    instant: datetime
    span: timedelta
    colour: Colour
    size: Size
    maybe: str | None
    leaf: Leaf
    leaves: list[Leaf]
    pair: tuple[int, Leaf]
    many: tuple[Decimal, ...]
    by_name: dict[str, Leaf]
    by_number: dict[int, str]
    by_identifier: dict[UUID, datetime]
    by_size: dict[Size, timedelta]


@frozen
class Line:
    """A part with a rule of its own."""

    code: str
    quantity: int = field(validator=validators.ge(1))


@frozen
class Request:
    """An input as a host would define it."""

    number: int
    lines: list[Line]
    note: str | None = None
    limit: int = field(default=10, validator=validators.le(100))


@frozen
class Period:
    """A class with a rule about two of its fields."""

    first: int
    last: int

    def __attrs_post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError("ends before it begins")


@frozen
class Calendar:
    """Holds one."""

    period: Period


SAMPLES: dict[str, tuple[object, object]] = {
    "text": (str, "Zoë 李 שלום 🧪 \x00 \u2028 \"'\\"),
    "whole": (int, -(2**70)),
    "number": (float, 0.1),
    "flag": (bool, True),
    "nothing": (NoneType, None),
    "exact": (Decimal, Decimal("12345678901234567890.10")),
    "identifier": (UUID, UUID("01890a5d-ac96-774b-bcce-b302099a8057")),
    "day": (date, date(2024, 2, 29)),
    "instant": (datetime, datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=5, minutes=45)))),
    "span": (timedelta, timedelta(days=-3, microseconds=1)),
    "enum of text": (Colour, Colour.BLUE),
    "enum of numbers": (Size, Size.LARGE),
    "optional, there": (str | None, "there"),
    "optional, absent": (str | None, None),
    "class": (Leaf, Leaf("leaf")),
    "list": (list[Leaf], [Leaf("a", 1), Leaf("b", 2)]),
    "pair": (tuple[int, Leaf], (1, Leaf("c"))),
    "many": (tuple[Decimal, ...], (Decimal("1.10"), Decimal(2))),
    "by text": (dict[str, Leaf], {"d": Leaf("d")}),
    "by number": (dict[int, str], {1: "one", -2: "minus two"}),
    "by identifier": (dict[UUID, datetime], {UUID(int=7): datetime(2026, 1, 1, tzinfo=UTC)}),
    "by enum": (dict[Size, timedelta], {Size.SMALL: timedelta(seconds=1)}),
}
"""A type and a value of it, by what it is."""

_offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_first, _last = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001 - the strategy adds the time zone
_instants = st.datetimes(_first, _last, timezones=_offsets)
_texts = st.text()  # Hypothesis leaves out surrogates, of which no text consists
_exact = st.decimals(allow_nan=False, allow_infinity=False)
_leaves = st.builds(Leaf, name=_texts, count=st.integers())
_everything = st.builds(
    Everything,
    text=_texts,
    whole=st.integers(),
    number=st.floats(allow_nan=False, allow_infinity=False),
    flag=st.booleans(),
    nothing=st.none(),
    exact=_exact,
    identifier=st.uuids(),
    day=st.dates(),
    instant=_instants,
    span=st.timedeltas(),
    colour=st.sampled_from(Colour),
    size=st.sampled_from(Size),
    maybe=st.none() | _texts,
    leaf=_leaves,
    leaves=st.lists(_leaves, max_size=3),
    pair=st.tuples(st.integers(), _leaves),
    many=st.lists(_exact, max_size=3).map(tuple),
    by_name=st.dictionaries(_texts, _leaves, max_size=3),
    by_number=st.dictionaries(st.integers(), _texts, max_size=3),
    by_identifier=st.dictionaries(st.uuids(), _instants, max_size=3),
    by_size=st.dictionaries(st.sampled_from(Size), st.timedeltas(), max_size=2),
)


def holding(kind: object) -> type:
    """Return an attrs class with one field `value` of a type."""
    return make_class("Holder", {"value": field(type=kind)}, frozen=True)  # type: ignore[call-overload]


def written_and_read(codec: Codec, kind: object, value: object) -> object:
    """Write a value of a type, read it back, and return what was read."""
    holder = holding(kind)
    copy: Any = codec.decode(codec.encode(holder(value)), holder)
    read: object = copy.value
    return read


def shown(value: object) -> str:
    """Return a type or a value as the name of a test shows it."""
    return getattr(value, "__name__", "") if isinstance(value, type) else repr(value)[:20]


class CodecContract(ContractSuite):
    """What is written is read back equal; what is read is taken for nothing else."""

    port: ClassVar[str] = "Codec"

    @pytest.fixture
    def codec(self) -> Codec:
        """Return the codec."""
        raise NotImplementedError

    class WhenAValueIsWrittenAndReadBack:
        @pytest.mark.parametrize(("kind", "value"), SAMPLES.values(), ids=SAMPLES)
        def test_is_equal(self, codec: Codec, kind: object, value: object) -> None:
            copy = written_and_read(codec, kind, value)

            assert copy == value
            assert type(copy) is type(value)

        # One example may meet many adapters, each with a codec of its own: it has no state, so nothing carries over.
        @settings(
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
            deadline=None,
            database=None,
            derandomize=True,
        )
        @given(value=_everything)
        def test_is_equal_whatever_it_is(self, codec: Codec, value: Everything) -> None:
            copy = codec.decode(codec.encode(value), Everything)

            assert copy == value

        @pytest.mark.parametrize("amount", ["1.10", "1.1", "0.00", "-0.0", "1E+5", "1e-28", "9" * 50])
        def test_keeps_every_digit_of_a_decimal(self, codec: Codec, amount: str) -> None:
            copy = written_and_read(codec, Decimal, Decimal(amount))

            assert str(copy) == str(Decimal(amount))

        def test_keeps_the_offset_of_a_datetime(self, codec: Codec) -> None:
            offset = timedelta(hours=5, minutes=45)

            copy = written_and_read(codec, datetime, datetime(2026, 1, 31, tzinfo=timezone(offset)))

            assert isinstance(copy, datetime)
            assert copy.utcoffset() == offset

    class WhenAValueIsWritten:
        def test_is_compact_json(self, codec: Codec) -> None:
            text = codec.encode(Leaf("a", 1))

            assert json.loads(text) == {"name": "a", "count": 1}
            assert " " not in text

        def test_can_be_sent_as_utf8(self, codec: Codec) -> None:
            text = codec.encode(Leaf("李 🧪"))

            assert codec.decode(text.encode(), Leaf) == Leaf("李 🧪")

        @pytest.mark.parametrize(
            ("kind", "value"),
            [
                (object, b"bytes"),
                (object, {1, 2}),
                (object, object()),
                (object, 1j),
                (float, float("nan")),
                (float, float("inf")),
                (Decimal, Decimal("NaN")),
                (Decimal, Decimal("-Infinity")),
                (datetime, datetime(2026, 1, 1)),  # noqa: DTZ001 - without an offset it cannot be read back
                (datetime, datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))),
                (str, "half of a surrogate pair: \ud800"),
                (dict[tuple[int, int], str], {(1, 2): "a key of two"}),
            ],
            ids=shown,
        )
        def test_refuses_what_cannot_be_read_back(self, codec: Codec, kind: object, value: object) -> None:
            with pytest.raises(ValidationFailed) as refused:
                codec.encode(holding(kind)(value))

            assert refused.value.subject == "Holder"
            assert refused.value.problems

        def test_refuses_it_deep_inside_as_well(self, codec: Codec) -> None:
            with pytest.raises(ValidationFailed):
                codec.encode(holding(object)([{"inner": holding(object)((object(),))}]))

    class WhenAWholeInputIsRead:
        @pytest.mark.parametrize("raw", [[], "text", 1, None, True])
        def test_takes_nothing_but_an_object(self, codec: Codec, raw: object) -> None:
            (problem,) = problems(lambda: codec.structure(raw, Request))

            assert (problem.path, problem.code) == ("", "wrong_type")

        def test_fills_in_defaults(self, codec: Codec) -> None:
            request = codec.structure({"number": 1, "lines": []}, Request)

            assert request == Request(1, [])

        def test_names_the_class_that_was_wanted(self, codec: Codec) -> None:
            with pytest.raises(ValidationFailed) as refused:
                codec.structure({}, Request)

            assert refused.value.subject == "Request"

    class WhenAFieldHasTheWrongType:
        @pytest.mark.parametrize(
            ("kind", "raw"),
            [
                (str, 1),
                (str, None),
                (str, ["a"]),
                (int, "1"),
                (int, 1.0),
                (int, True),
                (int, None),
                (float, "1.5"),
                (float, True),
                (bool, 1),
                (bool, "true"),
                (bool, None),
                (NoneType, 0),
                (NoneType, ""),
                (Decimal, 1.5),
                (Decimal, True),
                (UUID, 7),
                (date, 20260131),
                (datetime, 1767225600),
                (timedelta, "1 day"),
                (timedelta, 1.5),
                (str | None, 1),
                (Leaf, "leaf"),
                (Leaf, []),
                (list[str], "text"),
                (list[str], {"0": "a"}),
                (list[str], 1),
                (tuple[str, str], "ab"),
                (tuple[str, ...], "ab"),
                (tuple[str, ...], {"a": "b"}),
                (tuple[str, ...], 1),
                (dict[str, int], []),
                (dict[str, int], "text"),
            ],
            ids=shown,
        )
        def test_says_so_with_its_path(self, codec: Codec, kind: object, raw: object) -> None:
            (problem,) = problems(lambda: codec.structure({"value": raw}, holding(kind)))

            assert (problem.path, problem.code) == ("value", "wrong_type")

        def test_gives_the_path_down_to_the_part(self, codec: Codec) -> None:
            data = {"number": 1, "lines": [{"code": "A", "quantity": 1}, {"code": "B", "quantity": "2"}]}

            (problem,) = problems(lambda: codec.structure(data, Request))

            assert (problem.path, problem.code) == ("lines[1].quantity", "wrong_type")

    class WhenAFieldHasAnImpossibleValue:
        @pytest.mark.parametrize(
            ("kind", "raw"),
            [
                (str, "half of a surrogate pair: \ud800"),
                (Decimal, "twelve"),
                (Decimal, ""),
                (Decimal, "NaN"),
                (Decimal, "Infinity"),
                (UUID, "not-a-uuid"),
                (date, "2026-02-30"),
                (date, "2026-01-31T00:00:00Z"),
                (datetime, "2026-02-30T00:00:00Z"),
                (datetime, "2026-01-31T12:00:00"),
                (datetime, "yesterday"),
                (timedelta, 10**30),
                (float, 10**400),
                (Colour, "green"),
                (Colour, "RED"),
                (Size, 3),
                (Size, True),
                (Size, 1.0),
                (Size, "1"),
                (tuple[int, int], [1]),
                (tuple[int, int], [1, 2, 3]),
            ],
            ids=shown,
        )
        def test_says_so_with_its_path(self, codec: Codec, kind: object, raw: object) -> None:
            (problem,) = problems(lambda: codec.structure({"value": raw}, holding(kind)))

            assert (problem.path, problem.code) == ("value", "invalid")

        def test_refuses_a_number_beyond_the_range_of_floats(self, codec: Codec) -> None:
            (problem,) = problems(lambda: codec.decode('{"value": 1e999}', holding(float)))

            assert problem.path == "value"

    class WhenAFieldIsMissing:
        def test_says_so_with_its_path(self, codec: Codec) -> None:
            (problem,) = problems(lambda: codec.structure({"lines": []}, Request))

            assert (problem.path, problem.code) == ("number", "missing")

        def test_says_so_for_a_part(self, codec: Codec) -> None:
            data = {"number": 1, "lines": [{"quantity": 1}]}

            (problem,) = problems(lambda: codec.structure(data, Request))

            assert (problem.path, problem.code) == ("lines[0].code", "missing")

    class WhenAFieldIsUnknown:
        def test_says_so_with_its_path(self, codec: Codec) -> None:
            data = {"number": 1, "lines": [], "colour": "red"}

            (problem,) = problems(lambda: codec.structure(data, Request))

            assert (problem.path, problem.code) == ("colour", "unknown_field")

        def test_says_so_for_a_part(self, codec: Codec) -> None:
            data = {"number": 1, "lines": [{"code": "A", "quantity": 1, "colour": "red"}]}

            (problem,) = problems(lambda: codec.structure(data, Request))

            assert (problem.path, problem.code) == ("lines[0].colour", "unknown_field")

    class WhenAValidatorRefusesAValue:
        def test_says_so_with_the_path_of_its_field(self, codec: Codec) -> None:
            data = {"number": 1, "lines": [{"code": "A", "quantity": 0}]}

            (problem,) = problems(lambda: codec.structure(data, Request))

            assert (problem.path, problem.code) == ("lines[0].quantity", "invalid")

        def test_says_so_with_the_path_of_the_part_that_refused_itself(self, codec: Codec) -> None:
            data = {"period": {"first": 2, "last": 1}}

            (problem,) = problems(lambda: codec.structure(data, Calendar))

            assert (problem.path, problem.reason, problem.code) == ("period", "ends before it begins", "invalid")

    class WhenManyThingsAreWrong:
        def test_reports_them_all(self, codec: Codec) -> None:
            data = {
                "lines": [{"code": 5, "quantity": 0}, {"quantity": "2", "colour": "red"}, "line"],
                "limit": 101,
                "sender": "ada",
            }

            found = problems(lambda: codec.structure(data, Request))

            assert sorted((problem.path, problem.code) for problem in found) == [
                ("limit", "invalid"),
                ("lines[0].code", "wrong_type"),
                ("lines[0].quantity", "invalid"),
                ("lines[1].code", "missing"),
                ("lines[1].colour", "unknown_field"),
                ("lines[1].quantity", "wrong_type"),
                ("lines[2]", "wrong_type"),
                ("number", "missing"),
                ("sender", "unknown_field"),
            ]

    class WhenTheTextIsNotJson:
        @pytest.mark.parametrize(
            "text",
            ["", "{", '{"number": NaN}', '{"number": 1,}', "number=1", b"\xff\xfe", "[" * 100_000],
            ids=["empty", "cut off", "NaN", "spare comma", "a form", "not UTF-8", "endlessly nested"],
        )
        def test_says_so_for_the_whole(self, codec: Codec, text: str | bytes) -> None:
            (problem,) = problems(lambda: codec.decode(text, Request))

            assert (problem.path, problem.code) == ("", "not_json")

    class WhenJsonTextIsDecoded:
        def test_reads_text_and_bytes_alike(self, codec: Codec) -> None:
            text = '{"name": "Zoë", "count": 2}'

            assert codec.decode(text, Leaf) == codec.decode(text.encode(), Leaf) == Leaf("Zoë", 2)

        def test_reports_problems_as_of_raw_data(self, codec: Codec) -> None:
            (problem,) = problems(lambda: codec.decode('{"name": 1}', Leaf))

            assert (problem.path, problem.code) == ("name", "wrong_type")


def problems(read: Callable[[], object]) -> tuple[Problem, ...]:
    """Return the problems for which reading is refused."""
    with pytest.raises(ValidationFailed) as refused:
        read()
    return refused.value.problems
