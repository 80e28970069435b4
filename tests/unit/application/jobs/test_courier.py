from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest
from tests.unit.fakes import BrokenTransport

from corelib.adapters.memory import MemoryLogger, MemoryTransport
from corelib.application.jobs.announcer import MOST_AT_ONCE
from corelib.application.jobs.courier import PAUSE, Courier
from corelib.domain.identifiers import new_id
from corelib.domain.job import JobRef
from corelib.errors import ServerUnreachable
from corelib.ports.logger import Logger
from corelib.ports.transport import JobTransport
from corelib.testing.contracts.waiting import PATIENCE, happens

AT_ONCE = timedelta(0)


class SlowTransport(MemoryTransport):
    """Sends nothing before it may, and notes what came with each call."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.may_send = threading.Event()
        self.calls: list[Sequence[JobRef]] = []

    def send(self, refs: Sequence[JobRef]) -> None:
        self.calls.append(refs)
        self.asked.set()
        self.may_send.wait(PATIENCE)
        super().send(refs)


MakeCourier = Callable[..., Courier]


@pytest.fixture
def make_courier() -> Iterator[MakeCourier]:
    made: list[Courier] = []

    def make(transport: JobTransport, log: Logger | None = None, pause: timedelta = PAUSE) -> Courier:
        made.append(Courier(transport, log or MemoryLogger(), pause=pause))
        return made[-1]

    yield make
    for courier in made:
        courier.close()


def a_ref(queue: str = "a") -> JobRef:
    return JobRef(new_id(), queue)


@pytest.fixture
def slow() -> Iterator[SlowTransport]:
    transport = SlowTransport()
    yield transport
    transport.may_send.set()


class TestCourier:
    class WhenTheTransportIsSlow:
        def test_keeps_nobody_waiting(self, make_courier: MakeCourier, slow: SlowTransport) -> None:
            courier, ref = make_courier(slow), a_ref()

            courier.send([ref])

            assert not courier.flush(AT_ONCE)
            slow.may_send.set()
            assert slow.take(wait=PATIENCE) == ref

        def test_sends_what_came_meanwhile_with_the_next_call(
            self, make_courier: MakeCourier, slow: SlowTransport
        ) -> None:
            courier, refs = make_courier(slow), [a_ref() for _ in range(3)]
            courier.send(refs[:1])
            assert happens(slow.asked)

            courier.send(refs[1:2])
            courier.send(refs[2:])
            slow.may_send.set()

            assert courier.flush()
            assert [list(call) for call in slow.calls] == [refs[:1], refs[1:]]

        def test_keeps_no_more_than_wake_all_threads_of_a_queue(
            self, make_courier: MakeCourier, slow: SlowTransport
        ) -> None:
            courier = make_courier(slow)
            courier.send([a_ref()])
            assert happens(slow.asked)

            for _ in range(MOST_AT_ONCE + 5):
                courier.send([a_ref("many"), a_ref("many")])
            other = a_ref("other")
            courier.send([other])
            slow.may_send.set()

            assert courier.flush()
            assert [ref.queue for ref in slow.calls[1]].count("many") == MOST_AT_ONCE
            assert slow.calls[1][-1] == other

    class WhenMoreComesShortlyAfterACall:
        def test_sends_it_together(self, make_courier: MakeCourier, slow: SlowTransport) -> None:
            slow.may_send.set()
            courier, refs = make_courier(slow, pause=timedelta(hours=1)), [a_ref() for _ in range(3)]
            courier.send(refs[:1])
            assert courier.flush()

            courier.send(refs[1:2])
            courier.send(refs[2:])
            waiting = not courier.flush(AT_ONCE)
            courier.close()

            assert waiting
            assert [list(call) for call in slow.calls] == [refs[:1], refs[1:]]

    class WhenTheBrokerIsDown:
        def test_tells_the_log(self, make_courier: MakeCourier) -> None:
            log = MemoryLogger()
            courier = make_courier(BrokenTransport(), log)

            courier.send([a_ref()])

            assert courier.flush()
            (line,) = log.lines
            assert (line.level, line.event) == ("warning", "jobs not announced")
            assert line.fields == {"jobs": 1, "reason": "The broker does not answer."}

        def test_says_so_when_it_is_checked(self, make_courier: MakeCourier) -> None:
            with pytest.raises(ServerUnreachable):
                make_courier(BrokenTransport()).check()

        def test_sends_what_comes_when_it_is_up_again(self, make_courier: MakeCourier) -> None:
            transport, ref = _DownAtFirst(), a_ref()
            courier = make_courier(transport)
            courier.send([a_ref()])
            assert courier.flush()

            courier.send([ref])

            assert transport.take(wait=PATIENCE) == ref

    class WhenNothingIsSent:
        def test_starts_no_thread(self, make_courier: MakeCourier) -> None:
            before = set(threading.enumerate())

            make_courier(MemoryTransport()).send([])

            assert set(threading.enumerate()) <= before

    class WhenItIsClosed:
        def test_has_sent_everything(self, make_courier: MakeCourier) -> None:
            transport, refs = MemoryTransport(), [a_ref() for _ in range(20)]
            courier = make_courier(transport)
            for ref in refs:
                courier.send([ref])

            courier.close()

            assert list(iter(transport.take, None)) == refs

        def test_has_no_thread_any_more(self, make_courier: MakeCourier) -> None:
            before = set(threading.enumerate())
            courier = make_courier(MemoryTransport())
            courier.send([a_ref()])

            courier.close()

            assert set(threading.enumerate()) <= before

        def test_sends_at_once_what_comes_later(self, make_courier: MakeCourier) -> None:
            transport, ref = MemoryTransport(), a_ref()
            courier = make_courier(transport)
            courier.close()

            courier.send([ref])

            assert transport.take() == ref

        def test_may_be_closed_again(self, make_courier: MakeCourier) -> None:
            courier = make_courier(MemoryTransport())
            courier.close()

            courier.close()

    class WhenTheProcessEndsWithoutClosingIt:
        def test_has_sent_everything(self) -> None:
            program = """
import time
from corelib.adapters.memory import MemoryLogger
from corelib.application.jobs.courier import Courier
from corelib.domain.identifiers import new_id
from corelib.domain.job import JobRef

class Slow:
    def send(self, refs):
        time.sleep(0.05)
        print(len(refs), flush=True)

courier = Courier(Slow(), MemoryLogger())
courier.send([JobRef(new_id(), "a")])
"""

            ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

            assert ended.stdout == "1\n"


class _DownAtFirst(MemoryTransport):
    def __init__(self) -> None:
        super().__init__()
        self._calls = 0

    def send(self, refs: Sequence[JobRef]) -> None:
        self._calls += 1
        if self._calls == 1:
            raise ServerUnreachable("The broker does not answer.")
        super().send(refs)
