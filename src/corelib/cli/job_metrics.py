"""`corelib jobs metrics`: how many jobs wait, in the text format of Prometheus; and the metrics of workers."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from corelib.application.host import Host
from corelib.application.jobs.metrics import GAUGES, QueueGauges
from corelib.cli.job_queues import Add
from corelib.errors import InvalidSetting

if TYPE_CHECKING:
    from corelib.adapters.prometheus import PrometheusMetrics


def add_to(add: Add) -> None:
    """Add the command.

    Args:
        add: makes the parser of a command from its name, what it runs and its purpose.
    """
    add("metrics", _run, "print how many jobs wait, in the text format of Prometheus")


def _run(options: argparse.Namespace, host: Host) -> int:
    if options.json:
        raise InvalidSetting("The metrics are text.", hint="Leave --json out, or take `corelib jobs stats --json`.")
    metrics = prometheus_metrics()
    metrics.collect(GAUGES, QueueGauges(host.jobs, (), host.log).read)
    print(metrics.exposition(), end="")
    return 0


def prometheus_metrics() -> PrometheusMetrics:
    """Return metrics in a registry of their own.

    Raises:
        MissingExtra: if prometheus_client is not installed.
    """
    from corelib.adapters.prometheus import PrometheusMetrics  # noqa: PLC0415 - an extra

    return PrometheusMetrics()


def serve(metrics: PrometheusMetrics, port: int, address: str) -> Callable[[], None]:
    """Let Prometheus ask for metrics, and return what ends that.

    Raises:
        InvalidSetting: if the port cannot be had.
    """
    try:
        return metrics.serve(port, address)
    except (OSError, OverflowError) as error:
        raise InvalidSetting(
            f"Metrics cannot be served on {address}:{port}: {error}.", hint="Pass another --metrics-port."
        ) from None
