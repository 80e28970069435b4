"""Dramatiq's Redis broker, whose consumers are woken by Redis instead of asking again and again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from dramatiq import Consumer, Message, MessageProxy
from dramatiq.brokers.redis import RedisBroker
from dramatiq.common import dq_name, q_name
from dramatiq.errors import ConnectionClosed
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as NothingInTime

from corelib.adapters.dramatiq.redis_pipelining import PipelinedScript

AT_ONCE_MILLISECONDS = 1
"""The longest pause of Dramatiq's own consumer when it found nothing; less than a millisecond is none."""

PART_TO_FETCH = 2
"""So many parts of what a worker may hold of messages are fetched in one go, at least one message."""


class WaitingRedisBroker(RedisBroker):
    """Takes and gives what `RedisBroker` does; a message that arrives wakes a worker that waits for one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self._dispatch_script = PipelinedScript(self.scripts["dispatch"])
        self.scripts: dict[str, Any] = {**self.scripts, "dispatch": self._dispatch_script}

    def enqueue_many(self, messages: Sequence[Message[Any]]) -> None:
        """Enqueue messages on one way to the server; if that fails, some of them may be there."""
        with self._dispatch_script.together(self.client):
            for message in messages:
                self.enqueue(message)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
        """Return a consumer that waits in Redis for at most `timeout` milliseconds.

        Nothing is ever sent to a queue of delayed messages: delays are in the rows of the jobs.
        """
        if queue_name == dq_name(q_name(queue_name)):
            return super().consume(queue_name, prefetch, timeout)
        return _WaitingConsumer(self, super().consume(queue_name, prefetch, AT_ONCE_MILLISECONDS), queue_name, timeout)


class _WaitingConsumer(Consumer):
    """Dramatiq's consumer, with a wait in Redis where that would sleep.

    It waits by BLMOVE from the head of the queue's list to the same place, which changes nothing and returns as soon as
    there is a message, whoever has sent it (Redis: "BLMOVE", since 6.2). Where the server refuses that, Dramatiq's
    consumer sleeps as it always does.
    """

    def __init__(self, broker: RedisBroker, consumer: Any, queue_name: str, timeout: int) -> None:
        self._client: Any = broker.client  # whose types know no parts of a second
        self._consumer = consumer
        self._list = f"{broker.namespace}:{queue_name}"
        self._timeout = timeout
        self._waits = True
        self._has_room = threading.Event()

    def __next__(self) -> MessageProxy | None:
        message: MessageProxy | None = next(self._consumer)
        if message is None and self._waits:
            self._wait()
        return message

    def ack(self, message: MessageProxy) -> None:
        self._consumer.ack(message)
        self._note_room()

    def nack(self, message: MessageProxy) -> None:
        self._consumer.nack(message)
        self._note_room()

    def requeue(self, messages: Any) -> None:
        self._consumer.requeue(messages)

    def close(self) -> None:
        self._consumer.close()

    def _note_room(self) -> None:
        """Go on only when there is room for several messages: each fetch is a way to Redis."""
        room = self._consumer.prefetch - self._consumer.outstanding_message_count
        if room >= max(1, self._consumer.prefetch // PART_TO_FETCH):
            self._has_room.set()

    def _wait(self) -> None:
        seconds = self._timeout / 1000
        if self._consumer.outstanding_message_count >= self._consumer.prefetch:
            self._has_room.wait(seconds)
            self._has_room.clear()
            return
        try:
            self._client.blmove(self._list, self._list, seconds, "LEFT", "LEFT")
        except NothingInTime:  # the URL sets a shorter socket_timeout
            return
        except LostConnection as error:
            raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]
        except ResponseError:
            self._waits, self._consumer.timeout = False, self._timeout
