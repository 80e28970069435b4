"""Dramatiq by itself, as its guide has it: a global broker, an actor, its own command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import dramatiq
from dramatiq import Broker

from _jobs.contender import PROCESSES, THREADS, Place, place_of_environment
from _jobs.marks import Marks


def broker_of(place: Place) -> Broker:
    if place.broker.startswith("redis"):
        from dramatiq.brokers.redis import RedisBroker  # noqa: PLC0415

        return RedisBroker(url=place.broker, namespace=f"raw-{place.namespace}")  # type: ignore[no-untyped-call]
    from dramatiq.brokers.rabbitmq import RabbitmqBroker  # noqa: PLC0415

    return RabbitmqBroker(url=place.broker)


def actor_of(broker: Broker, queue: str, marks: Marks) -> dramatiq.Actor[[int, str], None]:
    def note(number: int, text: str) -> None:  # noqa: ARG001
        marks.note(number)

    return dramatiq.actor(note, broker=broker, queue_name=queue, actor_name="note")


class Raw:
    """Sends messages."""

    def __init__(self, place: Place) -> None:
        self._broker = broker_of(place)
        self._queue = f"raw.{place.namespace}"
        self._actor = actor_of(self._broker, self._queue, Marks(place.marks))

    def enqueue(self, number: int) -> None:
        self._actor.send(number, "a few words")

    def enqueue_many(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._actor.send(number, "a few words")

    def commands(self) -> Sequence[Sequence[str]]:
        command = [sys.executable, "-m", "dramatiq", "_jobs.contenders.dramatiq_", "-p", str(PROCESSES)]
        return [[*command, "-t", str(THREADS), "--skip-logging"]]

    def unfinished(self) -> int:
        return 0

    def close(self) -> None:
        if hasattr(self._broker, "channel"):
            for name in (self._queue, f"{self._queue}.DQ", f"{self._queue}.XQ"):
                self._broker.channel.queue_delete(name)
        self._broker.close()


def connect(place: Place) -> Raw:
    return Raw(place)


if os.environ.get("JOBS_BENCH_NAMESPACE"):  # in a worker, where Dramatiq's command looks for the broker of a module
    _place = place_of_environment()
    broker = broker_of(_place)
    dramatiq.set_broker(broker)
    actor = actor_of(broker, f"raw.{_place.namespace}", Marks())
