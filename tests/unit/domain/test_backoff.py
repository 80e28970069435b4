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

    class WhenItIsFixed:
        @pytest.mark.parametrize("attempt", [1, 2, 100])
        def test_waits_the_same_after_every_attempt(self, attempt: int) -> None:
            assert Backoff.fixed(seconds(5)).wait(attempt) == seconds(5)

        @pytest.mark.parametrize(("chance", "wait"), [(0, 5400), (0.5, 7200), (1, 9000)])
        def test_waits_longer_than_an_hour_if_it_is_told_so(self, chance: float, wait: int) -> None:
            assert Backoff.fixed(seconds(7200), jitter=0.25).wait(1, chance) == seconds(wait)

        @pytest.mark.parametrize("jitter", [-0.1, 1.1])
        def test_refuses_a_wrong_jitter(self, jitter: float) -> None:
            with pytest.raises(InvalidSetting, match="jitter"):
                Backoff.fixed(seconds(5), jitter=jitter)

        def test_refuses_no_wait(self) -> None:
            with pytest.raises(InvalidSetting, match="first"):
                Backoff.fixed(seconds(0))

    class WhenItIsLinear:
        @pytest.mark.parametrize(("attempt", "wait"), [(1, 2), (2, 4), (3, 6), (10, 15), (10**9, 15)])
        def test_grows_by_its_first_wait_up_to_the_longest(self, attempt: int, wait: int) -> None:
            assert Backoff.linear(seconds(2), longest=seconds(15)).wait(attempt) == seconds(wait)

        @pytest.mark.parametrize(("attempt", "wait"), [(1, 2), (2, 7), (3, 12)])
        def test_grows_by_its_step(self, attempt: int, wait: int) -> None:
            assert Backoff.linear(seconds(2), seconds(5)).wait(attempt) == seconds(wait)

        @pytest.mark.parametrize(("chance", "wait"), [(0, 2), (0.5, 4), (1, 6)])
        def test_moves_by_its_jitter(self, chance: float, wait: int) -> None:
            assert Backoff.linear(seconds(2), jitter=0.5).wait(2, chance) == seconds(wait)

        def test_refuses_a_step_back(self) -> None:
            with pytest.raises(InvalidSetting, match="step of zero or more"):
                Backoff.linear(seconds(2), seconds(-1))

    class WhenItIsCustom:
        @pytest.mark.parametrize(("attempt", "wait"), [(1, 1), (2, 4), (3, 9), (4, 10)])
        def test_asks_the_function_up_to_the_longest(self, attempt: int, wait: int) -> None:
            backoff = Backoff.custom(lambda number: seconds(number**2), longest=seconds(10))

            assert backoff.wait(attempt) == seconds(wait)

        @pytest.mark.parametrize(("chance", "wait"), [(0, 9), (1, 11)])
        def test_moves_by_its_jitter(self, chance: float, wait: int) -> None:
            assert Backoff.custom(lambda _: seconds(10), jitter=0.1).wait(1, chance) == seconds(wait)

        def test_waits_for_no_time_less_than_none(self) -> None:
            assert Backoff.custom(lambda _: seconds(-1)).wait(1) == seconds(0)

        def test_waits_the_longest_if_the_function_fails(self) -> None:
            backoff = Backoff.custom(lambda attempt: seconds(1 / (attempt - 1)), longest=seconds(60))

            assert backoff.wait(1) == seconds(60)

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
