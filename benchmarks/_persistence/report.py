"""The figures, for people and for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from _persistence.cases import Case
from _persistence.contenders import CORE, CORELIB, ORM
from _persistence.timing import Times

FASTER_THAN_ORM = 1.5
"""How many times as long as corelib the ORM by hand is wanted to take, at least."""

ROW = "{:<38}{:<18}{:>12}{:>7}  {:<16}{}"
HEAD = ROW.format("case", "contender", "median", "ratio", "quartiles", "goal")

Figures = Sequence[tuple[Case, Times]]


def machine() -> str:
    """Return what the figures depend on besides the database."""
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.python_implementation()} "
        f"{platform.python_version()}, SQLAlchemy {sa.__version__}"
    )


def table(title: str, figures: Figures) -> str:
    """Return the table of one engine."""
    lines = [f"{title}; {machine()}", HEAD, "-" * len(HEAD)]
    for case, times in figures:
        lines += _rows(case, times)
    return "\n".join(line.rstrip() for line in lines)


def as_json(titles: Mapping[str, str], figures: Mapping[str, Figures]) -> dict[str, object]:
    """Return all that was measured, seconds of single repetitions included, by engine."""
    return {
        "machine": machine(),
        "engines": {
            name: {"title": titles[name], "cases": {case.name: _case_as_json(times) for case, times in rows}}
            for name, rows in figures.items()
        },
    }


def _rows(case: Case, times: Times) -> Iterator[str]:
    told = f"repetitions: {times.repetitions}{'' if times.settled else ', not settled'}"
    heads = [case.title, f"  {told}"]
    for place, name in enumerate(times.seconds):
        ratio = times.ratio(name)
        yield ROW.format(
            heads[place] if place < len(heads) else "",
            name,
            _duration(times.typical(name)),
            f"{ratio.median:.2f}" if name != CORE else "",
            f"{ratio.lower:.2f} to {ratio.upper:.2f}" if name != CORE else "",
            _goal(case, times, name),
        )


def _goal(case: Case, times: Times, name: str) -> str:
    if name == CORELIB:
        return f"at most {case.goal}: {_met(times.ratio(name).median <= case.goal)}"
    if name == ORM:
        ratio = times.ratio(ORM, CORELIB).median
        return f"at least {FASTER_THAN_ORM} of corelib: {ratio:.2f}, {_met(ratio >= FASTER_THAN_ORM)}"
    return ""


def _met(met: bool) -> str:  # noqa: FBT001 - one argument, named by the function
    return "met" if met else "missed"


def _duration(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} µs" if seconds < 0.01 else f"{seconds * 1e3:,.1f} ms"


def _case_as_json(times: Times) -> dict[str, object]:
    return {
        "settled": times.settled,
        "seconds": {name: list(values) for name, values in times.seconds.items()},
        "ratio_to_core": {name: times.ratio(name).median for name in times.seconds},
        "orm_to_corelib": times.ratio(ORM, CORELIB).median,
    }
