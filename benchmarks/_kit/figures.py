"""What was measured, and the goals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median, quantiles

from attrs import field, frozen

KIT, TRUNCATE, DELETE_ALL = "kit", "TRUNCATE of all", "DELETE of all"

HIT_SECONDS = 0.2
MISS_SECONDS = 0.5
CLONE_SECONDS = 0.150
RESET_SECONDS = 0.003
TIMES_FASTER = 10
SUITE_SECONDS = 5.0

ROW = "{:<44}{:>12}  {:<22}{}"


@frozen
class Figures:
    """Seconds of one server.

    Args:
        server: product and version, and whether it waits for its disk.
        hits: of finding a template, opening the kit included.
        misses: of making one, beyond what its source took.
        clones: of making one.
        resets: by way, one entry for each repetition; all ways run in each repetition.
        suites: of a run of trivial tests, with a reset and without.
        tests: how many tests such a run has.
    """

    server: str
    hits: Sequence[float]
    misses: Sequence[float]
    clones: Sequence[float]
    resets: Mapping[str, Sequence[float]]
    suites: Mapping[str, Sequence[float]] = field(factory=dict)
    tests: int = 0

    @property
    def truncate_ratio(self) -> float:
        """Return how many times as long as the kit TRUNCATE takes: the median over the repetitions."""
        return self.ratio(TRUNCATE)

    def ratio(self, way: str) -> float:
        """Return how many times as long as the kit a way takes: the median over the repetitions."""
        pairs = zip(self.resets[way], self.resets[KIT], strict=True)
        return median(other / own for other, own in pairs)

    @property
    def suite_seconds(self) -> float:
        """Return how much longer the trivial tests take with a reset each."""
        return median(
            slow - quick for slow, quick in zip(self.suites["with reset"], self.suites["without"], strict=True)
        )


def table(figures: Figures, goals: Mapping[str, bool]) -> str:
    """Return the table for people.

    Args:
        figures: of one server.
        goals: which of them hold on such a server: `clone` only without fsync.
    """
    lines = [figures.server, ROW.format("what", "median", "quartiles", "goal"), "-" * 100]
    lines += _rows(figures, goals)
    return "\n".join(line.rstrip() for line in lines)


def _rows(figures: Figures, goals: Mapping[str, bool]) -> Iterator[str]:
    yield _row("template, hit", figures.hits, HIT_SECONDS)
    yield _row("template, miss, beyond the migrations", figures.misses, MISS_SECONDS)
    yield _row("clone", figures.clones, CLONE_SECONDS if goals.get("clone") else None)
    yield _row("reset, 5 tables of 60 dirty", figures.resets[KIT], RESET_SECONDS if goals.get("reset") else None)
    for way in figures.resets:
        if way != KIT:
            yield _row(f"  {way}", figures.resets[way], None) + f"{figures.ratio(way):.1f} times the kit"
    if TRUNCATE in figures.resets:
        met = _met(figures.truncate_ratio >= TIMES_FASTER)
        yield ROW.format("kit against TRUNCATE of all", f"{figures.truncate_ratio:.1f} x", "", f">= 10 x: {met}")
    if figures.suites:
        seconds = figures.suite_seconds
        goal = f"<= {SUITE_SECONDS:.0f} s: {_met(seconds <= SUITE_SECONDS)}" if goals.get("suite") else ""
        yield ROW.format(f"{figures.tests} trivial tests, reset beyond none", f"{seconds:.2f} s", "", goal)


def _row(name: str, seconds: Sequence[float], goal: float | None) -> str:
    lower, _, upper = quantiles(seconds, n=4) if len(seconds) > 1 else (seconds[0],) * 3
    told = "" if goal is None else f"<= {_told(goal)}: {_met(median(seconds) <= goal)}"
    return ROW.format(name, _told(median(seconds)), f"{_told(lower)} to {_told(upper)}", told)


def _told(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms" if seconds < 0.01 else f"{seconds * 1000:.0f} ms"


def _met(met: bool) -> str:  # noqa: FBT001 - one argument, named by the function
    return "met" if met else "missed"
