"""The figures, and the goals."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from statistics import median, quantiles

from _jobs.contenders import CORELIB, DRAMATIQ, HAND, LOSSY, PROCRASTINATE
from _jobs.measuring import Measured

Run = tuple[str, str]
"""A contender, and its broker; an empty text where it has none."""

ROW = "{:<24}{:<10}{:>12}{:>14}{:>12}{:>12}{:>12}"
HEAD = ROW.format("contender", "broker", "enqueue/s", "1,000 in one/s", "jobs/s", "p50 ms", "p95 ms")


def table(title: str, figures: Mapping[Run, Sequence[Measured]]) -> str:
    """Return the table for people: medians over the repetitions, and of the ratios within each repetition."""
    machine = f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
    machine += f"{platform.python_implementation()} {platform.python_version()}"
    lines = [
        f"{title}; {machine}",
        HEAD,
        "-" * len(HEAD),
    ]
    lines += [_row(run, measured) for run, measured in figures.items()]
    lines += ["", *_goals(figures)]
    return "\n".join(line.rstrip() for line in lines)


def as_json(figures: Mapping[Run, Sequence[Measured]]) -> dict[str, object]:
    """Return all that was measured."""
    return {
        f"{name}, {broker or 'no broker'}": [
            {"enqueue": m.singles, "many": m.many, "jobs": m.jobs, "latencies": list(m.latencies)} for m in measured
        ]
        for (name, broker), measured in figures.items()
    }


def _row(run: Run, measured: Sequence[Measured]) -> str:
    return ROW.format(
        *run,
        f"{median(m.singles for m in measured):,.0f}",
        f"{median(m.many for m in measured):,.0f}",
        f"{median(m.jobs for m in measured):,.0f}",
        f"{_p50(measured) * 1000:.1f}",
        f"{_p95(measured) * 1000:.1f}",
    )


def _goals(figures: Mapping[Run, Sequence[Measured]]) -> Iterator[str]:
    for run in figures:
        name, broker = run
        if name == CORELIB:
            yield from _ratio(figures, run, (PROCRASTINATE, ""), "jobs", 3.0)
            yield from _ratio(figures, run, (HAND, ""), "jobs", 0.5)
            yield from _ratio(figures, run, (HAND, ""), "singles", 0.6)
            for told, seconds, goal in (("p50", _p50(figures[run]), 0.015), ("p95", _p95(figures[run]), 0.050)):
                met = _met(seconds <= goal)
                yield f"{name}, {broker}: latency {told} {seconds * 1000:.1f} ms, goal <= {goal * 1000:.0f} ms: {met}"
        if name == LOSSY:
            yield from _ratio(figures, run, (DRAMATIQ, broker), "jobs", 0.9)


def _ratio(figures: Mapping[Run, Sequence[Measured]], run: Run, other: Run, what: str, goal: float) -> Iterator[str]:
    if other not in figures:
        return
    pairs = zip(figures[run], figures[other], strict=True)
    ratio = median(getattr(own, what) / getattr(others, what) for own, others in pairs)
    told = {"jobs": "jobs/s", "singles": "enqueue/s"}[what]
    yield f"{run[0]}, {run[1]}: {told} {ratio:.2f} of {other[0]}, goal >= {goal}: {_met(ratio >= goal)}"


def _p50(measured: Sequence[Measured]) -> float:
    return median([each for m in measured for each in m.latencies])


def _p95(measured: Sequence[Measured]) -> float:
    values = [each for m in measured for each in m.latencies]
    return quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


def _met(met: bool) -> str:  # noqa: FBT001 - one argument, named by the function
    return "met" if met else "missed"
