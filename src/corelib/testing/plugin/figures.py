"""What the kit did in a run: counted in each worker, put together for the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import attrs
from attrs import define, field, frozen


@frozen
class TemplateFigure:
    """A worker's way to the template.

    Args:
        name: of the template.
        hit: whether it was there already.
        seconds: until it was ready for this worker.
        build_seconds: how long building it took; 0 for a hit.
    """

    name: str
    hit: bool
    seconds: float
    build_seconds: float


@frozen
class ResetFigure:
    """A reset: after which test, how long, how many tables had rows."""

    test: str
    milliseconds: float
    emptied: int


@frozen
class KeptFigure:
    """A database that lives on: its name, its URL without the password, for whose sake."""

    name: str
    url: str
    test: str


@define
class Figures:
    """All of a worker, or of a run."""

    templates: list[TemplateFigure] = field(factory=list)
    clone_seconds: list[float] = field(factory=list)
    resets: list[ResetFigure] = field(factory=list)
    reaped: list[str] = field(factory=list)
    left: list[str] = field(factory=list)
    kept: list[KeptFigure] = field(factory=list)
    refusals: list[str] = field(factory=list)

    def add(self, other: Figures) -> None:
        """Add those of a worker."""
        for name in attrs.fields_dict(Figures):
            getattr(self, name).extend(getattr(other, name))

    def packed(self) -> dict[str, object]:
        """Return them as plain values, which pytest-xdist can send."""
        return attrs.asdict(self)


def unpacked(packed: object) -> Figures:
    """Return what `packed` made."""
    raw = cast("Mapping[str, Sequence[Mapping[str, object]]]", packed)
    figures = Figures(
        clone_seconds=cast("list[float]", list(raw["clone_seconds"])),
        reaped=cast("list[str]", list(raw["reaped"])),
        left=cast("list[str]", list(raw["left"])),
        refusals=cast("list[str]", list(raw["refusals"])),
    )
    figures.templates = [TemplateFigure(**cast("dict[str, object]", each)) for each in raw["templates"]]  # type: ignore[arg-type]
    figures.resets = [ResetFigure(**cast("dict[str, object]", each)) for each in raw["resets"]]  # type: ignore[arg-type]
    figures.kept = [KeptFigure(**cast("dict[str, object]", each)) for each in raw["kept"]]  # type: ignore[arg-type]
    return figures
