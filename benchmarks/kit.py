"""How long the database test kit takes: templates, clones, resets, and a run of trivial tests.

    nox -s bench -- kit [--repeat 60] [--url URL] [--json FILE]

Without a URL it runs on a PostgreSQL that is started for it, without fsync, as tests usually have it; and on SQL Server
where `CORELIB_TEST_MSSQL_URL` names one. Resets are measured beside what people write by hand, all in each repetition.
The exit code says nothing about the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs
from attrs import evolve, field, frozen

from _kit.figures import Figures, table
from _kit.measuring import measure
from _kit.suites import measure_suites
from corelib.errors import ConfigurationError
from corelib.testing.servers import Missing, mssql, postgresql_wheel
from corelib.testing.servers.urls import scheme_of

TINY_TESTS = 5
TESTS = 500


@frozen
class Target:
    """A server to measure on."""

    title: str
    url: str = field(repr=False)
    fsync: bool = True


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="kit", description="Measure the database test kit.")
    parser.add_argument("--repeat", type=int, default=60, help="resets to measure; default: %(default)s")
    parser.add_argument("--url", help="a server of PostgreSQL or SQL Server, instead of those that are found")
    parser.add_argument(
        "--tiny", action="store_true", help="very little, to see that it runs; the figures mean nothing"
    )
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    given = parser.parse_args(arguments)
    if given.repeat < 1:
        parser.error(f"--repeat must be 1 or more, not {given.repeat}.")
    return given


def main() -> int:
    """Measure on all servers there are, and return the exit code."""
    options = parse()
    found: list[Figures] = []
    try:
        with targets(options.url) as servers:
            for target in servers:
                found.append(run(target, options))
                goals = {"reset": True, "suite": True, "clone": not target.fsync}
                print(f"\n{table(found[-1], goals if scheme_of(target.url) == 'postgresql' else {})}\n")
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json is not None:
        options.json.write_text(json.dumps([attrs.asdict(each) for each in found], indent=2) + "\n", encoding="utf-8")
    return 0


def run(target: Target, options: argparse.Namespace) -> Figures:
    """Measure everything on one server."""
    print(f"{target.title}: templates, clones and resets ...", flush=True)
    figures = measure(target.title, target.url, repeat=3 if options.tiny else options.repeat)
    tests = TINY_TESTS if options.tiny else TESTS
    print(f"{target.title}: runs of {tests} trivial tests ...", flush=True)
    suites = measure_suites(target.url, tests=tests, repeat=1 if options.tiny else 5)
    return evolve(figures, suites=suites, tests=tests)


@contextmanager
def targets(url: str | None) -> Iterator[Sequence[Target]]:
    """Give the servers to the block, and stop what was started."""
    if url:
        yield [Target(f"the server named by --url ({scheme_of(url)})", url)]
        return
    named = os.environ.get(mssql.VARIABLE)
    also = [Target("SQL Server", named)] if named else []
    server = postgresql_wheel.start()
    if isinstance(server, Missing):
        print(f"PostgreSQL is left out: {server.reason}.\n")
        yield also
        return
    try:
        yield [Target(f"{server.engine}, {server.origin}, without fsync", server.url, fsync=False), *also]
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
