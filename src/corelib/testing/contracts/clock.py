"""The contract of `corelib.ports.clock.Clock`."""
# ruff: noqa: D102, D106 - the names of the tests are their sentences

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import ClassVar

import pytest

from corelib.ports.clock import Clock
from corelib.testing.contracts.suite import ContractSuite


class ClockContract(ContractSuite):
    """Every clock tells the time in UTC and never goes back."""

    port: ClassVar[str] = "Clock"

    @pytest.fixture
    def clock(self) -> Clock:
        """Return the clock."""
        raise NotImplementedError

    class WhenItIsAsked:
        def test_answers_in_utc(self, clock: Clock) -> None:
            now = clock.now()

            assert now.tzinfo is UTC

    class WhenItIsAskedManyTimes:
        def test_never_goes_back(self, clock: Clock) -> None:
            answers = [clock.now() for _ in range(1000)]

            assert answers == sorted(answers)

    class WhenManyThreadsAsk:
        def test_never_goes_back_for_any_of_them(self, clock: Clock) -> None:
            def ask(_: int) -> list[datetime]:
                return [clock.now() for _ in range(500)]

            with ThreadPoolExecutor(4) as threads:
                answers = list(threads.map(ask, range(4)))

            assert [each == sorted(each) for each in answers] == [True] * 4
