from __future__ import annotations

import pytest

from corelib.testing.plugin.savepoint_words import SavepointWords, words_of

NAME = "corelib_1"
CHECK = "SAVEPOINT corelib_check; SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK TO SAVEPOINT corelib_check;"


def spoken(words: SavepointWords) -> list[str]:
    return [words.outermost, words.begin(NAME), words.commit(NAME), words.rollback(NAME)]


class TestWordsOf:
    def test_spell_sql_server(self) -> None:
        assert spoken(words_of("mssql")) == [
            "IF @@TRANCOUNT = 0 BEGIN TRANSACTION",
            "SAVE TRANSACTION corelib_1",
            "",
            "ROLLBACK TRANSACTION corelib_1",
        ]

    def test_spell_postgresql(self) -> None:
        assert spoken(words_of("postgresql")) == [
            "SELECT 1",
            "SAVEPOINT corelib_1",
            f"{CHECK} RELEASE SAVEPOINT corelib_1",
            "ROLLBACK TO SAVEPOINT corelib_1; RELEASE SAVEPOINT corelib_1",
        ]

    def test_spell_sqlite(self) -> None:
        assert spoken(words_of("sqlite")) == [
            "BEGIN IMMEDIATE",
            "SAVEPOINT corelib_1",
            "RELEASE SAVEPOINT corelib_1",
            "ROLLBACK TO SAVEPOINT corelib_1",
        ]

    @pytest.mark.parametrize("engine", ["mssql", "sqlite"])
    def test_take_no_transaction_for_failed_where_one_statement_does_not_fail_it(self, engine: str) -> None:
        assert not words_of(engine).has_failed(object())
