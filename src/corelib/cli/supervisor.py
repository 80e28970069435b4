"""Several worker processes under one that watches them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

from corelib.application.settings import Settings
from corelib.cli import options as shared
from corelib.ports.logger import Logger

SUPERVISED = "CORELIB_SUPERVISED"
POLL_SECONDS = 0.2
RESTART_PAUSE_SECONDS = 1.0
MISCONFIGURED = 2
GRACE_SECONDS = 10


def supervise(
    arguments: Callable[[int], Sequence[str]],
    settings: Settings,
    *,
    count: int,
    stop_limit: float,
    stopping: threading.Event,
    log: Logger,
) -> int:
    """Keep `count` worker processes running until `stopping` is set.

    A process that dies is replaced; one that ends because of a wrong setting ends them all, with its exit code.

    Args:
        arguments: of the `corelib` command in each process, by its place from 0.
        settings: their URLs are handed on through the environment.
        count: how many processes.
        stop_limit: seconds that each has to finish its running jobs.
        stopping: set when everything is to end.
        log: is told about starts and deaths.
    """
    children = [_start(arguments(place), settings) for place in range(count)]
    code = 0
    while not stopping.wait(POLL_SECONDS) and code != MISCONFIGURED:
        for place, child in enumerate(children):
            code = child.poll() or 0
            if code == MISCONFIGURED:
                break
            if child.returncode is not None:
                log.warning("worker process died", process=child.pid, exit_code=child.returncode)
                stopping.wait(RESTART_PAUSE_SECONDS)
                children[place] = _start(arguments(place), settings)
    _stop(children, stop_limit)
    return code if code == MISCONFIGURED else 0


def _start(arguments: Sequence[str], settings: Settings) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        shared.DATABASE_VARIABLE: settings.database_url,
        shared.BROKER_VARIABLE: settings.broker_url,
        SUPERVISED: "1",
    }
    command = [sys.executable, "-m", "corelib", *arguments]
    # A group of its own: Ctrl-C reaches the supervisor alone, which then stops its children in order.
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603


def _stop(children: Sequence[subprocess.Popen[bytes]], limit: float) -> None:
    for child in children:
        child.terminate()
    deadline = time.monotonic() + limit + GRACE_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdin is not None:
            child.stdin.close()
