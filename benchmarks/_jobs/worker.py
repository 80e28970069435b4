"""A worker process of corelib: as `corelib worker`, but silent, with an optional profile of its threads."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from datetime import timedelta
from pathlib import Path

from _jobs.contender import place_of_environment
from _jobs.sampling import Sampler
from corelib import App, Settings
from corelib.bootstrap import bootstrap

PROFILE = "JOBS_BENCH_PROFILE"
"""Names a file: each worker process of corelib writes one beside it that says where its threads were."""


class Silent:
    """A logger that says nothing: the others' workers log nothing for each job either."""

    def debug(self, event: str, **fields: object) -> None: ...

    def info(self, event: str, **fields: object) -> None: ...

    def warning(self, event: str, **fields: object) -> None: ...

    def error(self, event: str, error: BaseException | None = None, **fields: object) -> None:
        print(event, repr(error), fields, flush=True)


def run(app: App, settings: Settings) -> None:
    """Run a worker until SIGTERM."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    with bootstrap(app, settings, log=Silent()) as host:
        worker = host.worker()
        worker.start()
        sampler = Sampler("DramatiqWorker._run")
        if profile := os.environ.get(PROFILE):
            sampler.start()
        stopping.wait()
        if profile:
            sampler.write(Path(f"{profile}.{os.getpid()}"))
        worker.stop(timedelta(seconds=10))
    os._exit(0)


if __name__ == "__main__":
    contender = importlib.import_module(sys.argv[1])
    run(contender.app, contender.settings_of(place_of_environment()))
