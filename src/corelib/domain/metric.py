"""What is measured, as values: a metric says what its numbers mean, whoever collects them."""

from __future__ import annotations

import re
from enum import Enum

from attrs import field, frozen, validators

NAME: re.Pattern[str] = re.compile(r"[a-z][a-z0-9_]*")


class MetricKind(Enum):
    """How the numbers of a metric are put together."""

    COUNTER = "counter"
    """A sum that only grows."""

    HISTOGRAM = "histogram"
    """How many values were no greater than each bound, how many there were, and their sum."""

    GAUGE = "gauge"
    """A number of this moment, asked for when somebody looks."""


@frozen
class Metric:
    """One metric; names, units and labels follow the conventions of Prometheus.

    Args:
        name: with the unit at its end; that of a counter ends in `_total`.
        kind: how its numbers are put together.
        help: what it says, one sentence.
        labels: by which its numbers are kept apart. Their values must be few.
        buckets: bounds of a histogram, growing.
    """

    name: str = field(validator=validators.matches_re(NAME))
    kind: MetricKind
    help: str
    labels: tuple[str, ...] = field(
        default=(), validator=validators.deep_iterable(validators.matches_re(NAME), validators.instance_of(tuple))
    )
    buckets: tuple[float, ...] = ()


@frozen
class Sample:
    """A number of a gauge.

    Args:
        metric: whose.
        labels: values of its labels, in their order.
        value: of this moment.
    """

    metric: Metric
    labels: tuple[str, ...]
    value: float
