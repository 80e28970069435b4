from __future__ import annotations

import pytest

pytest.importorskip("sqlalchemy")

import sqlalchemy as sa

from corelib.testing.database.postgresql.address import host_of, in_database


class TestHostOf:
    @pytest.mark.parametrize(
        ("url", "host"),
        [
            ("postgresql://localhost/orders", "localhost"),
            ("postgresql+psycopg://user:pass@db.example.com:6543/orders", "db.example.com"),
            ("postgresql://[::1]:5432/orders", "::1"),
            ("postgresql:///orders", ""),
            ("postgresql:///orders?host=/var/run/postgresql", ""),
            ("postgresql:///orders?host=@abstract", ""),
            ("postgresql:///orders?host=db.example.com", "db.example.com"),
            ("postgresql:///orders?host=db.example.com:6543", "db.example.com"),
            ("postgresql:///orders?host=a.example.com:1&host=b.example.com:2", "a.example.com,b.example.com"),
            ("postgresql:///orders?host=/tmp,b.example.com", "b.example.com"),
            ("postgresql:///orders?host=::1", "::1"),
            ("postgresql://localhost,db.example.com/orders", "localhost,db.example.com"),
        ],
    )
    def test_is_where_the_url_leads(self, url: str, host: str) -> None:
        assert host_of(sa.make_url(url), {}) == host

    @pytest.mark.parametrize(
        ("url", "host"),
        [
            ("postgresql://localhost/orders?host=db.example.com", "db.example.com"),
            ("postgresql://localhost/orders?hostaddr=192.0.2.7", "192.0.2.7"),
            ("postgresql:///orders?host=localhost&hostaddr=192.0.2.7", "192.0.2.7"),
        ],
    )
    def test_is_not_what_only_seems_to_be_it(self, url: str, host: str) -> None:
        assert host_of(sa.make_url(url), {}) == host

    def test_is_the_service_that_a_file_tells_more_about(self) -> None:
        assert host_of(sa.make_url("postgresql://localhost/?service=orders"), {}) == "service=orders"

    @pytest.mark.parametrize(
        ("defaults", "host"),
        [
            ({"host": "db.example.com"}, "db.example.com"),
            ({"host": "db.example.com", "hostaddr": "192.0.2.7"}, "192.0.2.7"),
            ({"host": "/var/run/postgresql"}, ""),
        ],
    )
    def test_comes_from_the_defaults_where_the_url_says_nothing(self, defaults: dict[str, str], host: str) -> None:
        assert host_of(sa.make_url("postgresql:///orders"), defaults) == host

    def test_does_not_come_from_the_defaults_where_the_url_has_one(self) -> None:
        assert host_of(sa.make_url("postgresql://localhost/orders"), {"host": "db.example.com"}) == "localhost"


class TestInDatabase:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("postgresql://u:p%40ss@localhost/orders", "postgresql://u:p%40ss@localhost/other"),
            ("postgresql://localhost", "postgresql://localhost/other"),
            ("postgresql:///orders?host=%2Ftmp", "postgresql:///other?host=%2Ftmp"),
            ("postgresql://localhost/?dbname=orders&sslmode=require", "postgresql://localhost/other?sslmode=require"),
        ],
    )
    def test_changes_the_database_and_nothing_else(self, url: str, expected: str) -> None:
        assert in_database(sa.make_url(url), "other").render_as_string(hide_password=False) == expected
