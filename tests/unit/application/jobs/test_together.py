from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

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
