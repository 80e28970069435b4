"""How fast jobs are enqueued, run and begun, beside what else there is.

    nox -s bench -- jobs [--repeat 3] [--broker redis] [--contender corelib] [--json FILE]

PostgreSQL, RabbitMQ and Redis are those that `CORELIB_TEST_POSTGRESQL_URL`, `CORELIB_TEST_RABBITMQ_URL` and
`CORELIB_TEST_REDIS_URL` name. In each repetition all contenders run once, in random order, each on a new database;
ratios are taken within a repetition, and what is told is their median. Each has 2 processes of 8 threads. The job
notes that it has begun; jobs/s is that of processes that have run jobs before. Latency is that of an otherwise
idle system, from just before the call that enqueues and commits. The exit code says nothing about the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from urllib.parse import quote, urlencode
from uuid import uuid4

import psycopg

from _jobs.contender import Place
from _jobs.contenders import MODULES, WITHOUT_BROKER, make
from _jobs.measuring import TINY, Measured, Sizes, measure
from _jobs.report import Run, as_json, table

BROKERS = {"redis": "CORELIB_TEST_REDIS_URL", "rabbitmq": "CORELIB_TEST_RABBITMQ_URL"}
DATABASE = "CORELIB_TEST_POSTGRESQL_URL"


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="jobs", description="Measure durable jobs beside others.")
    parser.add_argument("--repeat", type=int, default=3, help="repetitions; default: %(default)s")
    parser.add_argument(
        "--broker", action="append", choices=sorted(BROKERS), help="may be repeated; default: all named"
    )
    parser.add_argument("--contender", action="append", choices=sorted(MODULES), help="may be repeated; default: all")
    parser.add_argument("--backlog", type=int, default=Sizes().backlog, help="jobs to run; default: %(default)s")
    parser.add_argument("--tiny", action="store_true", help="a few jobs, to see that it runs; the figures mean nothing")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    given = parser.parse_args(arguments)
    if given.repeat < 1:
        parser.error(f"--repeat must be 1 or more, not {given.repeat}.")
    return given


def main() -> int:
    """Measure, and return the exit code."""
    options = parse()
    server = os.environ.get(DATABASE)
    if not server:
        print(f"No PostgreSQL is named: set {DATABASE}.", file=sys.stderr)
        return 2
    runs = _runs(options)
    figures: dict[Run, list[Measured]] = {run: [] for run in runs}
    random = Random(0)
    for _ in range(options.repeat):
        for run in random.sample(runs, len(runs)):
            figures[run].append(_measured(run, server, TINY if options.tiny else Sizes(backlog=options.backlog)))
            print(f"{run[0]}, {run[1] or 'no broker'}: {figures[run][-1].jobs:,.0f} jobs/s", file=sys.stderr)
    print(table(_title(server), figures))
    if options.json:
        options.json.write_text(json.dumps(as_json(figures), indent=1), encoding="utf-8")
    return 0


def _runs(options: argparse.Namespace) -> list[Run]:
    brokers = [name for name in options.broker or BROKERS if os.environ.get(BROKERS[name])]
    names = [name for name in MODULES if not options.contender or name in options.contender]
    alone = [(name, "") for name in names if name in WITHOUT_BROKER]
    return [(name, broker) for broker in brokers for name in names if name not in WITHOUT_BROKER] + alone


def _measured(run: Run, server: str, sizes: Sizes) -> Measured:
    """Measure a contender on a database of its own."""
    name, broker = run
    database = f"corelib_bench_{uuid4().hex[:12]}"
    url = psycopg.conninfo.conninfo_to_dict(server)
    with psycopg.connect(server, autocommit=True) as admin, TemporaryDirectory(prefix="corelib-bench-") as folder:
        admin.execute(f"CREATE DATABASE {database}")
        try:
            place = Place(
                database=_in_database(url, database),
                broker=os.environ[BROKERS[broker]] if broker else "",
                namespace=database,
                marks=str(Path(folder, "marks")),
            )
            contender = make(name, place)
            try:
                return measure(contender, place, sizes)
            finally:
                contender.close()
        finally:
            admin.execute(f"DROP DATABASE {database} WITH (FORCE)")


def _in_database(parts: Mapping[str, object], database: str) -> str:
    """Return a URL for libpq and SQLAlchemy; the host stands in its query, since it may be the folder of a socket."""
    login = quote(str(parts.get("user", "postgres")), safe="")
    if parts.get("password"):
        login += f":{quote(str(parts['password']), safe='')}"
    place = urlencode({"host": parts.get("host", "localhost"), "port": parts.get("port", 5432)})
    return f"postgresql://{login}@/{database}?{place}"


def _title(server: str) -> str:
    with psycopg.connect(server) as connection:
        version = connection.info.server_version
        row = connection.execute("SELECT current_setting('fsync')").fetchone()
    return f"PostgreSQL {version // 10000}.{version % 10000}, fsync {row[0] if row else '?'}"


if __name__ == "__main__":
    raise SystemExit(main())
