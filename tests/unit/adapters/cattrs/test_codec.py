from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pytest
from attrs import Attribute, define, field, frozen, validators

from corelib.errors import Problem, ValidationFailed

pytest.importorskip("cattrs")
from cattrs import Converter

from corelib.adapters.cattrs import CattrsCodec

WRONG_TYPE, INVALID, MISSING, UNKNOWN = "wrong_type", "invalid", "missing", "unknown_field"


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Size(Enum):
    SMALL = 1
    LARGE = 2


@frozen
class Text:
    it: str


@frozen
class Whole:
    it: int


@frozen
class Number:
    it: float


@frozen
class Truth:
    it: bool


@frozen
class Exact:
    it: Decimal


@frozen
class Identifier:
    it: UUID


@frozen
class Instant:
    it: datetime


@frozen
class Day:
    it: date


@frozen
class Duration:
    it: timedelta


@frozen
class Coloured:
    it: Colour


@frozen
class Sized:
    it: Size


@frozen
class Listed:
    it: list[int]


@frozen
class Tupled:
    it: tuple[int, ...]


@frozen
class Paired:
    it: tuple[str, int]


@frozen
class Keyed:
    it: dict[str, int]


@frozen
class Numbered:
    it: dict[int, str]


@frozen
class Spelled:
    it: dict[Size, int]


@frozen
class Never:
    it: None


@frozen
class Optional:
    it: int | None = None


@frozen
class Nested:
    it: Text


@frozen
class Tree:
    name: str
    children: list[Tree] = field(factory=list)


@frozen
class Unannotated:
    it = field()


def check_even(_: object, __: Attribute[int], value: int) -> None:
    if value % 2:
        raise ValueError("must be even")


@frozen
class Line:
    code: str = field(validator=validators.min_len(1))
    quantity: int = field(validator=[validators.ge(1), check_even])


@frozen
class Buyer:
    name: str
    email: str | None = None


@frozen
class Order:
    id: str
    buyer: Buyer
    lines: list[Line] = field(validator=validators.min_len(1))
    colours: dict[str, Colour] = field(factory=dict)


@frozen
class Span:
    first: int
    last: int = field()

    @last.validator
    def _check_order(self, _: Attribute[int], value: int) -> None:
        if value < self.first:
            raise ValueError("must not be before the first")


@frozen
class Journey:
    span: Span


@frozen
class Shouting:
    it: str = field(converter=str.upper, validator=validators.in_(["A", "B"]))


@frozen
class Refusing:
    it: str

    def __attrs_post_init__(self) -> None:
        raise ValidationFailed(
            "Refusing", [Problem("inner", "is out", "sold_out"), Problem("", "as a whole", "closed")]
        )


@frozen
class Outer:
    refusing: Refusing


@define
class Counted:
    it: int
    doubled: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.doubled = 2 * self.it


def order(**changes: object) -> dict[str, object]:
    return {"id": "O-1", "buyer": {"name": "Ada"}, "lines": [{"code": "A", "quantity": 2}], **changes}


def problems(raw: object, kind: type) -> list[tuple[str, str]]:
    """Return path and code of everything that is wrong."""
    with pytest.raises(ValidationFailed) as caught:
        CattrsCodec().structure(raw, kind)
    return [(problem.path, problem.code) for problem in caught.value.problems]


def reasons(raw: object, kind: type) -> list[str]:
    with pytest.raises(ValidationFailed) as caught:
        CattrsCodec().structure(raw, kind)
    return [str(problem) for problem in caught.value.problems]


HALF_PAST_TWELVE = datetime(2026, 1, 31, 12, 30, tzinfo=timezone(timedelta(hours=1)))
SOME_ID = UUID("019b0000-0000-7000-8000-000000000000")

