"""Workers that are killed in the middle of flows leave no step out and repeat none."""

from __future__ import annotations

import os
import random
import subprocess
from collections import Counter
from pathlib import Path

from tests.e2e.conftest import NewDatabase, broker_url
from tests.support.commands import start_python
from tests.support.flow_app import Entry, Step, app, enter
from tests.support.until import until

from corelib import Host, Settings, always, chain, group, step
from corelib.bootstrap import bootstrap
from corelib.domain.flow_steps import Flow

FLOWS = 12
WIDTH = 15
KILLS = 12
SHORTEST, LONGEST = 0.4, 1.5
"""Seconds that a worker lives after the last kill."""

LONGEST_RUN = 240.0


class TestKilledFlows:
    class WhenWorkersAreKilledAgainAndAgain:
        def test_every_step_runs_once_and_after_all_that_it_waits_for(
            self, tmp_path: Path, new_database: NewDatabase, namespace: str
        ) -> None:
            seed = int(os.environ.get("CORELIB_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
            chance = random.Random(seed)
            settings = Settings(
                database_url=new_database("postgresql"), broker_url=broker_url("redis"), namespace=namespace
            )
            with bootstrap(app, settings) as host:
                host.storage.create()
                flows = [host.enqueue_flow(flow_of(number)) for number in range(FLOWS)]
                workers = [start(tmp_path, settings, number) for number in range(2)]
                try:
                    for _ in range(KILLS):
                        chosen = chance.randrange(len(workers))
                        pause(workers[chosen], chance.uniform(SHORTEST, LONGEST))
                        workers[chosen].kill()
                        workers[chosen].wait()
                        workers[chosen] = start(tmp_path, settings, chosen)
                    until(lambda: not host.jobs.list_flows(unfinished=True), "the end of all flows", LONGEST_RUN)
                finally:
                    for worker in workers:
                        worker.kill()
                        worker.wait()

                entries = entries_of(host)

            expected = {f"{number}.{name}": count for number in range(FLOWS) for name, count in NAMES.items()}
            print(f"seed {seed}: {len(entries)} effects of {len(flows)} flows after {KILLS} kills")
            assert Counter(each.step for each in entries) == Counter(list(expected))
            assert {each.step: each.children for each in entries} == expected


NAMES: dict[str, int] = {
    "first": 0,
    **{f"wide {number}": 1 for number in range(WIDTH)},
    "then": WIDTH + 1,
    "inner 0": 1,
    "inner 1": 1,
    "last": 1,
}
"""The steps of each flow, and how many jobs each of them waits for."""


def flow_of(number: int) -> Flow:
    def named(name: str) -> Flow:
        return step(enter, Step(f"{number}.{name}"))

    wide = [named(f"wide {place}") for place in range(WIDTH)]
    return chain(
        named("first"),
        group(*wide, chain(named("inner 0"), named("inner 1"))),
        named("then"),
        always(named("last")),
    )


def start(folder: Path, settings: Settings, number: int) -> subprocess.Popen[bytes]:
    return start_python(
        *("-m", "corelib", "worker", "--app", "tests.support.flow_app:app", "--lease", "2", "--poll", "0.2"),
        *("--namespace", settings.namespace or ""),
        log=folder / f"worker{number}.log",
        environment={
            "CORELIB_DATABASE_URL": settings.database_url,
            "CORELIB_BROKER_URL": settings.broker_url,
        },
    )


def pause(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Let a worker live so long; it does not end by itself."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return
    raise AssertionError("the worker has ended by itself")


def entries_of(host: Host) -> list[Entry]:
    with host.unit_of_work(read_only=True) as uow:
        return list(uow.repository(Entry, str).stream())
