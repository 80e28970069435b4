from __future__ import annotations

from datetime import timedelta

import pytest

from corelib.domain.backoff import Backoff
from corelib.errors import InvalidSetting


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


class TestBackoff:
    @pytest.mark.parametrize(("attempt", "wait"), [(1, 2), (2, 6), (3, 18), (4, 50), (5, 50)])
    def test_grows_by_its_factor_up_to_the_longest(self, attempt: int, wait: int) -> None:
        backoff = Backoff(first=seconds(2), factor=3, longest=seconds(50))

        assert backoff.wait(attempt) == seconds(wait)

    @pytest.mark.parametrize(("chance", "wait"), [(0, 8), (0.25, 9), (0.5, 10), (1, 12)])
    def test_moves_by_its_jitter(self, chance: float, wait: int) -> None:
        backoff = Backoff(first=seconds(10), jitter=0.2)

        assert backoff.wait(1, chance) == seconds(wait)

    def test_doubles_from_a_second_by_default(self) -> None:
        waits = [Backoff().wait(attempt) for attempt in (1, 2, 3)]

        assert waits == [seconds(1), seconds(2), seconds(4)]

    class WhenTheAttemptIsBeyondCounting:
        def test_waits_the_longest(self) -> None:
            backoff = Backoff(longest=seconds(90))

            assert backoff.wait(10**6) == seconds(90)

    class WhenAValueCannotBeUsed:
        @pytest.mark.parametrize("field", ["first", "longest"])
        @pytest.mark.parametrize("value", [seconds(0), seconds(-1)])
        def test_refuses_waiting_times_that_are_none(self, field: str, value: timedelta) -> None:
            with pytest.raises(InvalidSetting, match=f"above zero, not .*{field}"):
                Backoff(**{field: value})

        @pytest.mark.parametrize("jitter", [-0.1, 1.1])
        def test_refuses_a_jitter_that_makes_waits_negative(self, jitter: float) -> None:
            with pytest.raises(InvalidSetting, match="jitter"):
                Backoff(jitter=jitter)

        @pytest.mark.parametrize("factor", [0.9, 0, -2])
        def test_refuses_a_factor_that_makes_waits_shorter(self, factor: float) -> None:
            with pytest.raises(InvalidSetting, match="factor"):
                Backoff(factor=factor)