ACCEPTED = [
    (Text, "", ""),
    (Text, "Zoë \u05d0", "Zoë \u05d0"),
    (Whole, 10**30, 10**30),
    (Whole, -1, -1),
    (Number, 1.5, 1.5),
    (Number, 2, 2.0),
    (Truth, False, False),
    (Exact, "1.10", Decimal("1.10")),
    (Exact, "-0.5", Decimal("-0.5")),
    (Exact, 7, Decimal(7)),
    (Identifier, str(SOME_ID), SOME_ID),
    (Instant, "2026-01-31T12:30:00+01:00", HALF_PAST_TWELVE),
    (Instant, "2026-01-31T11:30:00Z", HALF_PAST_TWELVE),
    (Day, "2026-01-31", date(2026, 1, 31)),
    (Duration, 1_500_000, timedelta(seconds=1.5)),
    (Coloured, "blue", Colour.BLUE),
    (Sized, 2, Size.LARGE),
    (Listed, [1, 2], [1, 2]),
    (Listed, [], []),
    (Tupled, [1, 2], (1, 2)),
    (Paired, ["a", 1], ("a", 1)),
    (Keyed, {"a": 1}, {"a": 1}),
    (Numbered, {"7": "a", "-1": "b"}, {7: "a", -1: "b"}),
    (Spelled, {"1": 2}, {Size.SMALL: 2}),
    (Never, None, None),
    (Optional, None, None),
    (Optional, 1, 1),
    (Nested, {"it": "a"}, Text("a")),
    (Unannotated, [1, "a", None], [1, "a", None]),
]

OF_THE_WRONG_TYPE = [
    *[(Text, raw) for raw in (1, 1.5, True, None, [], {})],
    *[(Whole, raw) for raw in ("1", 1.0, True, None, [], {})],
    *[(Number, raw) for raw in ("1", True, None, [], {})],
    *[(Truth, raw) for raw in ("true", 0, 1, None, [], {})],
    *[(Exact, raw) for raw in (1.5, True, None, [], {})],
    *[(Identifier, raw) for raw in (1, None, [], {})],
    *[(Instant, raw) for raw in (1769859000, 1.5, None, [], {})],
    *[(Day, raw) for raw in (20260131, None, [], {})],
    *[(Duration, raw) for raw in ("1", 1.5, True, None, [], {})],
    *[(Listed, raw) for raw in ("12", 1, None, {"a": 1})],
    *[(Tupled, raw) for raw in ("12", 1, None, {"a": 1})],
    *[(Paired, raw) for raw in ("ab", 1, None, {"a": 1})],
    *[(Keyed, raw) for raw in ("a", 1, None, [], ["a"])],
    *[(Never, raw) for raw in (0, "", False, [], {})],
    *[(Nested, raw) for raw in ("a", 1, None, [], ["it"])],
    *[(Optional, raw) for raw in ("1", 1.0, True, [])],
]

OF_A_WRONG_VALUE = [
    (Text, "\ud800"),
    (Exact, "1,5"),
    (Exact, "1e9999999999999999999"),
    (Exact, ""),
    (Exact, "NaN"),
    (Exact, "Infinity"),
    (Exact, "1_000"),
    (Exact, " 1"),
    (Exact, "\u0661"),
    (Number, float("inf")),
    (Number, float("nan")),
    (Identifier, "019b"),
    (Instant, "2026-01-31T12:30:00"),
    (Instant, "2026-02-30T12:30:00Z"),
    (Instant, "2026-01-31"),
    (Instant, "yesterday"),
    (Instant, "0001-01-01T00:00:00+14:00"),
    (Instant, "9999-12-31T23:59:59-14:00"),
    (Day, "2026-02-30"),
    (Day, "2026-01-31T00:00:00Z"),
    (Duration, 10**30),
    (Coloured, "RED"),
    (Coloured, 1),
    (Coloured, None),
    (Coloured, []),
    (Sized, "1"),
    (Sized, True),
    (Sized, 1.0),
    (Paired, ["a"]),
    (Paired, ["a", 1, 2]),
]


