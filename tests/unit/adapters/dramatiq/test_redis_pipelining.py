from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from attrs import define, field

pytest.importorskip("dramatiq")
from corelib.adapters.dramatiq.redis_pipelining import PipelinedScript


@define
class FakeServer:
    """Notes what a script is called with, and sends what a pipeline holds when that is executed."""

    sent: list[Sequence[object]] = field(factory=list)
    ways: int = 0

    def script(self, *, keys: Sequence[object], args: Sequence[object], client: Pipeline | None) -> str | None:
        if client is None:
            self.ways += 1
            self.sent.append((*keys, *args))
            return "answer"
        client.held.append((*keys, *args))
        return None

    @contextmanager
    def pipeline(self, *, transaction: bool) -> Iterator[Pipeline]:
        assert not transaction
        yield Pipeline(self)


@define
class Pipeline:
    server: FakeServer
    held: list[Sequence[object]] = field(factory=list)

    def execute(self) -> None:
        self.server.ways += 1
        self.server.sent += self.held


class TestPipelinedScript:
    class WhenItIsCalledAlone:
        def test_answers_at_once(self) -> None:
            server = FakeServer()

            answer = PipelinedScript(server.script)(keys=["k"], args=[1])

            assert (answer, server.sent) == ("answer", [("k", 1)])

    class WhenItIsCalledTogether:
        def test_goes_one_way_in_its_order(self) -> None:
            server = FakeServer()
            script = PipelinedScript(server.script)

            with script.together(server):
                for number in range(3):
                    script(keys=["k"], args=[number])
                before = list(server.sent)

            assert before == []
            assert (server.sent, server.ways) == ([("k", 0), ("k", 1), ("k", 2)], 1)

        def test_lets_other_threads_go_their_own_way(self) -> None:
            server = FakeServer()
            script = PipelinedScript(server.script)

            with script.together(server):
                other = threading.Thread(target=lambda: script(keys=["other"], args=[]))
                other.start()
                other.join()
                before = list(server.sent)

            assert before == [("other",)]

        def test_goes_its_own_way_again_afterwards(self) -> None:
            server = FakeServer()
            script = PipelinedScript(server.script)

            with script.together(server):
                pass

            assert script(keys=[], args=[]) == "answer"

    class WhenTheBlockFails:
        def test_sends_nothing_and_forgets_it(self) -> None:
            server = FakeServer()
            script = PipelinedScript(server.script)

            def fail() -> None:
                script(keys=["k"], args=[])
                raise ZeroDivisionError

            with pytest.raises(ZeroDivisionError), script.together(server):
                fail()

            assert server.sent == []
            assert script(keys=[], args=[]) == "answer"
