from __future__ import annotations

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("psycopg")

from corelib.errors import InvalidSetting
from corelib.testing.database.postgresql.server import PostgresqlServer

SECRET = "p@ss/w%rd"
URL = "postgresql://user:p%40ss%2Fw%25rd@localhost:6543/postgres?sslmode=require"


class TestPostgresqlServer:
    def test_leads_to_other_databases_of_the_server(self) -> None:
        assert PostgresqlServer(URL).url("orders") == URL.replace("/postgres?", "/orders?")

    def test_knows_its_host(self) -> None:
        assert PostgresqlServer(URL).host == "localhost"

    def test_asks_the_environment_for_a_host_where_the_url_has_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PGHOST", "db.example.com")

        assert PostgresqlServer("postgresql:///postgres").host == "db.example.com"

    def test_shows_no_password(self) -> None:
        server = PostgresqlServer(URL)

        assert "p%40ss" not in repr(server)
        assert SECRET not in repr(server)

    def test_refuses_what_is_no_url(self) -> None:
        with pytest.raises(InvalidSetting):
            PostgresqlServer("localhost")
