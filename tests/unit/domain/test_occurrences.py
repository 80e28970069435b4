from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

pytest.importorskip("cronsim")
pytest.importorskip("hypothesis")

from hypothesis import given
from hypothesis import strategies as st

from corelib.adapters.cronsim import CronsimReader
from corelib.domain.occurrences import instant_of, newest_between, next_after, to_run
from corelib.domain.schedule import Missed, ScheduleSpec, Timing

read = CronsimReader().read
ZURICH = "Europe/Zurich"
ZONES = [
    ZURICH,
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
    "America/Caracas",
    "UTC",
]
EXPRESSIONS = ["0 2 * * *", "30 2 * * *", "*/7 * * * *", "15,45 0-3 * * SUN", "0 0 1 * *", "59 59 23 * * *"]

instants = st.datetimes(datetime(2005, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda instant: instant.replace(microsecond=0)
)
near_changes = st.builds(
    lambda day, minutes: datetime(2026, day[0], day[1], tzinfo=UTC) + timedelta(minutes=minutes),
    st.sampled_from([(3, 8), (3, 29), (4, 4), (4, 5), (10, 3), (10, 4), (10, 25), (11, 1)]),
    st.integers(0, 24 * 60),
)
timings = st.builds(
    lambda cron, zone: Timing(cron=cron, zone=zone), st.sampled_from(EXPRESSIONS), st.sampled_from(ZONES)
)


class Never:
    """The wall times of an expression that names none."""

    def after(self, wall: datetime) -> Iterator[datetime]:
        return iter(())

    def until(self, wall: datetime) -> Iterator[datetime]:
        return iter(())


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def following(timing: Timing, after: str, count: int) -> list[str]:
    """So many occurrences after an instant, as its zone shows them."""
    found: list[datetime] = []
    instant: datetime | None = at(after)
    while instant is not None and len(found) < count:
        instant = next_after(timing, instant, read)
        found += [] if instant is None else [instant]
    return [each.astimezone(ZoneInfo(timing.zone)).isoformat() for each in found]


class TestNextAfter:
    class WhenTheClockIsSetForward:
        def test_runs_what_does_not_exist_at_the_first_instant_after_the_gap(self) -> None:
            timing = Timing(cron="30 2 * * *", zone=ZURICH)

            assert following(timing, "2026-03-28T00:00+00:00", 3) == [
                "2026-03-28T02:30:00+01:00",
                "2026-03-29T03:00:00+02:00",
                "2026-03-30T02:30:00+02:00",
            ]

        def test_runs_several_that_do_not_exist_once(self) -> None:
            timing = Timing(cron="*/20 2,3 * * *", zone=ZURICH)

            assert following(timing, "2026-03-29T00:00+00:00", 2) == [
                "2026-03-29T03:00:00+02:00",
                "2026-03-29T03:20:00+02:00",
            ]

        def test_knows_gaps_of_half_an_hour_and_of_a_day(self) -> None:
            half = Timing(cron="15 2 * * *", zone="Australia/Lord_Howe")
            whole = Timing(cron="0 12 * * *", zone="Pacific/Apia")

            assert following(half, "2026-10-03T10:00+00:00", 1) == ["2026-10-04T02:30:00+11:00"]
            assert following(whole, "2011-12-30T00:00+00:00", 2) == [
                "2011-12-31T00:00:00+14:00",
                "2011-12-31T12:00:00+14:00",
            ]

    class WhenTheClockIsSetBack:
        def test_runs_what_exists_twice_the_first_time(self) -> None:
            timing = Timing(cron="30 2 * * *", zone=ZURICH)

            assert following(timing, "2026-10-24T22:00+00:00", 2) == [
                "2026-10-25T02:30:00+02:00",
                "2026-10-26T02:30:00+01:00",
            ]

        def test_does_not_repeat_while_times_repeat(self) -> None:
            timing = Timing(cron="*/30 * * * *", zone=ZURICH)

            assert following(timing, "2026-10-25T01:10+00:00", 1) == ["2026-10-25T03:00:00+01:00"]

    class WhenTheIntervalIsFixed:
        def test_counts_elapsed_time_from_its_start(self) -> None:
            timing = Timing(every=timedelta(hours=7), start=at("2026-03-29T01:30+02:00"), zone=ZURICH)

            assert following(timing, "2020-01-01T00:00+00:00", 2) == [
                "2026-03-29T00:30:00+01:00",
                "2026-03-29T08:30:00+02:00",
            ]

        def test_is_strictly_later(self) -> None:
            timing = Timing(every=timedelta(minutes=5))

            assert following(timing, "2026-01-01T00:05+00:00", 1) == ["2026-01-01T00:10:00+00:00"]

    class WhenThereIsNone:
        def test_returns_none(self) -> None:
            assert next_after(Timing(cron="0 0 1 1 *"), at("2026-01-01T00:00+00:00"), lambda _: Never()) is None

    @given(timings, instants | near_changes)
    def test_is_later_and_the_wall_clock_shows_it_or_has_jumped_over_it(
        self, timing: Timing, instant: datetime
    ) -> None:
        found = next_after(timing, instant, read)

        assert found is not None
        assert found > instant
        zone = ZoneInfo(timing.zone)
        wall = found.astimezone(zone)
        just_before = (found - timedelta(seconds=1)).astimezone(zone)
        named = next(read(timing.cron or "").until(wall.replace(tzinfo=None)))
        jumped = just_before.replace(tzinfo=None) < named <= wall.replace(tzinfo=None)
        assert jumped
        assert wall.fold == 0

    @given(timings, near_changes)
    def test_goes_through_each_local_time_once(self, timing: Timing, instant: datetime) -> None:
        zone = ZoneInfo(timing.zone)
        end = instant + timedelta(days=1)
        walls = read(timing.cron or "").after((instant - timedelta(days=2)).replace(tzinfo=None))
        upto = (end + timedelta(days=2)).replace(tzinfo=None)
        expected = []
        for wall in walls:
            if wall > upto:
                break
            expected.append(instant_of(wall, zone))
        expected = sorted({each for each in expected if instant < each <= end})

        found = newest_between(timing, instant + timedelta(seconds=1), end, 100_000, read)

        assert found == expected
        assert all(next_after(timing, one, read) == other for one, other in pairwise(found[:20]))


class TestInstantOf:
    @given(st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1)), st.sampled_from(ZONES))  # noqa: DTZ001
    def test_never_goes_back(self, wall: datetime, zone: str) -> None:
        info = ZoneInfo(zone)
        wall = wall.replace(microsecond=0)

        assert instant_of(wall, info) <= instant_of(wall + timedelta(minutes=31), info)


