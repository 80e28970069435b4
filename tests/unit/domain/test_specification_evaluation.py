from __future__ import annotations

import pytest
from attrs import define, frozen

from corelib.domain.specification_evaluation import at, change


@frozen
class Colour:
    red: int
    name: str = "dark"


@frozen
class Paint:
    colour: Colour
    litres: int = 1


@define(eq=False)
class Wall:
    id: str
    paint: Paint
    note: str | None = None


@frozen(eq=False)
class Door:
    id: str
    paint: Paint


class TestChange:
    @pytest.mark.parametrize("kind", [Wall, Door])
    @pytest.mark.parametrize(("path", "value"), [("id", "2"), ("paint.litres", 3), ("paint.colour.red", 5)])
    def test_sets_the_field_at_the_path(self, kind: type, path: str, value: object) -> None:
        aggregate = kind("1", Paint(Colour(1)))

        change(aggregate, path, value)

        assert at(aggregate, path) == value

    def test_leaves_everything_else(self) -> None:
        paint = Paint(Colour(1, "light"), 7)
        wall = Wall("1", paint, "note")

        change(wall, "paint.colour.red", 5)

        assert (wall.id, wall.paint, wall.note) == ("1", Paint(Colour(5, "light"), 7), "note")
        assert paint == Paint(Colour(1, "light"), 7)

    def test_sets_none(self) -> None:
        wall = Wall("1", Paint(Colour(1)), "note")

        change(wall, "note", None)

        assert wall.note is None
