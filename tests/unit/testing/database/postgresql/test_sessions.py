from __future__ import annotations

import pytest

pytest.importorskip("sqlalchemy")

from corelib.testing.database.postgresql.sessions import shown


class TestShown:
    @pytest.mark.parametrize(
        ("statement", "text"),
        [
            ("SELECT 1", "SELECT 1"),
            ("UPDATE users\n  SET name = 'O''Hara'  WHERE id = $1", "UPDATE users SET name = '...' WHERE id = $1"),
            ("SELECT $$secret$$, $a$se$$cret$a$", "SELECT '...', '...'"),
            ("", ""),
        ],
    )
    def test_has_no_texts_of_the_statement(self, statement: str, text: str) -> None:
        assert shown(statement) == text

    def test_is_cut_off(self) -> None:
        assert shown("SELECT " + "x" * 500) == "SELECT " + "x" * 73 + " ..."
