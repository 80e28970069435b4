"""A process on a bank's database that is killed: `python doomed_bank.py URL FOLDER WAY`.

It says in files of the folder how far it has come, by their names.

- `flushed`: it writes, says so, and waits.
- `committing`: it kills itself when the COMMIT is about to be sent.
- `committed`: it kills itself when the COMMIT has been answered, before anybody is told.
- `busy`: it commits one transfer after the other, and says of each that it was committed.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from pathlib import Path

import sqlalchemy as sa
from tests.support.bank import app, moving

from corelib import Settings, UnitOfWork
from corelib.adapters.sqlalchemy import SqlStorage
from corelib.application.host import Host
from corelib.bootstrap import bootstrap


def main() -> None:
    url, folder, way = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    with bootstrap(app, Settings(database_url=url)) as host:
        {"flushed": flushed, "committing": committing, "committed": committed, "busy": busy}[way](host, folder)


def flushed(host: Host, folder: Path) -> None:
    def write_and_wait(uow: UnitOfWork) -> None:
        moving(10, name="lost")(uow)
        uow.flush()
        (folder / "flushed").touch()
        sys.stdin.read()

    host.run(write_and_wait)


def committing(host: Host, folder: Path) -> None:
    storage = host.storage
    assert isinstance(storage, SqlStorage)
    sa.event.listen(storage.engine, "commit", lambda _: die())
    host.run(moving(10, name="lost"))


def committed(host: Host, folder: Path) -> None:
    with host.unit_of_work() as uow:
        uow.after_commit(die)
        moving(10, name="stored")(uow)
        uow.commit()


def busy(host: Host, folder: Path) -> None:
    for number in itertools.count():
        name = host.run(moving(1, name=f"{os.getpid()}-{number}"))
        (folder / name).touch()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
