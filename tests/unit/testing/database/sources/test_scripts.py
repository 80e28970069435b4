from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from corelib.errors import InvalidSetting, MigrationFailed
from corelib.testing.database.sources.scripts import ScriptsSource, batches


def write(folder: Path, **scripts: str) -> ScriptsSource:
    for name, text in scripts.items():
        (folder / f"{name}.sql").write_text(text, encoding="utf-8")
    return ScriptsSource(folder)


def tables_in(file: Path) -> list[str]:
    connection = sqlite3.connect(file)
    try:
        return [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    finally:
        connection.close()


class TestScriptsSource:
    def test_runs_the_scripts_in_the_order_of_their_names(self, tmp_path: Path) -> None:
        scripts = write(
            tmp_path,
            **{
                "02_more": "ALTER TABLE orders RENAME TO parcels; CREATE TABLE items (id INTEGER);",
                "01_tables": "CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (1);",
            },
        )

        scripts.build(f"sqlite:///{tmp_path / 'db'}")

        assert tables_in(tmp_path / "db") == ["parcels", "items"]

    def test_reads_a_file_with_a_byte_order_mark(self, tmp_path: Path) -> None:
        (tmp_path / "1.sql").write_bytes(b"\xef\xbb\xbfCREATE TABLE orders (id INTEGER)")

        ScriptsSource(tmp_path).build(f"sqlite:///{tmp_path / 'db'}")

        assert tables_in(tmp_path / "db") == ["orders"]

    def test_names_the_script_that_fails(self, tmp_path: Path) -> None:
        scripts = write(tmp_path, a="CREATE TABLE orders (id INTEGER)", b="CREATE TABLE orders (id INTEGER)")

        with pytest.raises(MigrationFailed, match=r"script b\.sql failed: .*table orders already exists"):
            scripts.build(f"sqlite:///{tmp_path / 'db'}")

    @pytest.mark.parametrize("folder", [".", "nowhere"])
    def test_says_so_where_there_are_none(self, tmp_path: Path, folder: str) -> None:
        with pytest.raises(InvalidSetting, match="there are none"):
            ScriptsSource(tmp_path / folder).fingerprint()

    class WhenAScriptChanges:
        def test_has_another_fingerprint(self, tmp_path: Path) -> None:
            before = write(tmp_path, a="CREATE TABLE a (id INTEGER)").fingerprint()

            after = write(tmp_path, a="CREATE TABLE b (id INTEGER)").fingerprint()

            assert after != before

        def test_has_another_fingerprint_under_another_name(self, tmp_path: Path) -> None:
            before = write(tmp_path, a="CREATE TABLE a (id INTEGER)").fingerprint()
            (tmp_path / "a.sql").rename(tmp_path / "b.sql")

            assert ScriptsSource(tmp_path).fingerprint() != before

    class WhenNothingChangesThatCounts:
        def test_has_the_same_fingerprint(self, tmp_path: Path) -> None:
            before = write(tmp_path, a="CREATE TABLE a\n(id INTEGER)").fingerprint()
            (tmp_path / "a.sql").write_bytes(b"CREATE TABLE a\r\n(id INTEGER)")
            (tmp_path / "readme.txt").write_text("text", encoding="utf-8")

            assert ScriptsSource(tmp_path).fingerprint() == before


class TestBatches:
    @pytest.mark.parametrize(
        ("script", "expected"),
        [
            pytest.param("", [], id="nothing"),
            pytest.param("SELECT 1", ["SELECT 1"], id="no GO"),
            pytest.param("SELECT 1\nGO\nSELECT 2\nGO", ["SELECT 1", "SELECT 2"], id="two"),
            pytest.param("SELECT 1\n  go ;  \nSELECT 2", ["SELECT 1", "SELECT 2"], id="spelling"),
            pytest.param("SELECT 1\r\nGO\r\nSELECT 2\r\n", ["SELECT 1", "SELECT 2"], id="ends of lines"),
            pytest.param("SELECT 1\nGO -- so far\nSELECT 2", ["SELECT 1", "SELECT 2"], id="with a comment"),
            pytest.param(
                "INSERT INTO t DEFAULT VALUES\nGO 3\n", ["INSERT INTO t DEFAULT VALUES"] * 3, id="with a number"
            ),
            pytest.param("GO\nGO\n\nGO", [], id="GO only"),
            pytest.param("SELECT 'x\nGO\ny'", ["SELECT 'x\nGO\ny'"], id="in a text"),
            pytest.param('SELECT 1 AS "x\nGO\ny"', ['SELECT 1 AS "x\nGO\ny"'], id="in a quoted name"),
            pytest.param("SELECT 1 AS [x\nGO\ny]", ["SELECT 1 AS [x\nGO\ny]"], id="in a name in brackets"),
            pytest.param("/* a /* b */\nGO\n*/ SELECT 1", ["/* a /* b */\nGO\n*/ SELECT 1"], id="in a comment"),
            pytest.param("SELECT 1 -- it's\nGO\nSELECT 2", ["SELECT 1 -- it's", "SELECT 2"], id="quote in a comment"),
            pytest.param("SELECT 'it''s'\nGO\nSELECT 2", ["SELECT 'it''s'", "SELECT 2"], id="doubled quote"),
            pytest.param("SELECT '/*'\nGO\nSELECT 2", ["SELECT '/*'", "SELECT 2"], id="comment in a text"),
            pytest.param("GOTO done\ndone:", ["GOTO done\ndone:"], id="GOTO"),
        ],
    )
    def test_stand_between_lines_with_go(self, script: str, expected: list[str]) -> None:
        assert list(batches(script)) == expected
