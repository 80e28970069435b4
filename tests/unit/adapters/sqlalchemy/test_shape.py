from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from attrs import define, field, frozen

pytest.importorskip("sqlalchemy")
pytest.importorskip("hypothesis")

from hypothesis import given, settings
from hypothesis import strategies as st

from corelib.adapters.sqlalchemy.shape import Shape, shape_of
from corelib.domain.aggregate import Aggregate
from corelib.errors import PersistentFailure


class Colour(Enum):
    RED = "red"
    BLUE = 2


class Grade(int, Enum):
    NONE = 0
    GOOD = 1


@frozen
class Weight:
    grams: Decimal


@frozen
class Parcel:
    weight: Weight
    colour: Colour


@define(eq=False)
class Letter(Aggregate):
    id: str
    colour: Colour


@define
class Secretive:
    id: str
    _secret: str
    _code: int = field(alias="number")


@frozen
class Sealed:
    id: str
    parcel: Parcel


@define(slots=False)
class Loose:
    id: str
    text: str | None = None


@define(kw_only=True)
class Marked:
    mark: Colour | None
    grade: Grade | None


@define
class Tagged:
    tags: list[str]
    extra: dict[str, Any] | None
    anything: object


@define
class Base:
    id: str


@define
class Derived(Base):
    text: str


@define
class Counted:
    id: str
    count: int = field(default=0, init=False)


@define
class Optioned:
    parcel: Parcel | None


@define
class Several:
    value: int | str | None


@define
class Album:
    id: str
    pictures: list[str]
    title: str
    sounds: list[str]


@frozen
class Everything:
    text: str
    number: int
    truth: bool
    fraction: float
    exact: Decimal
    raw: bytes
    identifier: UUID
    instant: datetime
    day: date
    span: timedelta
    note: str | None
    colour: Colour
    mark: Colour | None
    parcel: Parcel
    tags: list[str]


EVERYTHING = [
    *("text", "number", "truth", "fraction", "exact", "raw", "identifier", "instant", "day", "span", "note"),
    *("colour", "mark", "parcel_weight_grams", "parcel_colour", "tags"),
]

everything = st.builds(
    Everything,
    text=st.text(),
    number=st.integers(),
    truth=st.booleans(),
    fraction=st.floats(allow_nan=False),
    exact=st.decimals(allow_nan=False),
    raw=st.binary(),
    identifier=st.uuids(),
    instant=st.datetimes(timezones=st.just(UTC)),
    day=st.dates(),
    span=st.timedeltas(),
    note=st.none() | st.text(),
    colour=st.sampled_from(Colour),
    mark=st.none() | st.sampled_from(Colour),
    parcel=st.builds(
        Parcel, st.builds(Weight, st.decimals(allow_nan=False, allow_infinity=False)), st.sampled_from(Colour)
    ),
    tags=st.lists(st.text()),
)


def shape(kind: type, *columns: str, leave_out: frozenset[str] = frozenset()) -> Shape:
    return shape_of(kind, frozenset(columns), leave_out=leave_out)


