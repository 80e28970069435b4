from __future__ import annotations

import traceback
from urllib.parse import quote_plus

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa
from tests.unit.adapters.sqlalchemy import standin

from corelib.adapters.sqlalchemy.failures import translated
from corelib.adapters.sqlalchemy.mssql import MssqlDialect
from corelib.adapters.sqlalchemy.secrets import connect_with, packed, supply_token, without_secrets
from corelib.errors import AuthenticationFailed, CorelibError, InvalidSetting

SECRET = "eyJ-s3cret-token"
AZURE = "mssql+pyodbc://srv.database.windows.net/shop?driver=any"
REFUSED = standin.InterfaceError(
    "28000",
    "[28000] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]Login failed. (18456) (SQLDriverConnect)",
)


class TestSupplyToken:
    class WhenTheServerIsSqlServer:
        def test_asks_anew_for_each_connection_and_sets_the_attribute_of_the_driver(self) -> None:
            logins: list[tuple[str, dict[str, object]]] = []
            tokens = iter(["one", "two"])
            engine = standin.mssql_engine(logins=logins, login="")
            supply_token(engine, sa.make_url(AZURE), lambda: next(tokens))

            with engine.connect(), engine.connect():
                pass

            assert [options["attrs_before"] for _, options in logins] == [
                {1256: b"\x06\x00\x00\x00o\x00n\x00e\x00"},
                {1256: b"\x06\x00\x00\x00t\x00w\x00o\x00"},
            ]

        def test_leaves_no_other_way_to_authenticate_in_the_connection_string(self) -> None:
            logins: list[tuple[str, dict[str, object]]] = []
            engine = standin.mssql_engine(logins=logins, login="")
            supply_token(engine, sa.make_url(AZURE), lambda: SECRET)

            engine.connect().close()

            assert logins[0][0] == "DRIVER={any};Server=server;Database=shop"

        def test_shows_the_token_nowhere(self) -> None:
            logins: list[tuple[str, dict[str, object]]] = []
            engine = standin.mssql_engine({"LOGIN": REFUSED}, logins=logins, login="")
            supply_token(engine, sa.make_url(AZURE), lambda: SECRET)

            with pytest.raises(AuthenticationFailed) as caught, translated(MssqlDialect()):
                engine.connect()

            shown = "".join(traceback.format_exception(caught.value)) + f"{engine!r}{engine.url!r}{logins!r}"
            assert SECRET not in shown
            assert SECRET.encode("utf-16-le") not in shown.encode()

        @pytest.mark.parametrize(
            "url",
            [
                "mssql+pyodbc://app@srv/shop",
                f"mssql+pyodbc://app:{SECRET}@srv/shop",
                "mssql+pyodbc://srv/shop?Authentication=ActiveDirectoryMsi",
                "mssql+pyodbc://srv/shop?trusted_connection=yes",
                f"mssql+pyodbc://srv/shop?PWD={SECRET}",
                f"mssql+pyodbc://?odbc_connect={quote_plus(f'Server=srv; UID=app; Pwd={SECRET}')}",
            ],
        )
        def test_refuses_a_url_with_a_login_of_its_own(self, url: str) -> None:
            with pytest.raises(InvalidSetting, match="there is a token provider too") as caught:
                supply_token(standin.mssql_engine(), sa.make_url(url), lambda: SECRET)

            assert SECRET not in f"{caught.value}{caught.value!r}"

    class WhenTheProviderHasNone:
        @pytest.mark.parametrize("token", ["", None, b"bytes"])
        def test_says_what_it_should_return(self, token: object) -> None:
            engine = standin.mssql_engine(login="")
            supply_token(engine, sa.make_url(AZURE), lambda: token)  # type: ignore[arg-type, return-value]

            with pytest.raises(AuthenticationFailed, match="returned no token"), translated(MssqlDialect()):
                engine.connect()

        def test_chains_its_error(self) -> None:
            def fail() -> str:
                raise OSError("the identity endpoint does not answer")

            engine = standin.mssql_engine(login="")
            supply_token(engine, sa.make_url(AZURE), fail)

            with pytest.raises(CorelibError) as caught, translated(MssqlDialect()):
                engine.connect()

            assert type(caught.value) is AuthenticationFailed
            assert "failed with OSError" in caught.value.message
            assert isinstance(caught.value.__cause__, OSError)


class TestPacked:
    def test_is_the_length_in_bytes_and_the_text(self) -> None:
        assert packed("ab") == b"\x04\x00\x00\x00a\x00b\x00"

    def test_is_not_shown(self) -> None:
        assert repr(packed(SECRET)) == "b'***'"


class TestWithoutSecrets:
    @pytest.mark.parametrize(
        "url",
        [
            f"mssql+pyodbc://?odbc_connect={quote_plus(f'PWD={SECRET}')}",
            f"mssql+pyodbc://srv/shop?UID=app&PWD={SECRET}",
            f"postgresql://db/shop?password={SECRET}",
            f"postgresql://db/shop?sslpassword={SECRET}&sslmode=verify-full",
        ],
    )
    def test_hides_those_in_the_query(self, url: str) -> None:
        shown = without_secrets(sa.make_url(url))

        assert SECRET not in f"{shown!r}{shown.query}"
        assert shown.query.keys() == sa.make_url(url).query.keys()

    def test_keeps_a_url_that_has_none(self) -> None:
        url = sa.make_url(AZURE)

        assert without_secrets(url) is url


class TestConnectWith:
    def test_connects_with_what_is_not_shown(self) -> None:
        logins: list[tuple[str, dict[str, object]]] = []
        engine = standin.mssql_engine(logins=logins)
        connect_with(engine, sa.make_url(f"mssql+pyodbc://?odbc_connect={quote_plus(f'Server=srv;PWD={SECRET}')}"))

        engine.connect().close()

        assert logins[0][0] == f"Server=srv;PWD={SECRET}"
        assert SECRET not in f"{engine!r}{engine.url!r}"
