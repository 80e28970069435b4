"""`corelib jobs events`: what happens to jobs, in all processes of a host."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from datetime import timedelta
from itertools import islice

from corelib.application.host import Host
from corelib.cli.job_queues import Add
from corelib.domain.job_event_record import StoredJobEvent, values_of
from corelib.errors import InvalidSetting


def add_to(add: Add) -> None:
    """Add the command.

    Args:
        add: makes the parser of a command from its name, what it runs and its purpose.
    """
    events = add("events", _run, "show what happened to jobs, oldest first; with --json a line for each event")
    events.add_argument("--follow", action="store_true", help="go on with what happens from now on, until Ctrl-C")
    events.add_argument("--after", metavar="CURSOR", help="begin behind this event")
    events.add_argument("--queue", help="only of jobs of this queue")
    events.add_argument("--name", help="only of jobs of this name")
    events.add_argument("--limit", type=int, metavar="N", help="show so many; default: 100, with --follow all")


def _run(options: argparse.Namespace, host: Host) -> int:
    if host.job_events.keep is None:
        raise InvalidSetting(
            "This app keeps no job events.", hint="Say for how long: App(keep_job_events=timedelta(days=7))."
        )
    limit = options.limit or (None if options.follow else 100)
    try:
        for stored in islice(_chosen(options, host), limit):
            print(_line(stored, as_json=options.json), flush=options.follow)
    except KeyboardInterrupt:
        pass
    return 0


def _chosen(options: argparse.Namespace, host: Host) -> Iterable[StoredJobEvent]:
    found = _following(options, host) if options.follow else _all(host, options.after)
    for stored in found:
        if options.queue in (None, stored.event.queue) and options.name in (None, stored.event.name):
            yield stored


def _following(options: argparse.Namespace, host: Host) -> Iterable[StoredJobEvent]:
    return host.job_events.follow(after=options.after or host.job_events.end(), poll=timedelta(milliseconds=500))


def _all(host: Host, after: str | None) -> Iterable[StoredJobEvent]:
    while portion := host.job_events.read(after=after, limit=500):
        yield from portion
        after = portion[-1].cursor


def _line(stored: StoredJobEvent, *, as_json: bool) -> str:
    values = values_of(stored)
    if as_json:
        return json.dumps(values)
    event, error = stored.event, getattr(stored.event, "error", None)
    at = event.at.isoformat(timespec="milliseconds")
    line = f"{at}  {event.kind:<11}  {event.name}  {event.job_id}  attempt {event.attempt}"
    return line if error is None else f"{line}  {error}"
