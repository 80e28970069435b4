"""Celery with the threads pool, no results, a message acknowledged when its job is done."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from celery import Celery

from _jobs.contender import PROCESSES, THREADS, Place, place_of_environment
from _jobs.marks import Marks


def app_of(place: Place) -> Celery:
    made = Celery("bench", broker=place.broker)
    made.conf.update(
        task_default_queue=f"celery.{place.namespace}",
        task_acks_late=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=2,
        broker_connection_retry_on_startup=True,
    )
    marks = Marks(place.marks)

    @made.task(name="note", shared=False)
    def note(number: int, text: str) -> None:  # noqa: ARG001
        marks.note(number)

    return made


class OnCelery:
    """Sends tasks."""

    def __init__(self, place: Place) -> None:
        self._app = app_of(place)
        self._task = self._app.tasks["note"]

    def enqueue(self, number: int) -> None:
        self._task.delay(number, "a few words")

    def enqueue_many(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._task.delay(number, "a few words")

    def commands(self) -> Sequence[Sequence[str]]:
        command = [sys.executable, "-m", "celery", "-A", "_jobs.contenders.celery_:app", "worker", "-P", "threads"]
        quiet = ["-c", str(THREADS), "-l", "ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        return [[*command, *quiet, "-n", f"w{each}@bench"] for each in range(PROCESSES)]

    def unfinished(self) -> int:
        return 0

    def close(self) -> None:
        with self._app.connection_for_write() as connection:
            connection.default_channel.queue_delete(self._app.conf.task_default_queue)
        self._app.close()


def connect(place: Place) -> OnCelery:
    return OnCelery(place)


if os.environ.get("JOBS_BENCH_NAMESPACE"):
    app = app_of(place_of_environment())
