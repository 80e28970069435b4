"""Which jobs a command is about: queue, name, and when they were enqueued."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from corelib.ports.job_steering import JobFilter

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--queue", help="only jobs of this queue")
    parser.add_argument("--name", help="only jobs of this name")
    parser.add_argument(
        "--since",
        type=instant,
        metavar="TIME",
        help="enqueued then or later: 2h for two hours ago, or 2026-03-28T12:00Z",
    )
    parser.add_argument("--until", type=instant, metavar="TIME", help="enqueued before that")
    parser.add_argument("--flow", type=UUID, metavar="ID", help="only jobs of this flow")


def filter_of(options: argparse.Namespace) -> JobFilter:
    """Return what the options say."""
    return JobFilter(options.queue, options.name, options.since, options.until, options.flow)


def span(text: str) -> timedelta:
    """Read `30d`, `12h`, `90m` or `0s`."""
    match = re.fullmatch(r"(\d+)([smhd])", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a span of time: write it as 30d, 12h, 90m or 0s")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def instant(text: str) -> datetime:
    """Read how long ago, as `2h`, or an instant with its offset, as `2026-03-28T12:00Z`."""
    if re.fullmatch(r"\d+[smhd]", text):
        return datetime.now(UTC) - span(text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.utcoffset() is None:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a span as 2h nor an instant as 2026-03-28T12:00Z")
    return found
