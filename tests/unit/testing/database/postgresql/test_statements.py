from __future__ import annotations

import pytest

from corelib.testing.database.postgresql import statements
from corelib.testing.database.postgresql.statements import Strategy


class TestStatements:
    @pytest.mark.parametrize(
        ("statement", "expected"),
        [
            (statements.create("t_c_1"), 'CREATE DATABASE "t_c_1"'),
            (
                statements.create_clone("t_c_1", "t_t_1", Strategy.WAL_LOG),
                'CREATE DATABASE "t_c_1" TEMPLATE "t_t_1" STRATEGY WAL_LOG ALLOW_CONNECTIONS true IS_TEMPLATE false',
            ),
            (statements.seal("t_t_1"), 'ALTER DATABASE "t_t_1" IS_TEMPLATE true ALLOW_CONNECTIONS false'),
            (statements.open_again("t_t_1"), 'ALTER DATABASE "t_t_1" IS_TEMPLATE false ALLOW_CONNECTIONS false'),
            (statements.drop("t_c_1"), 'DROP DATABASE IF EXISTS "t_c_1" WITH (FORCE)'),
            (statements.rename("t_b_1", "t_t_1"), 'ALTER DATABASE "t_b_1" RENAME TO "t_t_1"'),
            (statements.comment("t_c_1", "a mark"), "COMMENT ON DATABASE \"t_c_1\" IS 'a mark'"),
        ],
    )
    def test_are_as_the_manual_has_them(self, statement: str, expected: str) -> None:
        assert statement == expected

    def test_give_a_setting_as_text_whatever_is_in_it(self) -> None:
        statement = statements.give_setting("t_b_1", "shop.tenant", "it's")

        assert "set_config('shop.tenant', 'it''s', true)" in statement
        assert 'ALTER DATABASE "t_b_1" SET "shop"."tenant" FROM CURRENT;' in statement

    def test_begin_alike_so_that_a_clone_is_found_while_it_is_made(self) -> None:
        clone = statements.create_clone("t_c_1", "t_t_1", Strategy.FILE_COPY)

        assert clone.startswith(statements.create("t_c_1"))
        assert not clone.startswith(statements.create("t_c"))


class TestQuoted:
    @pytest.mark.parametrize(
        ("name", "expected"), [("orders", '"orders"'), ('a"; DROP', '"a""; DROP"'), ("Order", '"Order"')]
    )
    def test_is_one_identifier(self, name: str, expected: str) -> None:
        assert statements.quoted(name) == expected


class TestLiteral:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [("plain", "'plain'"), ("it's", "'it''s'"), ("back\\slash's", " E'back\\\\slash''s'"), ("%s :x", "'%s :x'")],
    )
    def test_is_one_constant(self, text: str, expected: str) -> None:
        assert statements.literal(text) == expected
