from __future__ import annotations

import pytest

from corelib.application.context import use_context
from corelib.application.log_fields import context_fields, hide_password, without_secrets
from corelib.domain.context import Context


class TestContextFields:
    def test_are_none_outside_of_all_work(self) -> None:
        assert context_fields() == {}

    def test_are_those_that_are_set(self) -> None:
        with use_context(Context("c-1", principal="ada")):
            fields = context_fields()

        assert fields == {"correlation_id": "c-1", "principal": "ada"}

    def test_are_all_four_at_most(self) -> None:
        with use_context(Context("c-1", causation_id="j-1", principal="ada", tenant="acme")):
            fields = context_fields()

        assert fields == {"correlation_id": "c-1", "causation_id": "j-1", "principal": "ada", "tenant": "acme"}


class TestWithoutSecrets:
    @pytest.mark.parametrize(
        "name",
        [
            "password",
            "db_passwd",
            "PWD",
            "client_secret",
            "card_token",
            "Authorization",
            "api_key",
            "apikey",
            "credentials",
        ],
    )
    def test_hides_the_value_of_a_secret_field(self, name: str) -> None:
        fields = without_secrets({name: "s3cret"})

        assert fields == {name: "***"}

    @pytest.mark.parametrize("value", ["plain", 7, None, "a:b@c", "https://host/path"])
    def test_leaves_every_other_value(self, value: object) -> None:
        fields = without_secrets({"note": value})

        assert fields == {"note": value}

    def test_hides_passwords_in_urls(self) -> None:
        fields = without_secrets({"reason": "cannot reach amqp://guest:s3cret@host/ now"})

        assert fields == {"reason": "cannot reach amqp://guest:***@host/ now"}


class TestHidePassword:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("amqp://guest:s3cret@host/", "amqp://guest:***@host/"),
            ("redis://:s3cret@host/0", "redis://:***@host/0"),
            ("postgresql+psycopg://u:s3cret@host:5432/db", "postgresql+psycopg://u:***@host:5432/db"),
            ("a://u:one@x and b://v:two@y", "a://u:***@x and b://v:***@y"),
            ("postgresql://u:s3cr@et@host/db", "postgresql://u:***@host/db"),
            ("postgresql://u:s3/cr:et@host/db", "postgresql://u:***@host/db"),
            ("postgresql://u:s3cret?@host/db", "postgresql://u:***@host/db"),
            ("redis://host/0?password=s3cret&x=1", "redis://host/0?password=***&x=1"),
            ("mssql+pyodbc://?odbc_connect=PWD%3Ds3cret", "mssql+pyodbc://?odbc_connect=***"),
            ("redis://host:6379/0", "redis://host:6379/0"),
            ("postgresql://user@host/db", "postgresql://user@host/db"),
            ("memory:", "memory:"),
        ],
    )
    def test_shows_all_but_the_password(self, text: str, shown: str) -> None:
        assert hide_password(text) == shown
