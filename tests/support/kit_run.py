"""A run of the database kit as a process, for tests that kill it: `kit_run.py URL PREFIX RUN WORKER FOLDER STARTED`.

It takes the template, and makes, empties and drops clones until it is killed; the file STARTED says that it has begun.
"""

from __future__ import annotations

import sys
from pathlib import Path

from corelib.testing.database.kit import open_kit
from corelib.testing.database.settings import KitSettings
from corelib.testing.database.sources import ScriptsSource


def main(url: str, prefix: str, run: str, worker: str, folder: str, started: str) -> None:
    source = ScriptsSource(Path(folder))
    Path(started).touch()
    while True:
        with open_kit(url, source, KitSettings(run, prefix=prefix, worker=worker, rebuild=worker == "gw0")) as kit:
            kit.clone().reset("test_a")
            kit.clone()


if __name__ == "__main__":
    main(*sys.argv[1:])
