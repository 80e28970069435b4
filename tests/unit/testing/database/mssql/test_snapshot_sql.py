from __future__ import annotations

import re

import pytest

pytest.importorskip("sqlalchemy")

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.testing.database.mssql.golden_files import compare

from corelib.testing.database.mssql import snapshot_sql
from corelib.testing.database.mssql.snapshot_sql import LOG, ROWS, DatabaseFile
from corelib.testing.database.planning.names import clone_name, looks_owned, run_id

CLONE = "shop_c_0123456789ab_gw0_1"
FILES = [
    DatabaseFile(1, "shop", ROWS, f"/var/opt/mssql/data/{CLONE}_1.mdf"),
    DatabaseFile(2, "shop_log", LOG, f"/var/opt/mssql/log/{CLONE}_2.ldf"),
    DatabaseFile(3, "Archive of 2025's [orders]", ROWS, f"/mnt/archive/{CLONE}_3.ndf"),
]
WINDOWS = [DatabaseFile(1, "shop", ROWS, f"E:\\SQL\\DATA\\{CLONE}_1.mdf")]
SNAPSHOT = {
    "files": snapshot_sql.files(CLONE),
    "full-text catalogues": snapshot_sql.FULL_TEXT_CATALOGUES,
    "make on Linux": snapshot_sql.create(CLONE, FILES),
    "make on Windows": snapshot_sql.create(CLONE, WINDOWS),
    "counters before": snapshot_sql.COUNTERS,
    "throw out and revert": snapshot_sql.revert(CLONE),
    "open to all": snapshot_sql.open_to_all(CLONE),
    "snapshots": snapshot_sql.snapshots_of(CLONE),
}
ANY_FILE = st.builds(
    DatabaseFile, st.integers(1, 32767), st.text(min_size=1), st.sampled_from([ROWS, LOG]), st.just("/data/a.mdf")
)


class TestStatements:
    def test_are_those_of_the_golden_file(self) -> None:
        compare("snapshot", SNAPSHOT)

    @pytest.mark.parametrize("title", sorted(SNAPSHOT.keys() - {"throw out and revert"}))  # whose source it cannot read
    def test_are_transact_sql(self, title: str) -> None:
        sqlglot = pytest.importorskip("sqlglot")

        parsed = sqlglot.parse(SNAPSHOT[title], read="tsql")

        assert all(statement is not None for statement in parsed)


class TestSnapshotName:
    @given(st.text(), st.integers(1, 99))
    def test_is_none_that_the_kit_gives_to_a_database(self, worker: str, number: int) -> None:
        clone = clone_name("shop", run_id("a run"), worker, number)

        assert looks_owned(clone, "shop")
        assert not looks_owned(snapshot_sql.snapshot_name(clone), "shop")


class TestCreate:
    @given(st.lists(ANY_FILE, max_size=6))
    def test_names_every_data_file_and_nothing_that_a_name_could_bring(self, files: list[DatabaseFile]) -> None:
        text = snapshot_sql.create("shop", files)

        names = re.findall(r"NAME = \[((?:[^\]]|\]\])*)\]", text)
        assert [name.replace("]]", "]") for name in names] == [file.name for file in files if file.kind == ROWS]
        bare = re.sub(r"\[(?:[^\]]|\]\])*\]|N'(?:[^']|'')*'", "?", text)
        assert bare == f"CREATE DATABASE ? ON {', '.join(['(NAME = ?, FILENAME = ?)'] * len(names))} AS SNAPSHOT OF ?"


class TestRevert:
    def test_is_found_by_who_looks_for_a_database_that_is_being_made(self) -> None:
        assert f"RESTORE DATABASE [{CLONE}]" in snapshot_sql.revert(CLONE)


class TestFilesFrom:
    def test_reads_the_answer(self) -> None:
        rows = [(1, "shop", "ROWS", "/data/shop.mdf", False), (65537, "memory", "FILESTREAM", "/data/memory", True)]

        assert snapshot_sql.files_from(rows) == [
            DatabaseFile(1, "shop", "ROWS", "/data/shop.mdf"),
            DatabaseFile(65537, "memory", "FILESTREAM", "/data/memory", read_only=True),
        ]
