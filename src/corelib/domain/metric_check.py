"""The rules that every adapter of metrics keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from corelib.domain.metric import Metric, MetricKind
from corelib.errors import MisuseError


def check_numbers(metric: Metric, kind: MetricKind, labels: Sequence[str], amount: float = 0) -> None:
    """Make sure that a number can be added to a metric.

    Raises:
        MisuseError: if it cannot.
    """
    if metric.kind is not kind:
        raise MisuseError(f"{metric.name} is a {metric.kind.value}, not a {kind.value}.")
    if len(labels) != len(metric.labels):
        raise MisuseError(
            f"{metric.name} was given {len(labels)} labels.", hint=f"It has: {', '.join(metric.labels) or 'none'}."
        )
    if amount < 0:
        raise MisuseError(f"{metric.name} was to grow by {amount}.", hint="A counter only grows.")


def check_names(known: Iterable[Metric], metrics: Iterable[Metric]) -> None:
    """Make sure that no two metrics have the same name.

    Raises:
        MisuseError: if they do.
    """
    named = {metric.name: metric for metric in known}
    for metric in metrics:
        if named.setdefault(metric.name, metric) != metric:
            raise MisuseError(f"Two metrics are named {metric.name!r}.", hint="Give one of them another name.")


def check_gauges(metrics: Iterable[Metric], *, wanted: bool) -> None:
    """Make sure that metrics are gauges, or that none of them is.

    Raises:
        MisuseError: if they are not as they have to be.
    """
    for metric in metrics:
        if (metric.kind is MetricKind.GAUGE) is not wanted:
            raise MisuseError(f"{metric.name} is a {metric.kind.value}, which does not belong here.")
