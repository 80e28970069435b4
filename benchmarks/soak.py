"""Very many jobs with random failures: do the books balance, does memory stay flat, do claims stay fast?

    nox -s soak [-- --jobs 200000] [--processes 4] [--kill-every SECONDS] [--broker redis] [--finished 1000000]

PostgreSQL and the broker are those that `CORELIB_TEST_POSTGRESQL_URL`, `CORELIB_TEST_REDIS_URL` and
`CORELIB_TEST_RABBITMQ_URL` name. What becomes of a job is drawn by its number, so that it is known how many succeed,
die, fail and time out. Jobs are enqueued while the workers run. The exit code is 1 if a figure does not balance, a
process has grown, or a claim takes too long.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from _jobs.contender import Place
from _soak.app import HANDLERS, THREADS, Task, app, settings_of, work
from _soak.books import Entry, books
from _soak.claims import Claims, add_finished, measure
from _soak.fates import SEED, fate_of, tally
from _soak.place import fresh_place
from _soak.workers import Memory, Workers, workers
from corelib import Host, JobState
from corelib.adapters.memory import MemoryLogger
from corelib.adapters.sqlalchemy import create_engine
from corelib.bootstrap import bootstrap

BROKERS = {"redis": "CORELIB_TEST_REDIS_URL", "rabbitmq": "CORELIB_TEST_RABBITMQ_URL"}
DATABASE = "CORELIB_TEST_POSTGRESQL_URL"
BATCH = 1_000
AHEAD = 10_000
"""So many jobs wait at most; more would only make the first phase longer."""

LOOK_SECONDS = 1.0
TOLD_EVERY = 10_000
STANDSTILL_SECONDS = 120
CLAIM_MILLISECONDS = 5.0


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="soak", description="Run very many jobs, and balance the books.")
    parser.add_argument("--jobs", type=int, default=200_000, help="default: %(default)s")
    parser.add_argument("--processes", type=int, default=4, help="default: %(default)s")
    parser.add_argument("--broker", choices=sorted(BROKERS), default="redis", help="default: %(default)s")
    parser.add_argument("--kill-every", type=float, metavar="SECONDS", help="kill a worker so often; default: never")
    parser.add_argument("--finished", type=int, default=1_000_000, help="rows beside which to claim; 0 leaves it out")
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(10**6)), help="default: at random")
    parser.add_argument("--tiny", action="store_true", help="a few jobs, to see that it runs")
    options = parser.parse_args(arguments)
    if options.tiny:
        options.jobs, options.processes, options.finished = 300, 2, 2_000
    if options.jobs < 1 or options.processes < 1:
        parser.error("--jobs and --processes must be 1 or more.")
    return options


def main() -> int:
    """Run, tell, and return the exit code."""
    options = parse()
    missing = [variable for variable in (DATABASE, BROKERS[options.broker]) if not os.environ.get(variable)]
    if missing:
        print(f"No server is named: set {' and '.join(missing)}.", file=sys.stderr)
        return 2
    os.environ[SEED] = options.seed
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that workers and database go as well
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="corelib-soak-")))
        servers = os.environ[DATABASE], os.environ[BROKERS[options.broker]]
        place = stack.enter_context(fresh_place(*servers, str(folder / "marks")))
        host = stack.enter_context(bootstrap(app, settings_of(place), log=MemoryLogger()))
        host.storage.create()
        print(
            f"seed {options.seed}; {options.jobs:,} jobs, {options.processes} processes of {THREADS} threads",
            flush=True,
        )
        return _soaked(host, place, options)


def _soaked(host: Host, place: Place, options: argparse.Namespace) -> int:
    engine = create_engine(place.database)
    environment = {**place.environment(), SEED: options.seed}
    with workers(options.processes, environment, Path(f"{place.marks}.log")) as running:
        rates = _run(host, running, options)
        memory, killed = running.memory(), running.killed
    entries = books(host, engine, tally(range(options.jobs), options.seed), killed=killed)
    right = _told(entries, memory, killed, judged=not options.tiny)
    print(
        f"{rates[0]:,.0f} jobs/s over all; median of the seconds {statistics.median(rates[1]):,.0f} jobs/s", flush=True
    )
    if options.finished:
        add_finished(engine, options.finished)
        right &= _claims_told(measure(host, engine, host.storage.engine), judged=not options.tiny)  # type: ignore[attr-defined]
    engine.dispose()
    print("everything balances" if right else "NOT everything is as it has to be")
    return 0 if right else 1


def _run(host: Host, running: Workers, options: argparse.Namespace) -> tuple[float, list[float]]:
    """Enqueue all jobs and wait for their ends; return jobs/s, over all and by seconds."""
    began = looked = moved = killed = time.monotonic()
    enqueued = done = 0
    rates = [0.0]
    while done < options.jobs:
        if enqueued < options.jobs and enqueued - done < AHEAD:
            enqueued += _enqueue(host, range(enqueued, min(enqueued + BATCH, options.jobs)))
        else:
            time.sleep(0.1)
        now = time.monotonic()
        if now - looked < LOOK_SECONDS and enqueued < options.jobs:
            continue
        counts = host.jobs.count()
        ended = counts[JobState.SUCCEEDED] + counts[JobState.DEAD]
        running.look(ended / options.jobs)
        if ended > done:
            rates.append((ended - done) / (now - looked))
            moved = now
            if ended // TOLD_EVERY > done // TOLD_EVERY:
                print(f"{ended:,} have ended, {rates[-1]:,.0f} jobs/s", file=sys.stderr, flush=True)
        elif now - moved > STANDSTILL_SECONDS:
            raise TimeoutError(f"Nothing has ended for {STANDSTILL_SECONDS} s: {dict(counts)}.")
        done, looked = ended, now
        if options.kill_every and now - killed > options.kill_every:
            running.kill_oldest()
            killed = now
    return options.jobs / (time.monotonic() - began), rates[1:] or rates


def _enqueue(host: Host, numbers: Sequence[int]) -> int:
    with host.unit_of_work() as uow:
        for number in numbers:
            uow.jobs.enqueue(HANDLERS.get(fate_of(number), work), Task(number))
        uow.commit()
    return len(numbers)


def _told(entries: Sequence[Entry], memory: dict[int, Memory], killed: int, *, judged: bool) -> bool:
    for entry in entries:
        sign = ("at least " if entry.may_be_more else "") + f"{entry.wanted:,}"
        print(f"{'  ' if entry.balances else '! '}{entry.name}: {entry.found:,}, wanted {sign}")
    for pid, used in memory.items():
        flat = "" if used.is_flat or not judged else ", it has GROWN"
        told = f"start {used.start:.0f}, warm {used.warm:.0f}, median {used.median:.0f}, end {used.end:.0f}"
        print(f"  process {pid}, megabytes: {told}{flat}")
    if killed:
        print(f"  {killed} workers were killed")
    return all(entry.balances for entry in entries) and (not judged or all(used.is_flat for used in memory.values()))


def _claims_told(claims: Claims, *, judged: bool) -> bool:
    print(f"{claims.told()}\n{claims.plan}")
    return not judged or statistics.median(claims.server) < CLAIM_MILLISECONDS


if __name__ == "__main__":
    raise SystemExit(main())
