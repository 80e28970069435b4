"""Two scheduler processes, of which one is killed again and again: every occurrence, and each once."""

from __future__ import annotations

import os
import random
import subprocess
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from tests.support.commands import PROJECT, start_python
from tests.support.databases import POSTGRESQL, fresh_database, server_named_by
from tests.support.scheduling_app import Tick, app, tick
from tests.support.until import until

from corelib import Missed, Schedule
from corelib.application.host import Host
from corelib.application.settings import Settings
from corelib.bootstrap import bootstrap
from corelib.domain.schedule import occurrence_id

SCHEDULER = str(PROJECT / "tests/support/scheduling_app.py")
KILLS = 4
A_SECOND = timedelta(seconds=1)


def more_than(host: Host, seen: int) -> bool:
    return len(host.jobs.list(limit=10_000)) > seen


class TestSchedulerKilled:
    class WhenOneOfTwoIsKilledAtRandomMoments:
        def test_every_occurrence_is_enqueued_once(self, tmp_path: Path) -> None:
            wait = random.Random(int(os.environ.get("CORELIB_TEST_SEED", "7")))
            environment = {"PYTHONPATH": os.pathsep.join([str(PROJECT), os.environ.get("PYTHONPATH", "")])}
            with fresh_database(server_named_by(POSTGRESQL)) as url, bootstrap(app, Settings(database_url=url)) as host:
                host.storage.create()
                names = [f"tick {number}" for number in range(5)]
                for name in names:
                    host.schedules.put(Schedule(name, every=A_SECOND, job=tick, payload=Tick(name), missed=Missed.ALL))
                first = {status.name: status.next_at for status in host.schedules.list()}

                def start(name: str) -> subprocess.Popen[bytes]:
                    begun = tmp_path / name
                    process = start_python(SCHEDULER, url, str(begun), log=tmp_path / "log", environment=environment)
                    until(begun.exists, f"{name} has begun")
                    return process

                steady = start("steady")
                try:
                    for number in range(KILLS):
                        doomed = start(f"doomed{number}")
                        seen = len(host.jobs.list(limit=10_000))
                        until(partial(more_than, host, seen), "occurrences are enqueued")
                        until(lambda: wait.random() < 0.2, "a random moment")
                        doomed.kill()
                        doomed.wait()
                finally:
                    steady.kill()
                    steady.wait()

                for status in host.schedules.list():
                    runs = host.schedules.runs(status.name, limit=10_000)
                    begin, end = first[status.name], status.last_at
                    assert begin is not None
                    assert end is not None
                    count = (end - begin) // A_SECOND + 1
                    expected = [occurrence_id(status.name, begin + A_SECOND * number) for number in range(count)]
                    assert {run.id for run in runs} == set(expected)
                    assert len(runs) == len(expected)
                assert len(host.jobs.list(limit=10_000)) >= KILLS
