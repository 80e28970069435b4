"""The command line, and which engines it means."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import field, frozen

from _persistence.cases import CASES, TINY, Case, Sizes
from _persistence.database import Database, server_database, sqlite_database
from _persistence.timing import Plan
from corelib.testing.servers import Missing, postgresql

ENGINES = ("sqlite", "postgresql", "mssql")


@frozen
class Options:
    """What to measure on what.

    Args:
        engines: names of those to use; a server that cannot be had is left out.
        urls: of named servers, by engine.
        cases: in the order of the table.
        json: where the figures go for programs.
    """

    engines: Sequence[str]
    urls: Mapping[str, str] = field(repr=False)
    cases: Sequence[Case]
    sizes: Sizes
    plan: Plan
    json: Path | None


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="persistence", description="Measure corelib's persistence against others.")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="may be repeated; default: all there are")
    parser.add_argument("--case", action="append", choices=[case.name for case in CASES], help="default: all")
    parser.add_argument("--repeat", type=int, default=Plan().most, help="repetitions at most; default: %(default)s")
    parser.add_argument("--postgresql-url", help="a server; default: one named by the environment or started")
    parser.add_argument("--mssql-url", help="a server; without it SQL Server is left out")
    parser.add_argument("--tiny", action="store_true", help="a few rows, to see that it runs; the figures mean nothing")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    given = parser.parse_args(arguments)
    if given.repeat < 1:
        parser.error(f"--repeat must be 1 or more, not {given.repeat}.")
    urls = {"postgresql": given.postgresql_url, "mssql": given.mssql_url}
    return Options(
        engines=[name for name in ENGINES if name in (given.engine or ENGINES)],
        urls={name: url for name, url in urls.items() if url},
        cases=[case for case in CASES if not given.case or case.name in given.case],
        sizes=TINY if given.tiny else Sizes(),
        plan=Plan(most=given.repeat),
        json=given.json,
    )


@contextmanager
def opened(engine: str, urls: Mapping[str, str]) -> Iterator[Database | str]:
    """Give a new database on an engine to the block, or the reason why there is none."""
    if engine == "sqlite":
        with sqlite_database() as database:
            yield database
    elif engine in urls:
        with server_database(engine, urls[engine]) as database:
            yield database
    elif engine == "postgresql":
        with _found_postgresql() as found:
            yield found
    else:
        yield "no server is named, use --mssql-url"


@contextmanager
def _found_postgresql() -> Iterator[Database | str]:
    server = postgresql.find(os.environ)
    if isinstance(server, Missing):
        yield server.reason
        return
    try:
        with server_database(server.engine, server.url) as database:
            yield database
    finally:
        server.stop()
