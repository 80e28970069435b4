from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from corelib.adapters.memory import ManualClock
from corelib.errors import MisuseError

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class TestManualClock:
    def test_stands_still(self) -> None:
        clock = ManualClock(NOON)

        times = [clock.now(), clock.now()]

        assert times == [NOON, NOON]

    def test_moves_by_what_it_is_told(self) -> None:
        clock = ManualClock(NOON)

        clock.advance(timedelta(hours=2))

        assert clock.now() == datetime(2026, 6, 1, 14, tzinfo=UTC)

    def test_tells_the_time_in_utc(self) -> None:
        clock = ManualClock(NOON.astimezone(timezone(timedelta(hours=5))))

        now = clock.now()

        assert now == NOON
        assert now.tzinfo is UTC

    class WhenItIsToGoBack:
        def test_refuses(self) -> None:
            clock = ManualClock(NOON)

            with pytest.raises(MisuseError, match="cannot go back by 0:00:01"):
                clock.advance(timedelta(seconds=-1))

            assert clock.now() == NOON

    class WhenTheStartHasNoTimeZone:
        def test_refuses(self) -> None:
            with pytest.raises(MisuseError, match="time zone"):
                ManualClock(NOON.replace(tzinfo=None))
