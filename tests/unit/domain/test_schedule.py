from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from corelib.domain.schedule import ScheduleSpec, Timing, occurrence_id
from corelib.errors import MisuseError

NIGHT = datetime(2026, 3, 1, 2, tzinfo=UTC)


class TestTiming:
    @pytest.mark.parametrize(
        "wrong",
        [
            {},
            {"cron": "* * * * *", "every": timedelta(hours=1)},
            {"every": timedelta(milliseconds=999)},
            {"cron": "*" * 201},
            {"every": timedelta(hours=1), "start": datetime(2026, 1, 1)},  # noqa: DTZ001 - what is refused
        ],
    )
    def test_refuses_what_tells_no_times(self, wrong: dict[str, object]) -> None:
        with pytest.raises(MisuseError):
            Timing(**wrong)  # type: ignore[arg-type]

    @pytest.mark.parametrize("zone", ["Europe/Nowhere", "../etc/passwd", "", "Europe"])
    def test_names_a_zone_that_there_is_not(self, zone: str) -> None:
        with pytest.raises(MisuseError, match="There is no time zone named"):
            Timing(cron="* * * * *", zone=zone)


class TestScheduleSpec:
    @pytest.mark.parametrize(
        "wrong", [{"name": ""}, {"name": "n" * 101}, {"bound": 0}, {"grace": timedelta(microseconds=-1)}]
    )
    def test_refuses_what_cannot_be(self, wrong: dict[str, object]) -> None:
        values = {"name": "n", "job": "j", "payload": "{}", "timing": Timing(cron="* * * * *"), **wrong}

        with pytest.raises(MisuseError):
            ScheduleSpec(**values)  # type: ignore[arg-type]


class TestOccurrenceId:
    def test_is_the_same_for_whoever_computes_it(self) -> None:
        elsewhere = NIGHT.astimezone(tz=None)

        assert occurrence_id("billing", NIGHT) == occurrence_id("billing", elsewhere)

    def test_differs_by_name_and_by_instant(self) -> None:
        made = {
            occurrence_id(name, NIGHT + by)
            for name in ("billing", "Billing", "mail")
            for by in (timedelta(0), timedelta(microseconds=1), timedelta(days=1))
        }

        assert len(made) == 9

    def test_sorts_by_time_and_says_its_version(self) -> None:
        first, second = occurrence_id("z", NIGHT), occurrence_id("a", NIGHT + timedelta(milliseconds=1))

        assert first < second
        assert (first.version, first.variant) == (8, "specified in RFC 4122")
