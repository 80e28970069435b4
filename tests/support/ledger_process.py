"""A process that works on the ledger's jobs, or only relays them, in the ways that tests of faults want it to.

    LEDGER_OPTIONS='{"database": ..., "broker": ..., "namespace": ...}' python -m tests.support.ledger_process worker

Options beside the URLs: `seconds_off`, by how much its clock is wrong; `twice`, it sends every message twice.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any


class WrongClock:
    """A clock of a machine that is off by some seconds."""

    def now(self) -> datetime:
        """Return what this process takes for now."""
        return datetime.fromtimestamp(time.time(), UTC)


def put_clock_off(seconds: float) -> None:
    """Let everything in this process that asks for the time of day be wrong; timers stay right, as on a machine."""
    right, right_ns = time.time, time.time_ns
    time.time = lambda: right() + seconds
    time.time_ns = lambda: right_ns() + int(seconds * 1e9)


def send_twice(replace: Callable[[type, str, object], None] = setattr) -> None:
    """Let every message of this process go out two times."""
    from corelib.adapters.dramatiq import DramatiqTransport

    once = DramatiqTransport.send

    def send(self: DramatiqTransport, refs: Any) -> None:
        once(self, [ref for ref in refs for _ in range(2)])

    replace(DramatiqTransport, "send", send)


def main(role: str, options: dict[str, Any]) -> None:
    """Work, or relay, until the process is killed."""
    if options.get("seconds_off"):
        put_clock_off(options["seconds_off"])
    if options.get("twice"):
        send_twice()
    from tests.support.ledger_app import app

    from corelib import Settings
    from corelib.application.jobs.relay import Relay
    from corelib.bootstrap import bootstrap

    settings = Settings(
        options["database"],
        options["broker"],
        options["namespace"],
        threads=options.get("threads", 4),
        poll=timedelta(seconds=options.get("poll", 0.1)),
        again_after=timedelta(seconds=options.get("again_after", 1)),
        lease=timedelta(seconds=options.get("lease", 1.5)),
    )
    host = bootstrap(app, settings, clock=WrongClock())
    if role == "worker":
        host.worker().start()
    else:
        Relay(host.jobs, host.transport, host.log, again_after=settings.again_after, poll=settings.poll).start()
    print(f"{role} {os.getpid()} has begun", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], json.loads(os.environ["LEDGER_OPTIONS"]))
