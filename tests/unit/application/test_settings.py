from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from corelib.application.settings import DatabaseSettings, Settings
from corelib.errors import InvalidSetting


class TestSettings:
    def test_are_all_in_memory_by_default(self) -> None:
        settings = Settings()

        assert (settings.database_url, settings.broker_url) == ("memory:", "memory:")

    @pytest.mark.parametrize(
        "settings",
        [
            Settings(database_url="postgresql://app:s3cret@db/kitlab"),
            Settings(database_url="postgresql://app:a@s3cret@db/kitlab"),
            Settings(database_url="mssql+pyodbc://?odbc_connect=PWD%3Ds3cret"),
            Settings(broker_url="amqp://app:s3cret@broker/"),
            Settings(broker_url="redis://broker/0?password=s3cret"),
            Settings(database=DatabaseSettings(read_only_url="postgresql://app:s3cret@replica/kitlab")),
            Settings(database=DatabaseSettings(token=lambda: "s3cret")),
            Settings(encryption_keys=("s3cret", "s3cret")),
        ],
    )
    def test_show_no_secret(self, settings: Settings) -> None:
        assert "s3cret" not in repr(settings)
        assert "s3cret" not in str(settings)

    def test_show_where_the_servers_are(self) -> None:
        settings = Settings("postgresql://app:s3cret@db/kitlab", "amqp://app:s3cret@broker/")

        assert "postgresql://app:***@db/kitlab" in repr(settings)
        assert "amqp://app:***@broker/" in repr(settings)

    class WhenThereIsNoAttempt:
        @pytest.mark.parametrize("attempts", [0, -1])
        def test_are_refused(self, attempts: int) -> None:
            with pytest.raises(ValueError, match="command_attempts"):
                Settings(command_attempts=attempts)

    def test_show_how_many_keys_there_are(self) -> None:
        settings = Settings(encryption_keys=("one", "two"))

        assert "encryption_keys=(***, ***)" in repr(settings)

    class WhenTheKeysAreNoTuple:
        @pytest.mark.parametrize("keys", ["s3cret", ["s3cret"], (b"s3cret",), None])
        def test_are_refused_without_showing_them(self, keys: Any) -> None:
            with pytest.raises(InvalidSetting, match=r"encryption_keys is not a tuple of texts\.") as refused:
                Settings(encryption_keys=keys)

            assert "s3cret" not in str(refused.value)

    class WhenThereIsNoThread:
        @pytest.mark.parametrize("threads", [0, -1])
        def test_are_refused(self, threads: int) -> None:
            with pytest.raises(ValueError, match="threads"):
                Settings(threads=threads)


class TestDatabaseSettings:
    def test_show_where_the_replica_is(self) -> None:
        settings = DatabaseSettings(read_only_url="postgresql://app:s3cret@replica/kitlab")

        assert "'postgresql://app:***@replica/kitlab'" in repr(settings)

    def test_tell_whether_there_is_a_token(self) -> None:
        assert "token='***'" in repr(DatabaseSettings(token=lambda: "s3cret"))
        assert "token=None" in repr(DatabaseSettings())

    class WhenAValueCannotBeUsed:
        @pytest.mark.parametrize(
            "values", [{"pool_size": 0}, {"max_overflow": -1}, {"connect_timeout": timedelta(0)}], ids=str
        )
        def test_are_refused(self, values: dict[str, int]) -> None:
            with pytest.raises(ValueError, match=next(iter(values))):
                DatabaseSettings(**values)  # type: ignore[arg-type]