class TestCattrsCodec:
    class TestStructure:
        @pytest.mark.parametrize(("kind", "raw", "value"), ACCEPTED)
        def test_reads(self, kind: type, raw: object, value: object) -> None:
            structured = CattrsCodec().structure({"it": raw}, kind)

            assert structured == kind(value)
            assert type(structured.it) is type(value)

        @pytest.mark.parametrize(("kind", "raw"), OF_THE_WRONG_TYPE)
        def test_takes_nothing_for_what_it_is_not(self, kind: type, raw: object) -> None:
            assert problems({"it": raw}, kind) == [("it", WRONG_TYPE)]

        @pytest.mark.parametrize(("kind", "raw"), OF_A_WRONG_VALUE)
        def test_refuses_values_that_mean_nothing(self, kind: type, raw: object) -> None:
            assert problems({"it": raw}, kind) == [("it", INVALID)]

        @pytest.mark.parametrize(
            ("raw", "kind", "reason"),
            [
                ({"it": 1}, Text, "it: must be a text, not a number"),
                ({"it": None}, Text, "it: must be a text, not null"),
                ({"it": True}, Whole, "it: must be a whole number, not true or false"),
                ({"it": {}}, Number, "it: must be a number, not an object"),
                ({"it": "x"}, Truth, "it: must be true or false, not a text"),
                ({"it": 1.5}, Exact, "it: must be a decimal number written as text, not a number"),
                ({"it": "x"}, Exact, "it: must be a decimal number, not 'x'"),
                ({"it": "x"}, Identifier, "it: must be a UUID, not 'x'"),
                ({"it": "2026-01-31T12:30:00"}, Instant, "it: must have an offset from UTC, as +01:00 or Z: "),
                ({"it": "x"}, Day, "it: must be a date as 2026-01-31, not 'x' "),
                ({"it": "x"}, Coloured, "it: must be one of red, blue, not 'x'"),
                ({"it": {}}, Listed, "it: must be a list, not an object"),
                ({"it": "12"}, Tupled, "it: must be a list, not a text"),
                ({"it": []}, Keyed, "it: must be an object, not a list"),
                ([], Text, "must be an object, not a list"),
                ({"it": b""}, Text, "it: must be a text, not a bytes"),
            ],
        )
        def test_says_what_is_wrong_in_words_for_people(self, raw: object, kind: type, reason: str) -> None:
            (said,) = reasons(raw, kind)

            assert said.startswith(reason)

        def test_shows_no_more_than_the_beginning_of_a_long_value(self) -> None:
            (said,) = reasons({"it": "x" * 1_000_000}, Identifier)

            assert "xxx..." in said
            assert len(said) < 100

        class WhenTheInputIsNested:
            def test_reads_it(self) -> None:
                raw = order(buyer={"name": "Ada", "email": "a@b.de"}, colours={"top": "red"})

                structured = CattrsCodec().structure(raw, Order)

                assert structured == Order("O-1", Buyer("Ada", "a@b.de"), [Line("A", 2)], {"top": Colour.RED})

            def test_reads_a_class_that_contains_itself(self) -> None:
                raw = {"name": "a", "children": [{"name": "b", "children": [{"name": "c"}]}]}

                structured = CattrsCodec().structure(raw, Tree)

                assert structured == Tree("a", [Tree("b", [Tree("c")])])

            @pytest.mark.parametrize(
                ("raw", "found"),
                [
                    ({}, [("id", MISSING), ("buyer", MISSING), ("lines", MISSING)]),
                    (order(colour="blue"), [("colour", UNKNOWN)]),
                    (order(buyer={}), [("buyer.name", MISSING)]),
                    (order(buyer={"name": "Ada", "phone": 1}), [("buyer.phone", UNKNOWN)]),
                    (order(buyer={"name": 1, "email": 2}), [("buyer.name", WRONG_TYPE), ("buyer.email", WRONG_TYPE)]),
                    (order(lines=[]), [("lines", INVALID)]),
                    (order(lines=[{"code": "A", "quantity": 2}, {"code": "B"}]), [("lines[1].quantity", MISSING)]),
                    (order(lines=["A"]), [("lines[0]", WRONG_TYPE)]),
                    (
                        order(lines=[{"code": "", "quantity": 0}]),
                        [("lines[0].code", INVALID), ("lines[0].quantity", INVALID)],
                    ),
                    (order(lines=[{"code": "A", "quantity": 3}]), [("lines[0].quantity", INVALID)]),
                    (order(colours={"top": "green"}), [("colours[top]", INVALID)]),
                ],
            )
            def test_names_the_path_of_every_problem(self, raw: object, found: list[tuple[str, str]]) -> None:
                assert problems(raw, Order) == found

            def test_names_all_problems_at_once(self) -> None:
                raw = {"id": 1, "lines": [{"code": "", "quantity": 2}, {"code": "B", "quantity": -1, "x": 1}], "y": 1}

                assert problems(raw, Order) == [
                    ("id", WRONG_TYPE),
                    ("buyer", MISSING),
                    ("lines[0].code", INVALID),
                    ("lines[1].quantity", INVALID),
                    ("lines[1].x", UNKNOWN),
                    ("y", UNKNOWN),
                ]

            def test_names_the_path_within_a_class_that_contains_itself(self) -> None:
                raw = {"name": "a", "children": [{"name": "b"}, {"name": "c", "children": [{"name": 1}]}]}

                assert problems(raw, Tree) == [("children[1].children[0].name", WRONG_TYPE)]

        class WhenAnItemOfACollectionIsWrong:
            @pytest.mark.parametrize(
                ("kind", "raw", "found"),
                [
                    (Listed, [1, "a", 2, None], [("it[1]", WRONG_TYPE), ("it[3]", WRONG_TYPE)]),
                    (Tupled, [1, "a", 2, None], [("it[1]", WRONG_TYPE), ("it[3]", WRONG_TYPE)]),
                    (Paired, [1, "a"], [("it[0]", WRONG_TYPE), ("it[1]", WRONG_TYPE)]),
                    (Keyed, {"a": "1", "b": 2, "c": None}, [("it[a]", WRONG_TYPE), ("it[c]", WRONG_TYPE)]),
                    (Numbered, {"a": "b"}, [("it[a]", WRONG_TYPE)]),
                    (Numbered, {"1.5": "b"}, [("it[1.5]", WRONG_TYPE)]),
                    (Spelled, {"3": 1}, [("it[3]", INVALID)]),
                ],
            )
            def test_names_its_place(self, kind: type, raw: object, found: list[tuple[str, str]]) -> None:
                assert problems({"it": raw}, kind) == found

        class WhenANameInTheInputIsLong:
            def test_shows_the_beginning_of_an_unknown_field(self) -> None:
                assert problems({"it": "a", "x" * 1000: 1}, Text) == [("x" * 60, UNKNOWN)]

            def test_shows_the_beginning_of_a_key(self) -> None:
                assert problems({"it": {"x" * 1000: "1"}}, Keyed) == [(f"it[{'x' * 60}]", WRONG_TYPE)]

        class WhenAValidatorRefuses:
            def test_gives_its_reason_without_the_value(self) -> None:
                assert reasons(order(lines=[{"code": "A", "quantity": 3}]), Order) == [
                    "lines[0].quantity: must be even"
                ]

            def test_says_so_even_if_it_looks_at_other_fields(self) -> None:
                assert reasons({"span": {"first": 2, "last": 1}}, Journey) == ["span: must not be before the first"]

            def test_asks_it_about_the_converted_value(self) -> None:
                assert CattrsCodec().structure({"it": "a"}, Shouting) == Shouting("A")
                assert problems({"it": "c"}, Shouting) == [("", INVALID)]

            def test_passes_on_the_problems_that_it_names_itself(self) -> None:
                assert problems({"refusing": {"it": "a"}}, Outer) == [
                    ("refusing.inner", "sold_out"),
                    ("refusing", "closed"),
                ]

        class WhenAFieldIsNotForTheInput:
            def test_makes_it_itself(self) -> None:
                assert CattrsCodec().structure({"it": 2}, Counted).doubled == 4

            def test_does_not_know_it(self) -> None:
                assert problems({"it": 2, "doubled": 5}, Counted) == [("doubled", UNKNOWN)]

    class TestDecode:
        @pytest.mark.parametrize("text", ['{"it": "Zoë"}', '{"it": "Zoë"}'.encode(), ' {"it":\n"Zo\\u00eb"} '])
        def test_reads_json(self, text: str | bytes) -> None:
            assert CattrsCodec().decode(text, Text) == Text("Zoë")

        @pytest.mark.parametrize(
            "text",
            [
                "",
                "{",
                "{'it': 'a'}",
                '{"it": "a"} {}',
                '{"it": NaN}',
                '{"it": -Infinity}',
                b'{"it": "\xff"}',
                "[" * 100_000,
                '{"it": ' + "1" * 5000 + "}",
            ],
        )
        def test_refuses_what_is_not_json(self, text: str | bytes) -> None:
            with pytest.raises(ValidationFailed) as caught:
                CattrsCodec().decode(text, Text)

            (problem,) = caught.value.problems
            assert (problem.path, problem.code) == ("", "not_json")
            assert problem.reason.startswith("is not JSON (")
            assert len(problem.reason) < 250

        @pytest.mark.parametrize("text", ["null", "[]", "7", '"it"'])
        def test_refuses_json_that_is_no_object(self, text: str) -> None:
            with pytest.raises(ValidationFailed, match="Text is not valid: must be an object"):
                CattrsCodec().decode(text, Text)

        def test_refuses_a_number_that_is_too_large_for_one(self) -> None:
            with pytest.raises(ValidationFailed, match="it: must be a finite number"):
                CattrsCodec().decode('{"it": 1e999}', Number)

    class TestEncode:
        @pytest.mark.parametrize(
            ("value", "text"),
            [
                (Text("Zoë"), '{"it":"Zoë"}'),
                (Exact(Decimal("1.10")), '{"it":"1.10"}'),
                (Identifier(SOME_ID), f'{{"it":"{SOME_ID}"}}'),
                (Instant(HALF_PAST_TWELVE), '{"it":"2026-01-31T12:30:00+01:00"}'),
                (Instant(datetime(2026, 1, 31, tzinfo=UTC)), '{"it":"2026-01-31T00:00:00+00:00"}'),
                (Day(date(2026, 1, 31)), '{"it":"2026-01-31"}'),
                (Duration(timedelta(seconds=1.5)), '{"it":1500000}'),
                (Coloured(Colour.BLUE), '{"it":"blue"}'),
                (Paired(("a", 1)), '{"it":["a",1]}'),
                (Optional(), '{"it":null}'),
                (Tree("a", [Tree("b")]), '{"name":"a","children":[{"name":"b","children":[]}]}'),
            ],
        )
        def test_writes_compact_json(self, value: object, text: str) -> None:
            assert CattrsCodec().encode(value) == text

        @pytest.mark.parametrize(
            "it",
            [
                object(),
                b"bytes",
                {1, 2},
                1j,
                float("nan"),
                float("inf"),
                Decimal("NaN"),
                Decimal("Infinity"),
                "\ud800",
                datetime(2026, 1, 31),  # noqa: DTZ001
                datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
            ],
        )
        def test_refuses_what_it_could_not_read_back(self, it: object) -> None:
            with pytest.raises(ValidationFailed, match="is not writable as JSON"):
                CattrsCodec().encode(Unannotated(it))

        def test_names_the_class(self) -> None:
            with pytest.raises(ValidationFailed) as caught:
                CattrsCodec().encode(Unannotated(object()))

            assert caught.value.subject == "Unannotated"

    class WhenTheHostHasAConverterOfItsOwn:
        def test_uses_it(self) -> None:
            converter = Converter()
            converter.register_structure_hook(str, lambda raw, _: f"<{raw}>")

            structured = CattrsCodec(converter).structure({"it": 1}, Text)

            assert structured == Text("<1>")
