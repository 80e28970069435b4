from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import define

from corelib.domain.constraint import LongestText, NotNull, Reference, Unique
from corelib.errors import InvalidSpecification, MisuseError


@define(eq=False)
class Book:
    id: str
    title: str


class TestConstraint:
    @pytest.mark.parametrize(
        "make",
        [
            lambda: Unique(Book, "title", "size"),
            lambda: NotNull(Book, "size"),
            lambda: Reference(Book, "size", Book),
            lambda: LongestText(Book, "size", 3),
        ],
    )
    def test_refuses_unknown_fields(self, make: Callable[[], object]) -> None:
        with pytest.raises(InvalidSpecification, match="has no field 'size'"):
            make()

    @pytest.mark.parametrize("rule", [Unique, NotNull])
    def test_refuses_to_be_about_nothing(self, rule: type[Unique | NotNull]) -> None:
        with pytest.raises(MisuseError, match="names no field"):
            rule(Book)

    def test_is_a_value(self) -> None:
        assert Unique(Book, "id", "title") == Unique(Book, "id", "title")
        assert hash(Reference(Book, "title", Book)) == hash(Reference(Book, "title", Book))
        assert Unique(Book, "id").paths == ("id",)
