from __future__ import annotations

from datetime import timedelta

import pytest

pytest.importorskip("hypothesis")
from hypothesis import given
from hypothesis import strategies as st

from corelib.domain.backoff import Backoff

A_MICROSECOND = timedelta(microseconds=1)  # waits are rounded to it
WAITS = st.timedeltas(min_value=timedelta(milliseconds=1), max_value=timedelta(days=1))
FACTORS = st.floats(min_value=1, max_value=100)
ATTEMPTS = st.integers(min_value=1, max_value=2000)
CHANCES = st.floats(min_value=0, max_value=1)
STEADY = st.builds(Backoff, first=WAITS, factor=FACTORS, longest=WAITS)
JITTERY = st.builds(Backoff, first=WAITS, factor=FACTORS, longest=WAITS, jitter=st.floats(min_value=0, max_value=1))


class TestBackoff:
    @given(JITTERY, ATTEMPTS, CHANCES)
    def test_never_waits_longer_than_the_longest(self, backoff: Backoff, attempt: int, chance: float) -> None:
        assert backoff.wait(attempt, chance) <= backoff.longest

    @given(STEADY, ATTEMPTS)
    def test_never_waits_shorter_than_before(self, backoff: Backoff, attempt: int) -> None:
        assert backoff.wait(attempt + 1) >= backoff.wait(attempt)

    @given(STEADY)
    def test_begins_with_the_first(self, backoff: Backoff) -> None:
        assert backoff.wait(1) == min(backoff.first, backoff.longest)

    @given(JITTERY, ATTEMPTS, CHANCES)
    def test_stays_within_its_jitter(self, backoff: Backoff, attempt: int, chance: float) -> None:
        middle = backoff.wait(attempt)

        wait = backoff.wait(attempt, chance)

        assert wait >= timedelta(0)
        assert abs(wait - middle) <= middle * backoff.jitter + A_MICROSECOND
