"""`corelib jobs schedules | run-now`: what is enqueued again and again."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from datetime import datetime

from corelib.application.host import Host
from corelib.cli.job_queues import Add
from corelib.cli.jobs_output import as_row, as_values, table
from corelib.domain.schedule import ScheduleStatus
from corelib.errors import InvalidSetting, NotFound

DONE = 0
NOTHING_DONE = 1


def add_to(add: Add) -> None:
    """Add the commands.

    Args:
        add: makes the parser of a command from its name, what it runs and its purpose.
    """
    schedules = add("schedules", _run, "list schedules, show their runs, pause, resume or remove one")
    schedules.add_argument("action", nargs="?", choices=sorted(_ACTIONS), default="list", help="default: list")
    schedules.add_argument("name", nargs="?", help="of the schedule, for all but list")
    schedules.add_argument("--limit", type=int, default=20, metavar="N", help="of runs; default: 20")
    add("run-now", _run_now, "enqueue a job of a schedule at once").add_argument("name", help="of the schedule")


def _run(options: argparse.Namespace, host: Host) -> int:
    if (options.name is None) != (options.action == "list"):
        raise InvalidSetting(
            f"schedules {options.action} {'needs' if options.name is None else 'takes no'} name of a schedule.",
            hint='Write it as: schedules pause "nightly billing".',
        )
    if options.name is not None and options.action != "runs" and host.schedules.find(options.name) is None:
        raise NotFound("schedule", options.name)
    return _ACTIONS[options.action](options, host)


def _list(options: argparse.Namespace, host: Host) -> int:
    rows = [_values(status) for status in host.schedules.list()]
    if options.json:
        print(json.dumps(rows, indent=2))
    else:
        print(table(rows) or "There are none.")
    return DONE


def _runs(options: argparse.Namespace, host: Host) -> int:
    jobs = host.schedules.runs(options.name, limit=max(1, options.limit))
    if options.json:
        print(json.dumps([as_values(job) for job in jobs], indent=2, default=str))
    else:
        print(table([as_row(job) for job in jobs]) or "There are none.")
    return DONE


def _pause(options: argparse.Namespace, host: Host) -> int:
    return _tell(options, "paused", changed=host.schedules.pause(options.name))


def _resume(options: argparse.Namespace, host: Host) -> int:
    return _tell(options, "resumed", changed=host.schedules.resume(options.name))


def _remove(options: argparse.Namespace, host: Host) -> int:
    return _tell(options, "removed", changed=host.schedules.remove(options.name))


def _tell(options: argparse.Namespace, what: str, *, changed: bool) -> int:
    if options.json:
        print(json.dumps({what: changed}))
    else:
        print(f"The schedule {options.name} {'is' if changed else 'was not to be'} {what}.")
    return DONE if changed else NOTHING_DONE


def _run_now(options: argparse.Namespace, host: Host) -> int:
    job_id = host.schedules.run_now(options.name)
    print(json.dumps({"job": str(job_id)}) if options.json else f"The job {job_id} is enqueued.")
    return DONE


def _values(status: ScheduleStatus) -> dict[str, object]:
    timing = status.spec.timing
    return {
        "schedule": status.name,
        "job": status.spec.job,
        "when": timing.cron or f"every {timing.every}",
        "zone": timing.zone,
        "last_at": _text(status.last_at),
        "next_at": _text(status.next_at),
        "paused_at": _text(status.paused_at),
    }


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


_ACTIONS: Mapping[str, Callable[[argparse.Namespace, Host], int]] = {
    "list": _list,
    "runs": _runs,
    "pause": _pause,
    "resume": _resume,
    "remove": _remove,
}
