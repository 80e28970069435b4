from __future__ import annotations

from datetime import timedelta

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa

from corelib.adapters.sqlalchemy import EngineSettings, create_engine, create_engines
from corelib.adapters.sqlalchemy.engine_settings import in_query
from corelib.errors import InvalidSetting

SECRET = "s3cret"


class TestEngineSettings:
    @pytest.mark.parametrize(
        "settings",
        [
            EngineSettings(url=f"postgresql://app:{SECRET}@db/shop"),
            EngineSettings(url=f"postgresql://db/shop?password={SECRET}"),
            EngineSettings(url=f"mssql://?odbc_connect=PWD%3D{SECRET}"),
            EngineSettings(url="sqlite:///file", read_only_url=f"postgresql://app:{SECRET}@db/shop"),
            EngineSettings(url="mssql://srv/shop", token=lambda: SECRET),
        ],
    )
    def test_show_no_secret(self, settings: EngineSettings) -> None:
        assert SECRET not in f"{settings!r}{settings}"

    def test_show_where_the_database_is(self) -> None:
        assert "'postgresql://app:***@db/shop'" in repr(EngineSettings(url=f"postgresql://app:{SECRET}@db/shop"))

    def test_tell_whether_there_is_a_token(self) -> None:
        assert "token=None" in repr(EngineSettings(url="mssql://srv/shop"))
        assert "token='***'" in repr(EngineSettings(url="mssql://srv/shop", token=lambda: SECRET))

    def test_round_the_time_for_connecting_up_to_whole_seconds(self) -> None:
        settings = EngineSettings(url="sqlite:///file", connect_timeout=timedelta(milliseconds=1200))

        assert settings.connect_seconds == 2

    class WhenAValueCannotBeUsed:
        @pytest.mark.parametrize(
            "values", [{"pool_size": 0}, {"max_overflow": -1}, {"connect_timeout": timedelta(0)}], ids=str
        )
        def test_are_refused(self, values: dict[str, int]) -> None:
            with pytest.raises(ValueError, match=next(iter(values))):
                EngineSettings(url="sqlite:///file", **values)  # type: ignore[arg-type]

        def test_do_not_repeat_a_url_that_is_none(self) -> None:
            with pytest.raises(InvalidSetting, match="cannot be read") as caught:
                EngineSettings(url="sqlite:///file", read_only_url=f"app:{SECRET}@db")

            assert SECRET not in f"{caught.value}{caught.value.__cause__}{caught.value.__context__!r}"


class TestInQuery:
    @pytest.mark.parametrize(
        ("url", "found"),
        [
            ("mssql://srv/shop?Encrypt=no", True),
            ("mssql://srv/shop?ENCRYPT=no", True),
            ("mssql://?odbc_connect=Server%3Dsrv%3B+encrypt+%3Dno", True),
            ("mssql://srv/shop?TrustServerCertificate=yes", False),
            ("mssql://encrypt:encrypt@encrypt/encrypt", False),
        ],
    )
    def test_looks_into_the_query_and_into_a_connection_string(self, url: str, found: bool) -> None:
        assert in_query(sa.make_url(url), "Encrypt") is found


class TestCreateEngine:
    @pytest.mark.parametrize(
        "url", [f"postgresql://db/shop?password={SECRET}", f"postgresql://app:{SECRET}@db/shop?sslpassword={SECRET}"]
    )
    def test_shows_no_password_of_the_query(self, url: str) -> None:
        pytest.importorskip("psycopg")

        engine = create_engine(url)

        assert SECRET not in f"{engine!r}{engine.url!r}{engine.pool!r}"

    def test_refuses_a_password_beside_a_token(self) -> None:
        pytest.importorskip("psycopg")

        with pytest.raises(InvalidSetting, match="has a password, and there is a token provider too") as caught:
            create_engine(EngineSettings(url=f"postgresql://db/shop?password={SECRET}", token=lambda: "token"))

        assert SECRET not in f"{caught.value!r}"


class TestCreateEngines:
    def test_prefers_a_standby_where_several_hosts_are_named(self) -> None:
        pytest.importorskip("psycopg")
        several = "postgresql:///shop?host=one&host=two"

        engines = create_engines(EngineSettings(url=several, read_only_url=several))

        assert "target_session_attrs" not in engines.primary.url.query
        assert engines.replica.url.query["target_session_attrs"] == "prefer-standby"

    @pytest.mark.parametrize("url", ["postgresql://one,two/shop", "postgresql:///shop?host=one,two"])
    def test_knows_several_hosts_however_they_are_written(self, url: str) -> None:
        pytest.importorskip("psycopg")

        engines = create_engines(EngineSettings(url="postgresql://one/shop", read_only_url=url))

        assert engines.replica.url.query["target_session_attrs"] == "prefer-standby"

    @pytest.mark.parametrize(
        "url", ["postgresql://standby/shop", "postgresql:///shop?host=one&host=two&target_session_attrs=standby"]
    )
    def test_leaves_a_url_alone_that_says_where_to_go(self, url: str) -> None:
        pytest.importorskip("psycopg")

        engines = create_engines(EngineSettings(url="postgresql://one/shop", read_only_url=url))

        assert engines.replica.url.query == sa.make_url(url).query

    def test_refuses_a_replica_of_another_engine(self) -> None:
        pytest.importorskip("psycopg")

        with pytest.raises(InvalidSetting, match="The database is postgresql, but the read-only URL is sqlite"):
            create_engines(EngineSettings(url="postgresql://one/shop", read_only_url="sqlite:///shop"))