class TestToRun:
    first, now = at("2026-01-01T00:00+00:00"), at("2026-01-01T05:00:30+00:00")

    def spec(self, missed: Missed, **more: object) -> ScheduleSpec:
        return ScheduleSpec("n", "j", "{}", Timing(every=timedelta(hours=1)), missed, **more)  # type: ignore[arg-type]

    def hours(self, spec: ScheduleSpec) -> list[int]:
        return [instant.hour for instant in to_run(spec, self.first, self.now, read)]

    def test_runs_the_newest_of_missed_occurrences(self) -> None:
        assert self.hours(self.spec(Missed.ONCE)) == [5]

    def test_runs_all_of_them_up_to_the_bound(self) -> None:
        assert self.hours(self.spec(Missed.ALL)) == [0, 1, 2, 3, 4, 5]
        assert self.hours(self.spec(Missed.ALL, bound=2)) == [4, 5]

    def test_skips_all_but_what_is_hardly_late(self) -> None:
        assert self.hours(self.spec(Missed.SKIP, grace=timedelta(seconds=30))) == [5]
        assert self.hours(self.spec(Missed.SKIP, grace=timedelta(seconds=29))) == []

    def test_is_quick_about_years_of_seconds(self) -> None:
        spec = ScheduleSpec("n", "j", "{}", Timing(cron="* * * * * *", zone=ZURICH), Missed.ALL, 3)

        found = to_run(spec, at("2000-01-01T00:00+00:00"), self.now, read)

        assert found == [self.now - timedelta(seconds=back) for back in (2, 1, 0)]
