from __future__ import annotations

import pytest

from corelib.errors import InvalidSetting, PersistentFailure
from corelib.testing.database.postgresql.options import checked_options, refused


class TestCheckedOptions:
    @pytest.mark.parametrize(
        ("name", "value", "known"),
        [
            ("timezone", "UTC", "timezone"),
            ("TimeZone", "Europe/Berlin", "timezone"),
            ("search_path", "app, public", "search_path"),
            ("shop.tenant", "it's 1; --", "shop.tenant"),
            ("shop.empty", "", "shop.empty"),
        ],
    )
    def test_takes_settings_with_whatever_value(self, name: str, value: str, known: str) -> None:
        assert checked_options({name: value}) == {known: value}

    @pytest.mark.parametrize(
        "name", ["", "time zone", 'a"b', "a;b", "1a", "shop.", ".shop", "a" * 64, "zeit\u00fczone"], ids=repr
    )
    def test_refuses_what_is_no_name(self, name: str) -> None:
        with pytest.raises(InvalidSetting, match="no setting that a test database can be given"):
            checked_options({name: "1"})

    def test_refuses_a_value_that_no_text_can_have(self) -> None:
        with pytest.raises(InvalidSetting):
            checked_options({"shop.tenant": "\0"})

    def test_refuses_the_same_one_twice(self) -> None:
        with pytest.raises(InvalidSetting, match="'TimeZone': 'UTC'"):
            checked_options({"timezone": "UTC", "TimeZone": "UTC"})


class TestRefused:
    def test_leaves_other_errors_as_they_are(self) -> None:
        error = PersistentFailure("disk on fire")

        assert refused(error, "timezone", "UTC") is error