class TestShapeOf:
    @given(everything)
    @settings(max_examples=25)
    def test_loads_what_it_dumped(self, value: Everything) -> None:
        sample = shape(Everything, *EVERYTHING)

        copy = sample.load(sample.dump(value))

        assert copy == value

    def test_names_the_columns_in_the_order_of_the_fields(self) -> None:
        assert shape(Everything, *reversed(EVERYTHING)).columns == tuple(EVERYTHING)

    def test_dumps_values_in_the_order_of_the_columns(self) -> None:
        sealed = shape(Sealed, "id", "parcel_weight_grams", "parcel_colour")

        row = sealed.dump(Sealed("P-1", Parcel(Weight(Decimal("1.5")), Colour.BLUE)))

        assert row == ("P-1", Decimal("1.5"), 2)

    class WhenTheClassIsFrozenAndSlotted:
        def test_loads_it_with_its_value_objects(self) -> None:
            sealed = shape(Sealed, "id", "parcel_weight_grams", "parcel_colour")

            value = sealed.load(("P-1", Decimal("1.5"), "red"))

            assert value == Sealed("P-1", Parcel(Weight(Decimal("1.5")), Colour.RED))

    class WhenTheClassHasNoSlots:
        def test_loads_and_dumps_it(self) -> None:
            loose = shape(Loose, "id", "text")

            value = loose.load(("L-1", None))

            assert loose.dump(value) == ("L-1", None)

    class WhenAValueObjectLiesInOneColumn:
        def test_leaves_it_to_the_type_of_the_column(self) -> None:
            sealed = shape(Sealed, "id", "parcel")
            value = Sealed("P-1", Parcel(Weight(Decimal(1)), Colour.RED))

            row = sealed.dump(value)

            assert row == ("P-1", value.parcel)
            assert sealed.load(row) == value

    class WhenAFieldIsPrivate:
        def test_takes_the_column_of_its_alias(self) -> None:
            secretive = shape(Secretive, "id", "secret", "number")

            value = secretive.load(("S-1", "psst", 7))

            assert secretive.columns == ("id", "secret", "number")
            assert value == Secretive("S-1", "psst", 7)
            assert secretive.dump(value) == ("S-1", "psst", 7)

    class WhenAFieldIsAnEnum:
        def test_stores_its_value(self) -> None:
            letter = shape(Letter, "id", "colour")

            row = letter.dump(Letter("L-1", Colour.BLUE))

            assert row == ("L-1", 2)

        def test_loads_its_member(self) -> None:
            letter = shape(Letter, "id", "colour")

            value = letter.load(("L-1", "red"))

            assert isinstance(value, Letter)
            assert value.colour is Colour.RED

        def test_names_a_stored_value_that_is_no_member(self) -> None:
            shape = shape_of(Letter, frozenset({"id", "colour"}))

            with pytest.raises(PersistentFailure, match=r"holds 'green', which is no Colour\. Known are: red, 2"):
                shape.load(("L-1", "green"))

    class WhenAnEnumMayBeMissing:
        @pytest.mark.parametrize(
            ("marked", "row"),
            [
                (Marked(mark=None, grade=None), (None, None)),
                (Marked(mark=Colour.RED, grade=Grade.NONE), ("red", 0)),
                (Marked(mark=Colour.BLUE, grade=Grade.GOOD), (2, 1)),
            ],
        )
        def test_stores_none_or_its_value(self, marked: Marked, row: tuple[object, ...]) -> None:
            sample = shape(Marked, "mark", "grade")

            dumped = sample.dump(marked)

            assert dumped == row
            assert sample.load(dumped) == marked

    class WhenAValueCanBeChangedInPlace:
        def test_dumps_a_copy(self) -> None:
            tagged = shape(Tagged, "tags", "extra", "anything")
            value = Tagged(["a"], {"b": [1]}, {"c"})
            before = tagged.dump(value)

            value.tags.append("z")
            value.extra["b"].append(2)  # type: ignore[index]

            assert before == (["a"], {"b": [1]}, {"c"})

        def test_loads_a_copy(self) -> None:
            tagged = shape(Tagged, "tags", "extra", "anything")
            row = (["a"], None, ["c"])
            value = tagged.load(row)

            value.tags.append("z")  # type: ignore[attr-defined]

            assert row == (["a"], None, ["c"])

    class WhenTheClassIsAnAggregate:
        def test_does_not_store_its_events(self) -> None:
            letter = shape(Letter, "id", "colour")
            value = Letter("L-1", Colour.RED)
            value.record("sent")

            assert letter.columns == ("id", "colour")
            assert letter.dump(value) == ("L-1", "red")

    class WhenTheClassInherits:
        def test_stores_the_fields_of_both(self) -> None:
            derived = shape(Derived, "id", "text")

            assert derived.columns == ("id", "text")
            assert derived.load(("D-1", "words")) == Derived("D-1", "words")

    class WhenAFieldHoldsParts:
        def test_takes_them_as_further_arguments(self) -> None:
            album = shape(Album, "id", "title", leave_out=frozenset({"pictures", "sounds"}))

            value = album.load(("A-1", "Summer"), ["one", "two"], ["moo"])

            assert value == Album("A-1", ["one", "two"], "Summer", ["moo"])

        def test_leaves_them_out_of_the_row(self) -> None:
            album = shape(Album, "id", "title", leave_out=frozenset({"pictures", "sounds"}))

            row = album.dump(Album("A-1", ["one"], "Summer", []))

            assert row == ("A-1", "Summer")

    class WhenColumnsAreMissing:
        @pytest.mark.parametrize(
            ("kind", "columns", "missing"),
            [
                (Sealed, ("id",), ("parcel_weight_grams", "parcel_colour")),
                (Optioned, ("parcel_weight_grams",), ("parcel_colour",)),
                (Secretive, ("id", "_secret", "_code"), ("secret", "number")),
                (Several, (), ("value",)),
            ],
        )
        def test_names_all_of_them(self, kind: type, columns: tuple[str, ...], missing: tuple[str, ...]) -> None:
            assert shape(kind, *columns).without_column == missing

        def test_refuses_to_work(self) -> None:
            sealed = shape(Sealed)

            with pytest.raises(AssertionError, match="missing columns"):
                sealed.load(())
            with pytest.raises(AssertionError, match="missing columns"):
                sealed.dump(object())

    class WhenAFieldIsNoArgumentOfTheClass:
        def test_names_it(self) -> None:
            counted = shape(Counted, "id", "count")

            assert counted.without_column == ("count (it is no argument of the class, so it could not be read back)",)
