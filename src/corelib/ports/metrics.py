"""Numbers about what a process does, for those who collect them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from corelib.domain.metric import Metric, Sample


class Metrics(Protocol):
    """Takes numbers; quick, from any thread, and without asking anybody.

    A metric is known from its first use on, or from `declare`. The same metric may be used by many.
    """

    def declare(self, metrics: Iterable[Metric]) -> None:
        """Make counters and histograms known, so that they are shown before there is a number; doing so twice is fine.

        Raises:
            MisuseError: if another metric has the name, or a metric is a gauge.
        """
        ...

    def count(self, metric: Metric, labels: Sequence[str], amount: float = 1) -> None:
        """Add to a counter.

        Args:
            metric: the counter.
            labels: a value for each of its labels, in their order.
            amount: 0 or more.

        Raises:
            MisuseError: if it is no counter, the labels are not as many, or the amount is negative.
        """
        ...

    def observe(self, metric: Metric, labels: Sequence[str], value: float) -> None:
        """Add a value to a histogram; raises as `count` does."""
        ...

    def collect(self, gauges: Sequence[Metric], read: Callable[[], Iterable[Sample]]) -> None:
        """Ask for the values of gauges whenever somebody looks at the numbers.

        Args:
            gauges: all of which `read` may return samples.
            read: returns the samples of this moment; if it raises, there are none, and the other numbers are shown.

        Raises:
            MisuseError: if a metric is no gauge, or another one has the name.
        """
        ...
