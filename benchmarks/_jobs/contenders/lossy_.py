"""corelib: jobs without rows, which may be lost."""

from __future__ import annotations

from collections.abc import Sequence

from _jobs.contender import PROCESSES, Place, python
from _jobs.contenders.durable_ import Note, mark, schema, settings_of
from corelib import App, Host
from corelib.application.jobs.description import job
from corelib.bootstrap import bootstrap

__all__ = ["app", "connect", "schema", "settings_of"]


@job(queue="bench", durable=False)
def note(payload: Note) -> None:
    """Note that the job runs."""
    mark(payload.number)


app = App("bench", jobs=[note], schema="_jobs.contenders.durable_:schema")


class Lossy:
    """Sends messages after the commits of units of work that hold nothing else."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def enqueue(self, number: int) -> None:
        self._host.enqueue(note, Note(number))

    def enqueue_many(self, numbers: Sequence[int]) -> None:
        self._host.enqueue_many(note, [Note(number) for number in numbers])

    def commands(self) -> Sequence[Sequence[str]]:
        return [python("-m", "_jobs.worker", "_jobs.contenders.lossy_")] * PROCESSES

    def unfinished(self) -> int:
        return 0

    def close(self) -> None:
        self._host.close()


def connect(place: Place) -> Lossy:
    host = bootstrap(app, settings_of(place))
    host.storage.create()
    return Lossy(host)
