from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from corelib.errors import InvalidSetting
from corelib.testing.database.sources.scripts import ScriptsSource
from corelib.testing.database.sources.seeded import SeededSource

HERE = "tests.unit.testing.database.sources.scripts_of"


@pytest.fixture
def tables(tmp_path: Path) -> ScriptsSource:
    (tmp_path / "1.sql").write_text("CREATE TABLE orders (id INTEGER)", encoding="utf-8")
    return ScriptsSource(tmp_path)


class TestSeededSource:
    def test_fills_the_tables(self, tables: ScriptsSource, tmp_path: Path) -> None:
        SeededSource(tables, f"{HERE}:fill").build(f"sqlite:///{tmp_path / 'db'}")

        connection = sqlite3.connect(tmp_path / "db")
        rows = connection.execute("SELECT id FROM orders").fetchall()
        connection.close()
        assert rows == [(1,)]

    def test_raises_what_the_function_raises(self, tables: ScriptsSource, tmp_path: Path) -> None:
        with pytest.raises(RuntimeError, match="no rows today"):
            SeededSource(tables, f"{HERE}:fail").build(f"sqlite:///{tmp_path / 'db'}")

    def test_has_a_fingerprint_of_tables_and_function(self, tables: ScriptsSource, tmp_path: Path) -> None:
        seeded = SeededSource(tables, f"{HERE}:fill").fingerprint()
        other = SeededSource(tables, f"{HERE}:fail").fingerprint()
        (tmp_path / "1.sql").write_text("CREATE TABLE orders (id BIGINT)", encoding="utf-8")
        changed = SeededSource(tables, f"{HERE}:fill").fingerprint()

        assert len({seeded, other, changed, tables.fingerprint()}) == 4

    def test_names_both_in_its_label(self, tables: ScriptsSource) -> None:
        assert SeededSource(tables, f"{HERE}:fill").label == f"{tables.label} + {HERE}:fill"

    @pytest.mark.parametrize("seed", [f"{HERE}:NOT_A_FUNCTION", f"{HERE}:nothing", "nowhere:fill", HERE])
    def test_refuses_what_is_no_function(self, tables: ScriptsSource, seed: str) -> None:
        with pytest.raises(InvalidSetting):
            SeededSource(tables, seed).fingerprint()
