"""Killing importers and workers at random moments loses no order and repeats no effect."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
from pathlib import Path
from typing import Any

from tests.e2e.conftest import NewDatabase, broker_url, money_after_mending
from tests.support.commands import PROJECT, python, start_python

KILLS = 20
SHORTEST, LONGEST = 0.3, 1.6
"""Seconds that a process lives, from its start to its end: from before its first statement to the thick of its work."""

IMPORTER = str(PROJECT / "tests/support/import_orders.py")


class TestKilledProcesses:
    class WhenImportersAndWorkersAreKilledTwentyTimes:
        def test_one_undisturbed_run_ends_with_every_figure_in_balance(
            self, tmp_path: Path, orders: Path, expected: dict[str, Any], new_database: NewDatabase, namespace: str
        ) -> None:
            seed = int(os.environ.get("CORELIB_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
            killing = Killing(tmp_path, orders, new_database("postgresql"), broker_of_this_run(), namespace)
            killing.prepare()

            killed = killing.kill_at_random(random.Random(seed))
            figures = killing.run_undisturbed()

            print(f"seed {seed}: killed {killed}; then {figures}")
            outcomes = expected["outcomes"]
            charged = outcomes["charged"] + outcomes["unreachable"]  # the demonstration mends those
            assert figures["orders"] == {"paid": charged, "declined": outcomes["declined"], "placed": 0}
            assert figures["charged"] == money_after_mending(expected)
            assert figures["emails"] == charged
            assert figures["jobs"]["dead"] == 0
            assert figures["accepted"] + figures["rejected"]["already_imported"] == (
                expected["valid"] + expected["faults"]["duplicate"]
            )
            assert sum(killed.values()) == KILLS


class Killing:
    """One importer and one worker that are killed and started again, and then the demonstration to the end."""

    def __init__(self, folder: Path, orders: Path, database: str, broker: str, namespace: str) -> None:
        self._folder = folder
        self._orders = orders
        self._urls = ["--database-url", database, "--broker-url", broker, "--namespace", namespace]
        self._environment = {
            "CORELIB_DATABASE_URL": database,
            "CORELIB_BROKER_URL": broker,
            "E2E_NAMESPACE": namespace,
        }
        self._commands = {
            "worker": ["-m", "corelib", "worker", "--app", "kitlab.app:app", "--namespace", namespace, "--poll", "0.2"],
            "importer": [IMPORTER, str(orders), str(folder / "killed-rejects.jsonl")],
        }

    def prepare(self) -> None:
        """Make the tables and the catalogue by a demonstration without orders."""
        nothing = self._folder / "nothing.jsonl"
        nothing.touch()
        made = python("-m", "kitlab.demo", "--folder", str(self._folder), "--orders", str(nothing), *self._urls)
        assert made.returncode == 0, made.stdout + made.stderr

    def kill_at_random(self, chance: random.Random) -> dict[str, int]:
        """Kill one of the two, chosen at random, after a random time; return how often each was killed."""
        killed = dict.fromkeys(self._commands, 0)
        processes = {name: self._start(name) for name in self._commands}
        for _ in range(KILLS):
            name = chance.choice(list(processes))
            if wait(processes[name], chance.uniform(SHORTEST, LONGEST)):
                # The importer came to the end of the file before: it begins again, and is killed in the middle of that.
                processes[name] = self._start(name)
                wait(processes[name], chance.uniform(SHORTEST, LONGEST))
            os.kill(processes[name].pid, signal.SIGKILL)
            processes[name].wait()
            killed[name] += 1
            processes[name] = self._start(name)
        for process in processes.values():
            process.kill()
            process.wait()
        return killed

    def run_undisturbed(self) -> dict[str, Any]:
        """Run the demonstration on the same database; it balances the figures itself. Return them."""
        ended = python("-m", "kitlab.demo", "--folder", str(self._folder), "--orders", str(self._orders), *self._urls)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return dict(json.loads((self._folder / "figures.json").read_text(encoding="utf-8")))

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        log = self._folder / f"{name}.log"
        return start_python(*self._commands[name], log=log, environment=self._environment)


def broker_of_this_run() -> str:
    """Return RabbitMQ, as this project's CI has it, else Redis."""
    return broker_url("rabbitmq" if os.environ.get("CORELIB_TEST_RABBITMQ_URL") else "redis")


def wait(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait so long for a process to end, and return whether it has."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True
