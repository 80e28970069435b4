"""Times of all contenders, measured so that they can be compared.

Machines speed up and slow down. So in each repetition all contenders run once, in random order, and ratios are taken
within a repetition; what is told is their median.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from math import inf, sqrt
from random import Random
from statistics import median, quantiles

from attrs import field, frozen

from _persistence.cases import Case, Stored
from _persistence.contenders import CORE, CORELIB, Contender
from _persistence.database import Database

Z_95 = 1.96
WARM_UP = 3


@frozen
class Plan:
    """When to stop.

    Args:
        most: repetitions, at most.
        least: repetitions before the first look at whether the ratios have settled.
        precision: how far the ends of the 95 % interval of a median ratio may be from it, as a part of it.
    """

    most: int = 60
    least: int = 15
    precision: float = 0.03


@frozen
class Ratio:
    """How many times as long one contender takes as another: median and quartiles over the repetitions."""

    median: float
    lower: float
    upper: float


@frozen
class Times:
    """What was measured in one case.

    Args:
        seconds: of one call, by contender, one entry for each repetition.
        settled: whether all ratios have.
    """

    seconds: Mapping[str, Sequence[float]]
    settled: bool = field(default=False)

    @property
    def repetitions(self) -> int:
        """Return how many there were."""
        return len(self.seconds[CORE])

    def typical(self, name: str) -> float:
        """Return a contender's median."""
        return median(self.seconds[name])

    def ratio(self, name: str, base: str = CORE) -> Ratio:
        """Return the ratio of two contenders."""
        ratios = _ratios(self.seconds, name, base)
        lower, middle, upper = quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
        return Ratio(middle, lower, upper)


def measure(case: Case, contenders: Mapping[str, Contender], database: Database, stored: Stored, plan: Plan) -> Times:
    """Time a case until the ratios have settled."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    samples, random = count(1), Random(0)

    def sample(name: str) -> float:
        calls = case.calls(stored, next(samples))
        database.settle()
        try:
            return _timed(case.method(contenders[name]), calls)
        finally:
            if case.inserts:
                database.clear()

    for name in [*contenders] * min(WARM_UP, plan.most):
        sample(name)
    while len(seconds[CORE]) < plan.most:
        for name in random.sample([*contenders], len(contenders)):
            seconds[name].append(sample(name))
        if len(seconds[CORE]) >= plan.least and _settled(seconds, plan.precision):
            return Times(seconds, settled=True)
    return Times(seconds)


def _timed(call: Callable[..., object], calls: Sequence[tuple[object, ...]]) -> float:
    """Return the seconds of one call; the garbage of others is collected before, and no garbage meanwhile."""
    gc.collect()
    gc.disable()
    try:
        begin = time.perf_counter_ns()
        for arguments in calls:
            call(*arguments)
        end = time.perf_counter_ns()
    finally:
        gc.enable()
    return (end - begin) / 1e9 / len(calls)


def _settled(seconds: Mapping[str, Sequence[float]], precision: float) -> bool:
    pairs = [(name, CORE) for name in seconds if name != CORE]
    pairs += [(name, CORELIB) for name in seconds if name not in {CORE, CORELIB}]
    return all(_uncertainty(_ratios(seconds, *pair)) <= precision for pair in pairs)


def _uncertainty(values: Sequence[float]) -> float:
    """Return how far the 95 % interval of the median reaches, as a part of it; the interval is that of the ranks."""
    rank = int((len(values) - Z_95 * sqrt(len(values))) / 2)
    if rank < 1:
        return inf
    ordered, middle = sorted(values), median(values)
    return max(middle - ordered[rank - 1], ordered[-rank] - middle) / middle


def _ratios(seconds: Mapping[str, Sequence[float]], name: str, base: str) -> list[float]:
    return [one / other for one, other in zip(seconds[name], seconds[base], strict=True)]
