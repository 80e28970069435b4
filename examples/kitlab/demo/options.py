"""Options of the demonstration."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from attrs import field, frozen

from corelib.application.log_fields import hide_password
from corelib.errors import InvalidSetting

DATA = Path(__file__).parent.parent / "data"


@frozen
class Options:
    """What to run on what.

    Args:
        database_url: where orders go.
        broker_url: what wakes the workers.
        orders: the file to read, one JSON object a line.
        workers: worker processes where a broker connects them, threads of this process otherwise.
        folder: where rejects, logs and the default database go.
        namespace: keeps demonstrations that share a broker apart.
    """

    database_url: str = field(repr=hide_password)
    broker_url: str = field(repr=hide_password)
    orders: Path
    workers: int
    folder: Path
    namespace: str

    @property
    def in_processes(self) -> bool:
        """Return whether workers are processes of their own."""
        return not self.broker_url.startswith(("memory:", "inprocess:"))

    @property
    def rejects(self) -> Path:
        """Return the file that rejected lines are listed in."""
        return self.folder / "rejects.jsonl"


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line.

    Raises:
        InvalidSetting: if options contradict one another or a file is missing.
    """
    parser = argparse.ArgumentParser(prog="kitlab.demo", description=__doc__)
    parser.add_argument("--database-url", help="default: a SQLite file in the folder")
    parser.add_argument("--broker-url", help="amqp://..., redis://...; default: a Dramatiq worker in this process")
    parser.add_argument("--orders", type=Path, default=DATA / "orders.jsonl", help="default: the example's own")
    parser.add_argument("--workers", type=int, default=2, help="default: 2")
    parser.add_argument("--adapters", choices=["memory"], help="run everything on the in-memory adapters")
    parser.add_argument("--folder", type=Path, default=Path("build/demo"), help="default: build/demo")
    parser.add_argument("--namespace", default="kitlab", help="prefix on the broker; default: kitlab")
    given = parser.parse_args(arguments)
    if given.adapters == "memory" and (given.database_url or given.broker_url):
        raise InvalidSetting("--adapters memory goes with neither --database-url nor --broker-url.")
    if given.workers < 1:
        raise InvalidSetting(f"--workers must be 1 or more, not {given.workers}.")
    if not given.orders.is_file():
        raise InvalidSetting(f"There is no file {given.orders}.", hint="Name one with --orders.")
    given.folder.mkdir(parents=True, exist_ok=True)
    memory = given.adapters == "memory"
    return Options(
        database_url=given.database_url or ("memory:" if memory else f"sqlite:///{given.folder / 'kitlab.sqlite'}"),
        broker_url=given.broker_url or ("memory:" if memory else "inprocess:"),
        orders=given.orders,
        workers=given.workers,
        folder=given.folder,
        namespace=given.namespace,
    )
