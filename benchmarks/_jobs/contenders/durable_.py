"""corelib: durable jobs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from attrs import frozen

from _jobs.contender import PROCESSES, THREADS, Place, python
from _jobs.marks import Marks
from corelib import App, Host, Settings
from corelib.adapters.sqlalchemy import SqlSchema
from corelib.application.jobs.description import job
from corelib.bootstrap import bootstrap
from corelib.domain.job import JobState

schema = SqlSchema("bench", sa.MetaData(), [])


@frozen
class Note:
    """Payload."""

    number: int
    text: str = "a few words"


_marks: list[Marks] = []


def mark(number: int) -> None:
    """Note a number in this process's file."""
    if not _marks:
        _marks.append(Marks())
    _marks[0].note(number)


@job(queue="bench", attempts=3)
def note(payload: Note) -> None:
    """Note that the job runs."""
    mark(payload.number)


app = App("bench", jobs=[note], schema="_jobs.contenders.durable_:schema")


class Durable:
    """Enqueues in units of work."""

    def __init__(self, place: Place, host: Host) -> None:
        self._place = place
        self._host = host

    def enqueue(self, number: int) -> None:
        with self._host.unit_of_work() as uow:
            uow.jobs.enqueue(note, Note(number))
            uow.commit()

    def enqueue_many(self, numbers: Sequence[int]) -> None:
        with self._host.unit_of_work() as uow:
            for number in numbers:
                uow.jobs.enqueue(note, Note(number))
            uow.commit()

    def commands(self) -> Sequence[Sequence[str]]:
        return [python("-m", "_jobs.worker", "_jobs.contenders.durable_")] * PROCESSES

    def unfinished(self) -> int:
        counts = self._host.jobs.count()
        return sum(number for state, number in counts.items() if state is not JobState.SUCCEEDED)

    def close(self) -> None:
        self._host.close()


def settings_of(place: Place) -> Settings:
    return Settings(
        database_url=place.database,
        broker_url=place.broker,
        namespace=place.namespace,
        threads=THREADS,
        poll=timedelta(milliseconds=500),
    )


def connect(place: Place) -> Durable:
    host = bootstrap(app, settings_of(place))
    host.storage.create()
    return Durable(place, host)
