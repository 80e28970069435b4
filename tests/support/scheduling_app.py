"""A process whose scheduler fires until it is killed; it touches a file once it has begun."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from attrs import frozen

from corelib import App, job
from corelib.adapters.sqlalchemy import SqlSchema
from corelib.application.settings import Settings
from corelib.bootstrap import bootstrap


@frozen
class Tick:
    of: str


@job(queue="ticking")
def tick(payload: Tick) -> None: ...


app = App("ticker", jobs=[tick], schema="tests.support.scheduling_app:schema")
schema = SqlSchema("ticker", sa.MetaData(), [])


def main(url: str, begun: str) -> None:
    with bootstrap(app, Settings(database_url=url, poll=timedelta(milliseconds=5))) as host:
        Path(begun).touch()
        while True:
            host.fire_due_schedules()


if __name__ == "__main__":
    main(*sys.argv[1:])
