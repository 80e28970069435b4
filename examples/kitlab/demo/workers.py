"""Running the workers until nothing is left."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from corelib import Host, JobState
from corelib.errors import CorelibError
from kitlab.demo.options import Options

LOOK_SECONDS = 0.25
STALLED_SECONDS = 120
STOP_LIMIT = timedelta(seconds=20)


class WorkersFailed(CorelibError):
    """Jobs are left, but nobody works on them."""


@contextmanager
def running(host: Host, options: Options) -> Iterator[Callable[[], bool]]:
    """Run workers within the block; the function it gives tells whether any is alive."""
    if options.in_processes:
        with _processes(options) as alive:
            yield alive
        return
    host.jobs.forget_announcements()
    worker = host.worker()
    worker.start()
    try:
        yield lambda: True
    finally:
        worker.stop(STOP_LIMIT)


def drain(host: Host, alive: Callable[[], bool], progress: Callable[[int, int], None]) -> None:
    """Wait until no job is pending or running.

    Args:
        host: whose jobs.
        alive: whether any worker is left.
        progress: is told how many jobs have ended, of how many.

    Raises:
        WorkersFailed: if no worker is alive, or nothing has moved for two minutes.
    """
    pause = threading.Event()
    last, unchanged = None, 0.0
    while True:
        counts = dict(host.jobs.count())
        ended = counts[JobState.SUCCEEDED] + counts[JobState.DEAD]
        progress(ended, sum(counts.values()))
        if ended == sum(counts.values()):
            return
        unchanged = unchanged + LOOK_SECONDS if counts == last else 0.0
        last = counts
        if not alive() or unchanged > STALLED_SECONDS:
            raise WorkersFailed("Jobs are left and no worker takes them.", hint="See worker.log in the folder.")
        pause.wait(LOOK_SECONDS)


@contextmanager
def _processes(options: Options) -> Iterator[Callable[[], bool]]:
    environment = {
        **os.environ,
        "CORELIB_DATABASE_URL": options.database_url,
        "CORELIB_BROKER_URL": options.broker_url,
    }
    command = [sys.executable, "-m", "corelib", "worker", "--app", "kitlab.app:app", "--namespace", options.namespace]
    command += ["--processes", str(options.workers), "--poll", "0.2"]
    with (options.folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stderr=log)  # noqa: S603 - our own command
        try:
            yield lambda: process.poll() is None
        finally:
            process.terminate()
            process.wait()
