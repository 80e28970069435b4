from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import pytest

from corelib.errors import InvalidSetting, MissingExtra
from corelib.testing.database.errors import NotAllowed
from corelib.testing.plugin.server_choice import (
    DATABASES,
    NoServer,
    check_allowed,
    choose_server,
    named_url,
    unproven_on,
)
from corelib.testing.servers import Kind, Missing, Server
from corelib.testing.servers.named import NamedUrl

SECRET = "s3cret-example"


def kind(name: str, find: Callable[[Mapping[str, str]], Server | Missing]) -> Kind:
    variable = f"CORELIB_TEST_{name.upper()}_URL"
    return Kind(name=name, title=name.title(), variable=variable, unproven="its hints", remedy=f"get {name}", find=find)


def answering(name: str) -> Kind:
    return kind(name, lambda environ: Server(f"{name}://found", f"{name} 1", "found here"))


def absent(name: str) -> Kind:
    return kind(name, lambda environ: Missing(f"no {name} anywhere"))


def unasked(name: str) -> Kind:
    def find(_: Mapping[str, str]) -> Server:
        raise AssertionError("this should not have been asked")

    return kind(name, find)


class TestChooseServer:
    class WhenTheCommandLineNamesOne:
        @pytest.mark.parametrize(
            ("url", "engine"),
            [
                ("postgresql://host/db", "PostgreSQL"),
                ("mssql+pyodbc://host/db", "SQL Server"),
                ("sqlite:///tests.sqlite", "SQLite"),
            ],
        )
        def test_takes_that(self, url: str, engine: str) -> None:
            server = choose_server(url, {"CORELIB_TEST_DATABASE_URL": "postgresql://other/db"})

            assert (server.url, server.engine, server.origin) == (url, engine, "named by --db-url")

        def test_says_what_sqlite_cannot_prove(self) -> None:
            assert "not proven" in choose_server("sqlite:///tests.sqlite", {}).caveat

        def test_refuses_an_engine_that_the_kit_does_not_know(self) -> None:
            with pytest.raises(InvalidSetting, match="scheme is 'mysql'") as refused:
                choose_server(f"mysql://root:{SECRET}@host/db", {})

            assert SECRET not in str(refused.value)

    class WhenTheEnvironmentNamesOne:
        def test_asks_the_kind_that_the_general_variable_belongs_to(self) -> None:
            environ = {"CORELIB_TEST_DATABASE_URL": "postgresql://host/db", "CORELIB_TEST_MSSQL_URL": "mssql://host/db"}

            server = choose_server(None, environ, [unasked("mssql"), answering("postgresql")])

            assert server.url == "postgresql://found"

        def test_asks_the_kind_of_a_variable_before_it_searches_the_machine_for_others(self) -> None:
            environ = {"CORELIB_TEST_POSTGRESQL_URL": "postgresql://host/db"}

            server = choose_server(None, environ, [unasked("mssql"), answering("postgresql")])

            assert server.url == "postgresql://found"

        def test_takes_the_first_kind_if_there_are_several(self) -> None:
            environ = {
                "CORELIB_TEST_POSTGRESQL_URL": "postgresql://host/db",
                "CORELIB_TEST_MSSQL_URL": "mssql://host/db",
            }

            server = choose_server(None, environ, [answering("mssql"), unasked("postgresql")])

            assert server.url == "mssql://found"

    class WhenNobodyNamesOne:
        def test_takes_the_first_that_can_be_had(self) -> None:
            assert choose_server(None, {}, [absent("mssql"), answering("postgresql")]).url == "postgresql://found"

        def test_says_what_was_tried_and_how_to_have_one(self) -> None:
            with pytest.raises(NoServer) as refused:
                choose_server(None, {}, [absent("mssql"), absent("postgresql")])

            assert str(refused.value) == (
                "There is no database server for tests. Mssql: no mssql anywhere. Postgresql: no postgresql anywhere. "
                "To have one, get mssql; or get postgresql."
            )

    class WhenAnotherOneIsRequired:
        def test_refuses_and_stops_what_was_started(self) -> None:
            stopped: list[str] = []
            started = Server("postgresql://x", "PostgreSQL 18", "started", stop=lambda: stopped.append("it"))

            with pytest.raises(NoServer, match=r"CORELIB_REQUIRE asks for SQL Server, but .* on PostgreSQL 18"):
                choose_server(
                    None, {"CORELIB_REQUIRE": "mssql,redis"}, [absent("mssql"), kind("postgresql", lambda _: started)]
                )

            assert stopped == ["it"]

        def test_takes_one_of_several_that_are_required(self) -> None:
            postgresql = DATABASES[1]
            environ = {"CORELIB_REQUIRE": "mssql,postgresql,redis,rabbitmq", postgresql.variable: "postgresql://named"}
            named = Kind(
                postgresql.name,
                postgresql.title,
                postgresql.variable,
                postgresql.unproven,
                postgresql.remedy,
                find=lambda _: Server("postgresql://named", "PostgreSQL 18", "named"),
            )

            assert choose_server(None, environ, [named]).url == "postgresql://named"


class TestNamedUrl:
    def test_says_which_variable_has_it(self) -> None:
        named = named_url(None, {"CORELIB_TEST_POSTGRESQL_URL": " postgresql://host/db "})

        assert named == NamedUrl("CORELIB_TEST_POSTGRESQL_URL", "postgresql://host/db")

    def test_prefers_the_command_line(self) -> None:
        named = named_url("sqlite:///a.db", {"CORELIB_TEST_DATABASE_URL": "postgresql://host/db"})

        assert named == NamedUrl("--db-url", "sqlite:///a.db")

    def test_is_nothing_if_nobody_names_one(self) -> None:
        assert named_url(None, {}) is None


class TestUnprovenOn:
    def test_says_what_only_sql_server_proves(self) -> None:
        told = unproven_on("postgresql://host/db")

        assert told == "SQL Server: lock hints, BACKUP/RESTORE and T-SQL are not proven by this run."

    def test_says_nothing_on_sql_server(self) -> None:
        assert unproven_on("mssql+pyodbc://host/db") == ""


class TestCheckAllowed:
    @pytest.mark.parametrize(
        "url", ["postgresql://localhost/shop_prod", "mssql+pyodbc://live/shop", "postgresql://db.shop.example/shop"]
    )
    def test_refuses_what_does_not_look_like_a_server_for_tests(self, url: str) -> None:
        pytest.importorskip("sqlalchemy")

        with pytest.raises(NotAllowed):
            check_allowed(NamedUrl("--db-url", url), (), {})

    def test_takes_this_machine_and_the_hosts_that_are_allowed(self) -> None:
        pytest.importorskip("sqlalchemy")

        check_allowed(NamedUrl("--db-url", "postgresql://localhost/shop"), (), {})
        check_allowed(NamedUrl("--db-url", "postgresql://db.shop.example/shop"), ("db.shop.example",), {})

    def test_leaves_urls_of_other_engines_to_who_says_which_there_are(self) -> None:
        check_allowed(NamedUrl("--db-url", "mysql://db.shop.example/shop"), (), {})

    def test_says_what_to_install_where_nothing_can_read_a_url(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "corelib.testing.database.planning.hosts", None)

        with pytest.raises(MissingExtra, match="needs sqlalchemy"):
            check_allowed(NamedUrl("--db-url", "postgresql://localhost/shop"), (), {})
