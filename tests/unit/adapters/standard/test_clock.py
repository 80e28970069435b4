from __future__ import annotations

from datetime import UTC, datetime

from corelib.adapters.standard import SystemClock


class TestSystemClock:
    def test_tells_the_time_of_the_machine_in_utc(self) -> None:
        clock = SystemClock()
        before = datetime.now(UTC)

        now = clock.now()

        assert before <= now <= datetime.now(UTC)
        assert now.tzinfo is UTC

    def test_never_goes_back(self) -> None:
        clock = SystemClock()

        times = [clock.now() for _ in range(1000)]

        assert times == sorted(times)
