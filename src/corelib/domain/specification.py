"""Specifications: conditions on aggregates as values, the same in memory and as SQL.

The logic is SQL's: a comparison with a missing value is neither true nor false but unknown, `~` leaves it unknown, and
only what is true is found. Texts are compared exactly, character by character: case and trailing blanks count, and
order goes by code points.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from attrs import field, frozen


class Specification:
    """Base of all specifications; combine them with `&`, `|` and `~`."""

    __slots__ = ()

    def __and__(self, other: Specification) -> Specification:
        return And((self, other))

    def __or__(self, other: Specification) -> Specification:
        return Or((self, other))

    def __invert__(self) -> Specification:
        return Not(self)


class Operator(Enum):
    """How a field is compared with a value."""

    EQUAL = "=="
    NOT_EQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    STARTS_WITH = "starts with"
    CONTAINS = "contains"

    @property
    def orders(self) -> bool:
        """Return whether it asks which of two values comes first."""
        return self in (Operator.LESS, Operator.AT_MOST, Operator.GREATER, Operator.AT_LEAST)

    @property
    def looks_into_texts(self) -> bool:
        """Return whether it is for texts only."""
        return self in (Operator.STARTS_WITH, Operator.CONTAINS)


@frozen
class Comparison(Specification):
    """The field at `path` compared with a value that is not None."""

    path: str
    operator: Operator
    value: object


@frozen
class In(Specification):
    """The field at `path` is one of the values."""

    path: str
    values: tuple[object, ...] = field(converter=tuple)


@frozen
class IsNull(Specification):
    """The field at `path` is None."""

    path: str


@frozen
class And(Specification):
    """All are true."""

    parts: tuple[Specification, ...]


@frozen
class Or(Specification):
    """At least one is true."""

    parts: tuple[Specification, ...]


@frozen
class Not(Specification):
    """The other is false; unknown where it is unknown."""

    part: Specification


@frozen
class AnyPart(Specification):
    """At least one part of the collection at `path` satisfies the specification, whose paths begin at the part."""

    path: str
    specification: Specification


@frozen
class AllParts(Specification):
    """Every part of the collection at `path` satisfies the other specification; true for an empty collection."""

    path: str
    specification: Specification


class where:  # noqa: N801, PLW1641 - reads as a word of a sentence; a field is compared, never a key
    """Begins a specification with the path of a field, as in `where("total.amount") >= 100`.

    Args:
        path: name of a field; dots lead into value objects.

    Example:
        >>> from decimal import Decimal
        >>> large_or_new = (where("total.amount") > Decimal(100)) | (where("status") == "new")
        >>> with_many = where("lines").any(where("quantity") >= 10)
        >>> isinstance(large_or_new & ~with_many, Specification)
        True
    """

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = path

    def __eq__(self, value: object) -> Specification:  # type: ignore[override]
        return IsNull(self._path) if value is None else Comparison(self._path, Operator.EQUAL, value)

    def __ne__(self, value: object) -> Specification:  # type: ignore[override]
        return Not(IsNull(self._path)) if value is None else Comparison(self._path, Operator.NOT_EQUAL, value)

    def __lt__(self, value: object) -> Specification:
        return Comparison(self._path, Operator.LESS, value)

    def __le__(self, value: object) -> Specification:
        return Comparison(self._path, Operator.AT_MOST, value)

    def __gt__(self, value: object) -> Specification:
        return Comparison(self._path, Operator.GREATER, value)

    def __ge__(self, value: object) -> Specification:
        return Comparison(self._path, Operator.AT_LEAST, value)

    def between(self, low: object, high: object) -> Specification:
        """Return that the field is neither below `low` nor above `high`."""
        return (self >= low) & (self <= high)

    def one_of(self, values: Iterable[object]) -> Specification:
        """Return that the field is one of the values, none of which may be None; of an empty collection nothing is."""
        return In(self._path, values)  # type: ignore[arg-type]

    def is_null(self) -> Specification:
        """Return that the field is None."""
        return IsNull(self._path)

    def starts_with(self, text: str) -> Specification:
        """Return that the field, a text, begins with this one; no character is a wildcard."""
        return Comparison(self._path, Operator.STARTS_WITH, text)

    def contains(self, text: str) -> Specification:
        """Return that the field, a text, has this one in it; no character is a wildcard."""
        return Comparison(self._path, Operator.CONTAINS, text)

    def any(self, specification: Specification) -> Specification:
        """Return that at least one part of the field, a collection, satisfies a specification."""
        return AnyPart(self._path, specification)

    def all(self, specification: Specification) -> Specification:
        """Return that every part of the field, a collection, satisfies a specification."""
        return AllParts(self._path, specification)


@frozen
class Sort:
    """An order of results by one field; missing values come last, also when descending.

    Make it with `ascending` or `descending`.
    """

    path: str
    descending: bool = False


def ascending(path: str) -> Sort:
    """Return the order from the smallest to the largest value of a field."""
    return Sort(path)


def descending(path: str) -> Sort:
    """Return the order from the largest to the smallest value of a field."""
    return Sort(path, descending=True)
