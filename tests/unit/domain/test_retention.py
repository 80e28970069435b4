from __future__ import annotations

from datetime import timedelta

import pytest

from corelib.domain.job import JobState
from corelib.domain.retention import Keep, Retention
from corelib.errors import InvalidSetting

A_DAY = timedelta(days=1)


class TestRetention:
    def test_keeps_all_for_ever_unless_it_is_told(self) -> None:
        assert list(Retention()) == []
        assert Retention().shortest is None

    def test_keeps_cancelled_jobs_as_those_that_have_succeeded(self) -> None:
        assert dict(Retention(A_DAY)) == {JobState.SUCCEEDED: Keep(A_DAY), JobState.CANCELLED: Keep(A_DAY)}

    def test_keeps_cancelled_jobs_for_ever_if_it_is_told(self) -> None:
        assert dict(Retention(A_DAY, cancelled=None)) == {JobState.SUCCEEDED: Keep(A_DAY)}

    def test_keeps_dead_letters_longer(self) -> None:
        retention = Retention(A_DAY, dead=90 * A_DAY)

        assert dict(retention)[JobState.DEAD] == Keep(90 * A_DAY)
        assert retention.shortest == A_DAY

    @pytest.mark.parametrize("times", [{"succeeded": -A_DAY}, {"cancelled": -A_DAY}, {"dead": -A_DAY}])
    def test_refuses_a_negative_time(self, times: dict[str, timedelta]) -> None:
        with pytest.raises(InvalidSetting, match="Say 0 or more"):
            Retention(**times)

    class WhenTheirNumberIsLimited:
        def test_keeps_the_newest(self) -> None:
            retention = Retention(Keep(newest=1000), dead=Keep(A_DAY, newest=10))

            assert dict(retention) == {
                JobState.SUCCEEDED: Keep(newest=1000),
                JobState.CANCELLED: Keep(newest=1000),
                JobState.DEAD: Keep(A_DAY, newest=10),
            }

        def test_promises_no_time(self) -> None:
            assert Retention(Keep(newest=1000)).shortest == timedelta(0)

        def test_refuses_a_negative_one(self) -> None:
            with pytest.raises(InvalidSetting, match="Say 0 or more"):
                Keep(newest=-1)
