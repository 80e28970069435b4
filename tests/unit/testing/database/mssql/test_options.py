from __future__ import annotations

import pytest

from corelib.errors import InvalidSetting
from corelib.testing.database.mssql.options import (
    QUICK,
    checked_options,
    create_database,
    quick_options,
    set_option,
    told_options,
)


class TestCheckedOptions:
    def test_takes_options_as_the_server_has_them(self) -> None:
        told = {"READ_COMMITTED_SNAPSHOT": "ON", "COMPATIBILITY_LEVEL": "150", "TARGET_RECOVERY_TIME": "60 SECONDS"}

        assert checked_options(told) == told

    def test_takes_them_in_small_letters_too(self) -> None:
        told = {"read_committed_snapshot": "on", "collate": "Latin1_General_100_CI_AS"}

        assert checked_options(told) == {"READ_COMMITTED_SNAPSHOT": "ON", "COLLATE": "Latin1_General_100_CI_AS"}

    def test_takes_all_that_the_kit_itself_sets(self) -> None:
        assert checked_options(QUICK) == QUICK

    def test_refuses_the_same_one_twice(self) -> None:
        with pytest.raises(InvalidSetting, match="'recovery': 'FULL'"):
            checked_options({"RECOVERY": "SIMPLE", "recovery": "FULL"})

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("RECOVERY", "SIMPLE; DROP DATABASE shop"),
            ("RECOVERY", ""),
            ("RECOVERY", "SIMPLE'"),
            ("timezone", "UTC"),
            ("TRUSTWORTHY", "ON"),
            ("RECOVERY SIMPLE, ENCRYPTION", "ON"),
            ("OFFLINE", "WITH ROLLBACK IMMEDIATE"),
            ("SINGLE_USER", "ON"),
            ("READ_ONLY", "ON"),
        ],
    )
    def test_refuses_anything_else(self, name: str, value: str) -> None:
        with pytest.raises(InvalidSetting, match="no option that a test database can be given"):
            checked_options({name: value})


class TestSetOption:
    @pytest.mark.parametrize(
        ("name", "value", "text"),
        [
            ("RECOVERY", "SIMPLE", "ALTER DATABASE [shop] SET RECOVERY SIMPLE"),
            ("DELAYED_DURABILITY", "FORCED", "ALTER DATABASE [shop] SET DELAYED_DURABILITY = FORCED"),
            ("COMPATIBILITY_LEVEL", "150", "ALTER DATABASE [shop] SET COMPATIBILITY_LEVEL = 150"),
        ],
    )
    def test_has_an_equals_sign_where_the_option_wants_one(self, name: str, value: str, text: str) -> None:
        assert set_option("shop", name, value) == text


class TestCreateDatabase:
    def test_has_the_collation_of_the_server(self) -> None:
        assert create_database("shop", {"RECOVERY": "FULL"}) == "CREATE DATABASE [shop]"

    def test_has_the_collation_that_is_told(self) -> None:
        text = create_database("shop", {"COLLATE": "Latin1_General_100_CI_AS"})

        assert text == "CREATE DATABASE [shop] COLLATE Latin1_General_100_CI_AS"


class TestQuickOptions:
    def test_leave_out_what_is_told(self) -> None:
        assert [name for name, _ in quick_options({"RECOVERY": "FULL"})] == [
            name for name in QUICK if name != "RECOVERY"
        ]

    def test_leave_statistics_alone(self) -> None:
        """A background thread that updates them would take the connection of SINGLE_USER."""
        assert "AUTO_UPDATE_STATISTICS_ASYNC" not in QUICK


class TestToldOptions:
    def test_leave_out_the_collation(self) -> None:
        told = {"COLLATE": "Latin1_General_100_CI_AS", "ALLOW_SNAPSHOT_ISOLATION": "ON"}

        assert told_options(told) == [("ALLOW_SNAPSHOT_ISOLATION", "ON")]
