from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest

pytest.importorskip("dramatiq")
pytest.importorskip("redis")
from dramatiq import Message
from dramatiq.errors import ConnectionClosed
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import NoPermissionError
from redis.exceptions import TimeoutError as NothingInTime

from corelib.adapters.dramatiq.redis_waiting import WaitingRedisBroker

A_FIFTH_OF_A_SECOND = 200


class FakeRedis:
    """Answers the scripts of Dramatiq's broker from lists in memory, and notes how often it was asked to wait."""

    def __init__(self, *, refuses: Exception | None = None, arrives: Sequence[bytes] = ()) -> None:
        self.waits: list[tuple[object, ...]] = []
        self.fetches = 0
        self._messages: list[bytes] = []
        self._refuses = refuses
        self._arrives = list(arrives)

    def register_script(self, _: object) -> Any:
        return lambda args=(), keys=(), client=None: self._answer(args)

    def blmove(self, *arguments: object) -> None:
        self.waits.append(arguments)
        if self._refuses is not None:
            raise self._refuses
        if self._arrives:
            self._messages.append(self._arrives.pop(0))

    def _answer(self, args: Sequence[object]) -> object:
        if not args:
            return 8000  # how many values a script may return
        if args[0] != "fetch":
            return None
        self.fetches += 1
        wanted = int(str(args[-1]))
        taken, self._messages = self._messages[:wanted], self._messages[wanted:]
        return taken


numbers = count()


def a_message() -> bytes:
    options = {"redis_message_id": f"r{next(numbers)}"}
    return bytes(Message("bench.default", "act", args=(), kwargs={}, options=options).encode())


def consumer_of(server: FakeRedis, *, queue: str = "bench.default", prefetch: int = 4) -> Any:
    broker = WaitingRedisBroker(client=server, namespace="corelib-bench")
    return broker.consume(queue, prefetch=prefetch, timeout=A_FIFTH_OF_A_SECOND)


class TestConsumer:
    class WhenNothingIsThere:
        def test_waits_at_the_head_of_the_queue_and_leaves_it_as_it_is(self) -> None:
            server = FakeRedis()

            message = next(consumer_of(server))

            assert message is None
            place = "corelib-bench:bench.default"
            assert server.waits == [(place, place, 0.2, "LEFT", "LEFT")]

    class WhenAMessageArrivesMeanwhile:
        def test_takes_it_next(self) -> None:
            consumer = consumer_of(FakeRedis(arrives=[a_message()]))
            assert next(consumer) is None

            message = next(consumer)

            assert message.queue_name == "bench.default"

    class WhenAMessageIsThere:
        def test_does_not_wait(self) -> None:
            server = FakeRedis(arrives=[a_message()])
            consumer = consumer_of(server)
            next(consumer)
            server.waits.clear()

            next(consumer)

            assert server.waits == []

    class WhenItHasAllThatItMayHave:
        def test_waits_for_one_to_be_done_and_not_for_another_one(self) -> None:
            server = FakeRedis(arrives=[a_message()])
            consumer = consumer_of(server, prefetch=1)
            next(consumer)
            held = next(consumer)
            server.waits.clear()
            consumer.ack(held)

            next(consumer)

            assert server.fetches == 3

        def test_does_not_ask_redis_meanwhile(self) -> None:
            server = FakeRedis(arrives=[a_message(), a_message()])
            consumer = consumer_of(server, prefetch=1)
            next(consumer)
            next(consumer)
            asked = server.fetches, len(server.waits)

            next(consumer)

            assert (server.fetches, len(server.waits)) == asked

    class WhenTheServerRefusesToWait:
        def test_sleeps_between_questions_instead(self) -> None:
            server = FakeRedis(refuses=NoPermissionError("this user has no permissions to run the 'blmove' command"))
            consumer = consumer_of(server)

            answers = [next(consumer), next(consumer)]

            assert answers == [None, None]
            assert (server.fetches, len(server.waits)) == (2, 1)

    class WhenTheConnectionIsLost:
        def test_says_so_in_dramatiqs_words(self) -> None:
            consumer = consumer_of(FakeRedis(refuses=LostConnection("gone")))

            with pytest.raises(ConnectionClosed):
                next(consumer)

    class WhenTheClientWaitsForLessTime:
        def test_found_nothing(self) -> None:
            consumer = consumer_of(FakeRedis(refuses=NothingInTime("Timeout reading from socket")))

            assert next(consumer) is None

    class WhenTheQueueIsThatOfDelayedMessages:
        def test_is_left_to_dramatiq(self) -> None:
            server = FakeRedis(refuses=AssertionError("nobody sends anything there"))

            assert next(consumer_of(server, queue="bench.default.DQ")) is None
