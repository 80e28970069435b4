"""Procrastinate on PostgreSQL: async workers with as many jobs at a time."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import procrastinate
import psycopg

from _jobs.contender import PROCESSES, THREADS, Place, place_of_environment
from _jobs.marks import Marks


def app_of(place: Place, connector: procrastinate.BaseConnector) -> procrastinate.App:
    made = procrastinate.App(connector=connector)
    marks = Marks(place.marks)

    @made.task(name="note", queue="bench")
    async def note(number: int, text: str) -> None:  # noqa: ARG001
        marks.note(number)

    return made


class OnProcrastinate:
    """Defers tasks."""

    def __init__(self, place: Place) -> None:
        self._app = app_of(place, procrastinate.SyncPsycopgConnector(conninfo=place.database))
        self._app.open()
        self._connection = psycopg.connect(place.database, autocommit=True)
        if not self._connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()[0]:  # type: ignore[index]
            self._app.schema_manager.apply_schema()
        self._task = self._app.tasks["note"]

    def enqueue(self, number: int) -> None:
        self._task.defer(number=number, text="a few words")

    def enqueue_many(self, numbers: Sequence[int]) -> None:
        self._task.batch_defer(*({"number": number, "text": "a few words"} for number in numbers))

    def commands(self) -> Sequence[Sequence[str]]:
        command = [sys.executable, "-m", "procrastinate", "--app", "_jobs.contenders.procrastinate_.app", "worker"]
        return [[*command, "--concurrency", str(THREADS)]] * PROCESSES

    def unfinished(self) -> int:
        statement = "SELECT count(*) FROM procrastinate_jobs WHERE status <> 'succeeded'"
        row = self._connection.execute(statement).fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        self._app.close()
        self._connection.close()


def connect(place: Place) -> OnProcrastinate:
    return OnProcrastinate(place)


if os.environ.get("JOBS_BENCH_NAMESPACE"):
    _place = place_of_environment()
    app = app_of(_place, procrastinate.PsycopgConnector(conninfo=_place.database))
