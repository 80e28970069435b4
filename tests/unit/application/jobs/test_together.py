from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from corelib.application.jobs.together import Together
from corelib.testing.contracts.waiting import PATIENCE, eventually


class Doubling:
    """Doubles numbers; the first call waits until the test opens the gate."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.begun = threading.Event()
        self.gate = threading.Event()

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.calls.append(list(numbers))
        self.begun.set()
        self.gate.wait(PATIENCE)
        return [2 * number for number in numbers]


class FailingFirst(Doubling):
    def __call__(self, numbers: Sequence[int]) -> list[int]:
        answers = super().__call__(numbers)
        if len(self.calls) == 2:
            raise ZeroDivisionError
        return answers


def asked_while_the_first_call_runs(
    together: Together[int, int], doubling: Doubling, *numbers: int
) -> list[int | BaseException | None]:
    with ThreadPoolExecutor(len(numbers) + 1) as threads:
        futures = [threads.submit(together.ask, 0)]
        assert doubling.begun.wait(PATIENCE)
        futures += [threads.submit(together.ask, number) for number in numbers]
        eventually(lambda: len(together._waiting) == len(numbers), "all wait")
        doubling.gate.set()
        return [future.exception(PATIENCE) or future.result() for future in futures]


class Bench:
    """Threads that keep asking, one for each number, a clock that a test moves, and long patience."""

    def __init__(self, *, patience: float = 10 * PATIENCE) -> None:
        self.doubling = Doubling()
        self.seconds = 0.0
        self.together: Together[int, int] = Together(
            self.doubling, patience=patience, brief=0.5, now=lambda: self.seconds
        )
        self._threads: list[ThreadPoolExecutor] = []

    def ask(self, number: int) -> Future[int]:
        """Have the thread of a number ask."""
        while len(self._threads) <= number:
            self._threads.append(ThreadPoolExecutor(1))
        return self._threads[number].submit(self.together.ask, number)

    def run_together(self, count: int) -> None:
        """Have threads get their answers by one call, which comes after that of another thread."""
        with ThreadPoolExecutor(1) as first:
            opening = first.submit(self.together.ask, 99)
            assert self.doubling.begun.wait(PATIENCE)
            asked = [self.ask(number) for number in range(count)]
            eventually(lambda: len(self.together._waiting) == count, "all wait")
            self.doubling.gate.set()
            for future in (opening, *asked):
                future.result(PATIENCE)

    def close(self) -> None:
        for thread in self._threads:
            thread.shutdown()


class TestTogether:
    class WhenNobodyElseAsks:
        def test_answers_at_once(self) -> None:
            doubling = Doubling()
            doubling.gate.set()

            assert Together(doubling).ask(4) == 8
            assert doubling.calls == [[4]]

    class WhenOthersAskMeanwhile:
        def test_answers_all_who_wait_by_one_call(self) -> None:
            doubling = Doubling()

            answers = asked_while_the_first_call_runs(Together(doubling), doubling, 1, 2, 3)

            assert answers == [0, 2, 4, 6]
            assert [sorted(call) for call in doubling.calls] == [[0], [1, 2, 3]]

    class WhenThreadsComeBackSoon:
        def test_waits_for_those_who_got_their_answers_together(self) -> None:
            bench = Bench()
            bench.run_together(3)

            answers = [future.result(PATIENCE) for future in [bench.ask(again) for again in range(3)]]

            bench.close()
            assert answers == [0, 2, 4]
            assert [len(call) for call in bench.doubling.calls] == [1, 3, 3]

        def test_calls_at_once_when_nobody_came_before(self) -> None:
            bench = Bench(patience=0.001)
            bench.run_together(3)

            answers = [bench.ask(0).result(PATIENCE) for _ in range(5)]

            bench.close()
            assert answers == [0] * 5
            assert [len(call) for call in bench.doubling.calls] == [1, 3, *[1] * 5]

    class WhenAThreadComesBackLate:
        def test_calls_at_once(self) -> None:
            bench = Bench()
            bench.run_together(3)
            bench.seconds += 1

            answer = bench.ask(0).result(PATIENCE)

            bench.close()
            assert answer == 0
            assert [len(call) for call in bench.doubling.calls] == [1, 3, 1]

    class WhenACallFails:
        def test_raises_for_the_one_who_called(self) -> None:
            with pytest.raises(ZeroDivisionError):
                Together[int, int](lambda _: [1 // 0]).ask(1)

        def test_lets_the_others_ask_anew(self) -> None:
            doubling = FailingFirst()

            answers = asked_while_the_first_call_runs(Together(doubling), doubling, 1, 2, 3)

            failed = [answer for answer in answers if isinstance(answer, ZeroDivisionError)]
            assert len(failed) == 1
            assert len([answer for answer in answers if isinstance(answer, int)]) == 3
            assert len(doubling.calls) == 3

        def test_can_be_asked_again(self) -> None:
            calls: list[int] = []

            def fail_once(numbers: Sequence[int]) -> list[int]:
                calls.extend(numbers)
                return [1 // (len(calls) - 1)]

            together = Together(fail_once)
            with pytest.raises(ZeroDivisionError):
                together.ask(1)

            assert together.ask(2) == 1
            assert calls == [1, 2]
