from __future__ import annotations

import re
from datetime import timedelta

import pytest

from corelib.domain.unique_job import OnConflict, UniqueJob, Until, debounce, throttle, unique_key
from corelib.errors import InvalidSetting

NONE = timedelta(0)
A_MINUTE = timedelta(minutes=1)


class TestUniqueJob:
    def test_keeps_one_until_it_has_ended_by_default(self) -> None:
        rule = UniqueJob()

        assert (rule.by, rule.until, rule.window, rule.on_conflict) == (None, Until.ENDED, None, OnConflict.KEEP)

    class WhenWhatRunsWouldBeReplaced:
        @pytest.mark.parametrize(("until", "window"), [(Until.ENDED, None), (Until.STARTED, A_MINUTE)])
        def test_is_refused(self, until: Until, window: timedelta | None) -> None:
            with pytest.raises(InvalidSetting, match="cannot be replaced"):
                UniqueJob(until=until, window=window, on_conflict=OnConflict.REPLACE)

    class WhenATimeIsNotAboveZero:
        @pytest.mark.parametrize("name", ["window", "longest_wait"])
        @pytest.mark.parametrize("value", [NONE, -A_MINUTE])
        def test_is_refused(self, name: str, value: timedelta) -> None:
            with pytest.raises(InvalidSetting, match=f"The {name} of a unique job is"):
                UniqueJob(**{name: value})

    class WhenALongestWaitHasNothingToMove:
        def test_is_refused(self) -> None:
            with pytest.raises(InvalidSetting, match="moves its due time"):
                UniqueJob(until=Until.STARTED, longest_wait=A_MINUTE)


class TestDebounce:
    def test_replaces_what_waits(self) -> None:
        rule = debounce("cart", wait=A_MINUTE, longest_wait=5 * A_MINUTE)

        assert (rule.by, rule.until, rule.on_conflict) == ("cart", Until.STARTED, OnConflict.REPLACE)
        assert (rule.wait, rule.longest_wait, rule.window) == (A_MINUTE, 5 * A_MINUTE, None)

    @pytest.mark.parametrize("wait", [NONE, -A_MINUTE])
    def test_refuses_to_wait_for_nothing(self, wait: timedelta) -> None:
        with pytest.raises(InvalidSetting, match="above zero"):
            debounce(wait=wait)


class TestThrottle:
    def test_keeps_what_was_enqueued_within_the_window(self) -> None:
        rule = throttle(["cart", "shop"], every=A_MINUTE)

        assert (rule.by, rule.window, rule.on_conflict) == (["cart", "shop"], A_MINUTE, OnConflict.KEEP)


class TestUniqueKey:
    def test_is_hexadecimal_whatever_it_is_made_of(self) -> None:
        key = unique_key("j" * 500, "t", "\ud800 \U0001f600", UniqueJob())

        assert re.fullmatch("[0-9a-f]{64}", key.digest)

    def test_is_the_same_for_the_same(self) -> None:
        first, second = (unique_key("job", "north", "1", UniqueJob()) for _ in range(2))

        assert first == second

    @pytest.mark.parametrize(
        ("job", "tenant", "key"),
        [
            ("job", "north", "2"),
            ("job", "north", "1 "),
            ("job", "south", "1"),
            ("job", None, "1"),
            ("jo", "bnorth", "1"),
            ("Job", "north", "1"),
        ],
    )
    def test_differs_with_each_of_its_parts(self, job: str, tenant: str | None, key: str) -> None:
        other = unique_key("job", "north", "1", UniqueJob())

        assert unique_key(job, tenant, key, UniqueJob()).digest != other.digest

    def test_takes_a_tenant_with_an_empty_name_for_one(self) -> None:
        assert unique_key("job", "", "1", UniqueJob()).digest != unique_key("job", None, "1", UniqueJob()).digest
