"""`corelib jobs pause | resume | limit | queues`: whole queues, for all workers at once."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable
from datetime import timedelta

from corelib.application.host import Host
from corelib.cli.jobs_output import table
from corelib.domain.job_queues import QueueStatus, Rate

Add = Callable[[str, Callable[[argparse.Namespace, Host], int], str], argparse.ArgumentParser]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def add_to(add: Add) -> None:
    """Add the commands.

    Args:
        add: makes the parser of a command from its name, what it runs and its purpose.
    """
    add("pause", _pause, "let no worker begin jobs of a queue").add_argument("queue")
    add("resume", _resume, "let workers begin jobs of a paused queue again").add_argument("queue")
    limit = add("limit", _limit, "set the limits of a queue; without options, take them away")
    limit.add_argument("queue")
    limit.add_argument("--concurrency", type=_positive, metavar="N", help="jobs at a time, over all workers")
    limit.add_argument(
        "--rate", type=rate_of, metavar="N/SPAN", help="jobs that begin within a time, as 10/1s or 600/1h"
    )
    keys = add("limit-keys", _limit_keys, "set the limits of the jobs of a queue with the same key; or take them away")
    keys.add_argument("queue")
    keys.add_argument("--concurrency", type=_positive, metavar="N", help="jobs of a key at a time, over all workers")
    keys.add_argument("--rate", type=rate_of, metavar="N/SPAN", help="jobs of a key that begin within a time")
    add("queues", _list, "list the queues that are or were paused or limited")


def rate_of(text: str) -> Rate:
    """Read `10/1s` as ten in a second."""
    match = re.fullmatch(r"(\d+)/(\d+)([smhd])", text)
    if match is None or not int(match[1]) or not int(match[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is not a rate: write it as 10/1s, 600/1h or 5/1d")
    return Rate(int(match[1]), timedelta(**{_UNITS[match[3]]: int(match[2])}))


def _pause(options: argparse.Namespace, host: Host) -> int:
    return _tell(options, "paused", changed=host.queues.pause(options.queue))


def _resume(options: argparse.Namespace, host: Host) -> int:
    return _tell(options, "resumed", changed=host.queues.resume(options.queue))


def _limit(options: argparse.Namespace, host: Host) -> int:
    host.queues.limit(options.queue, concurrency=options.concurrency, rate=options.rate)
    return _tell(options, "limited", changed=True)


def _limit_keys(options: argparse.Namespace, host: Host) -> int:
    host.queues.limit_keys(options.queue, concurrency=options.concurrency, rate=options.rate)
    return _tell(options, "limited", changed=True)


def _list(options: argparse.Namespace, host: Host) -> int:
    rows = [_values(status) for status in host.queues.list()]
    if options.json:
        print(json.dumps(rows, indent=2))
    else:
        print(table(rows) or "No queue is paused or limited.")
    return 0


def _values(status: QueueStatus) -> dict[str, object]:
    rate, key_rate = status.rate, status.key_rate
    return {
        "queue": status.name,
        "paused_at": None if status.paused_at is None else status.paused_at.isoformat(),
        "concurrency": status.concurrency,
        "rate_limit": None if rate is None else rate.limit,
        "rate_seconds": None if rate is None else rate.per.total_seconds(),
        "key_concurrency": status.key_concurrency,
        "key_rate_limit": None if key_rate is None else key_rate.limit,
        "key_rate_seconds": None if key_rate is None else key_rate.per.total_seconds(),
    }


def _tell(options: argparse.Namespace, what: str, *, changed: bool) -> int:
    if options.json:
        print(json.dumps({what: changed}))
    else:
        print(
            f"The queue {options.queue} is {what}." if changed else f"The queue {options.queue} was not to be {what}."
        )
    return 0 if changed else 1


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {text}")
    return int(text)
